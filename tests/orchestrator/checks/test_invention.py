"""Nothing is shown that was not sent."""

from __future__ import annotations

import dataclasses
import random

import pytest
from hypothesis import assume, given

from orchestrator.checks import Judgement
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import NAMES, Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, few, judged, seeds

NAME = "invention"
NEW = "☃ no one ever sent this ☃"


def _story() -> Story:
    story = Story(("alice", "bob", "carol"))
    story.connect("alice", "bob")
    story.connect("alice", "carol")
    return story


def test_out_of_nothing() -> None:
    story = _story()
    story.show("bob", "message", id="1", of="alice", text="boo")
    entries = story.finish()
    assert support.not_valid(entries) == {NAME: INVALID}
    finding = support.verdict(entries, NAME).findings[0]
    assert finding.says == "'boo' as from alice, shown to bob at 0.011 s: no one had sent that"


def test_meant_for_another_peer() -> None:
    story = _story()
    story.send("alice", "carol", "for carol", arrives=False)
    story.links[1].under_way["alice"].clear()
    story.links[1].confirmed["alice"] += 1
    story.show("alice", "delivered", id="2", of="carol", number=1, count=1)
    story.show("bob", "message", id="1", of="alice", text="for carol")
    entries = story.finish()
    assert support.not_valid(entries) == {NAME: INVALID}
    assert "alice had sent it to carol, at 0.0" in support.verdict(entries, NAME).findings[0].says


def test_shown_to_another_peer_as_well() -> None:
    story = _story()
    story.send("alice", "carol", "for carol")
    story.show("bob", "message", id="1", of="alice", text="for carol")
    entries = story.finish()
    assert support.not_valid(entries) == {NAME: INVALID}
    assert "alice had sent it to carol, at 0.0" in support.verdict(entries, NAME).findings[0].says


def test_refused_and_shown_all_the_same() -> None:
    story = _story()
    story.end(story.invoke("alice", "send", to="bob", text="no"), "fail")
    story.show("bob", "message", id="1", of="alice", text="no")
    finding = support.verdict(story.finish(), NAME).findings[0]
    assert "alice's console had refused to send it to bob" in finding.says


@pytest.mark.parametrize("shown", ["a long sto", "A long story, so long"])
def test_refused_and_shown_in_part(shown: str) -> None:
    story = _story()
    story.end(story.invoke("alice", "send", to="bob", text="a long story, so long"), "fail")
    story.show("bob", "message", id="1", of="alice", text=shown)
    finding = support.verdict(story.finish(), NAME).findings[0]
    assert "alice's console had refused to send 'a long story, so long' to bob" in finding.says


@pytest.mark.parametrize(("pause", "judgement"), [(0.05, VALID), (0.2, INVALID)])
def test_shown_before_it_was_sent(pause: float, judgement: Judgement) -> None:
    story = _story()
    story.show("bob", "message", id="1", of="alice", text="x")
    story._at += pause
    story.send("alice", "bob", "x", arrives=False)
    story.links[0].under_way["alice"].clear()
    story.show("alice", "delivered", id="1", of="bob", number=1, count=1)
    verdict = support.verdict(story.finish(), NAME)
    assert verdict.judgement is judgement
    if judgement is INVALID:
        assert "alice sent it to bob at 0.2" in verdict.findings[0].says
        assert judged(story.entries, "delivery") is INVALID  # it was not that one
        story = _story()
        story.show("bob", "message", id="1", of="alice", text="x")
        story._at += pause
        story.send("alice", "bob", "x")
        assert support.not_valid(story.finish()) == {NAME: INVALID}


def test_what_was_perhaps_sent_is_none() -> None:
    story = _story()
    story.end(story.invoke("alice", "send", to="bob", text="perhaps"), "info")
    story.show("bob", "message", id="1", of="alice", text="perhaps")
    assert judged(story.finish(), NAME) is VALID


@pytest.mark.parametrize(
    ("line", "outcome", "judgement"),
    [
        ("send 1   boo", "ok", VALID),
        ("something", "ok", UNKNOWN),
        ("something", "info", UNKNOWN),
        ("send 1   boo", "fail", INVALID),
    ],
)
def test_what_was_perhaps_typed(line: str, outcome: str, judgement: Judgement) -> None:
    story = _story()
    story.end(story.invoke("alice", "type", line=line), outcome)
    story.show("bob", "message", id="1", of="alice", text="  boo")
    assert judged(story.finish(), NAME) is judgement


@pytest.mark.parametrize(("pause", "judgement"), [(0.05, UNKNOWN), (0.2, INVALID)])
@pytest.mark.parametrize("sender", ["alice", ""])
def test_what_was_typed_later(sender: str, pause: float, judgement: Judgement) -> None:
    story = _story()
    story.show("bob", "message", of=sender, text="boo")
    story._at += pause
    story.end(story.invoke("alice", "type", line="help"))
    assert judged(story.finish(), NAME) is judgement


def _in_last_lives(entries: Entries) -> list[int]:
    """Return the positions of messages whose ids still mean the same at the end."""

    def is_last(place: int) -> bool:
        peer = entries[place].peer
        return not any(e.verb == "ready" and e.peer == peer for e in entries[place:])

    return [place for place in support.places(entries, "message") if is_last(place)]


def _is_like_nothing_sent(entries: Entries) -> bool:
    """Tell whether what was invented is not taken for a text that was lost and is like it."""
    return judged(entries, "changes") is VALID


@few
@given(support.any_right_histories(losses=False), seeds)
def test_a_fault_is_caught(entries: Entries, chance: random.Random) -> None:
    shown = entries[support.pick(_in_last_lives(entries), chance)]
    place = chance.randrange(support.settled(entries))
    new = support.fresh(shown.peer, shown.fields["of"], NEW, id=shown.fields["id"])
    during, end = [*entries[:place], new, *entries[place:]], [*entries, new]
    assume(_is_like_nothing_sent(during) and _is_like_nothing_sent(end))
    assert judged(during, NAME) is INVALID
    assert support.not_valid(end) == {NAME: INVALID}


@few
@given(support.any_right_histories(losses=False), seeds)
def test_a_doubt_is_reported(entries: Entries, chance: random.Random) -> None:
    shown = entries[support.pick(support.places(entries, "message"), chance)]
    new = support.fresh(shown.peer, shown.fields["of"], NEW, id=shown.fields["id"])
    story = Story(NAMES)
    story.end(story.invoke(shown.fields["of"], "type", line="something"))
    typed = [dataclasses.replace(e, operation=99_999) for e in story.entries[-2:]]
    history = [*entries, *typed, new]
    assume(_is_like_nothing_sent(history))
    assert judged(history, NAME) is UNKNOWN
