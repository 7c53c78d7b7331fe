"""Messages are shown as often as they were sent."""

from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import given

from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, few, judged, seeds

NAME = "duplicates"


def _twice(*, perhaps: bool) -> Entries:
    story = Story()
    story.connect("alice", "bob")
    story.send("alice", "bob", "x")
    if perhaps:
        story.end(story.invoke("alice", "send", to="bob", text="x", id="1"), "info")
    story.show("bob", "message", id="1", of="alice", text="x")
    return story.finish()


def test_shown_twice() -> None:
    entries = _twice(perhaps=False)
    assert support.not_valid(entries) == {NAME: INVALID}
    finding = support.verdict(entries, NAME).findings[0]
    assert finding.says.startswith("'x' from alice to bob, sent at 0.007 s: shown again at 0.0")


def test_perhaps_sent_twice() -> None:
    assert judged(_twice(perhaps=True), NAME) is UNKNOWN


def test_sent_twice_and_shown_twice() -> None:
    story = Story()
    story.connect("alice", "bob")
    for _ in range(2):
        story.send("alice", "bob", "")
    assert judged(story.finish(), NAME) is VALID


def test_the_same_text_to_and_from_others_is_none() -> None:
    story = Story(("alice", "bob", "carol"))
    for one, other in (("alice", "bob"), ("bob", "carol"), ("carol", "alice")):
        story.connect(one, other)
        story.send(one, other, "x")
        story.send(other, one, "x")
    assert judged(story.finish(), NAME) is VALID


@pytest.mark.parametrize("cut", ["settled", "over"])
def test_it_is_invalid_at_once(cut: str) -> None:
    entries = _twice(perhaps=False)
    place = support.places(entries, cut)[0]
    assert judged(entries[:place], NAME) is INVALID


@few
@given(support.any_right_histories(losses=False), seeds)
def test_a_fault_is_caught(entries: Entries, chance: random.Random) -> None:
    # One more may as well be a message that was sent to that peer and lost, or what is left of it.
    found = support.places(entries, "message", where=support.none_lost(entries))
    place = support.pick(found, chance)
    assert support.not_valid(support.again(entries, place, chance)) == {NAME: INVALID}


@few
@given(support.right_histories(losses=False), seeds)
def test_a_doubt_is_reported(entries: Entries, chance: random.Random) -> None:
    place = support.pick(support.places(entries, "message"), chance)
    shown = entries[place]
    story = Story()
    begun = story.invoke(shown.fields["of"], "send", to=shown.peer, text=shown.fields["text"])
    begun = dataclasses.replace(begun, operation=99_999)
    twice = support.again(entries, place, chance)
    assert judged([begun, *twice], NAME) is UNKNOWN
