"""Senders are named rightly."""

from __future__ import annotations

import random

import pytest
from hypothesis import given

from orchestrator.checks import Judgement
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, few, judged, seeds

NAME = "senders"


def _story(**fields: str) -> Entries:
    story = Story(("alice", "bob", "carol"))
    link = story.connect("alice", "bob")
    story.connect("carol", "bob")
    story.send("alice", "bob", "x", arrives=False)
    link.under_way["alice"].clear()
    story.show("alice", "delivered", id="1", of="bob", number=1, count=1)
    story.show("bob", "message", text="x", **fields)
    return story.finish()


@pytest.mark.parametrize(
    ("fields", "judgement"),
    [
        ({"id": "1", "of": "alice", "called": "alice"}, VALID),
        ({"id": "1", "of": "alice"}, VALID),
        ({"id": "1", "of": "alice", "called": "a host of no peer"}, VALID),
        ({"id": "1", "of": "alice", "called": "carol"}, INVALID),
        ({"id": "1", "of": "carol", "called": "carol"}, INVALID),
        ({"of": "carol"}, INVALID),
        ({"id": "1", "of": ""}, UNKNOWN),
        ({"of": ""}, UNKNOWN),
        ({"of": "", "called": "alice"}, VALID),
        ({"of": "", "called": "carol"}, INVALID),
    ],
)
def test_a_name(fields: dict[str, str], judgement: Judgement) -> None:
    expected = {} if judgement is VALID else {NAME: judgement}
    assert support.not_valid(_story(**fields)) == expected


def test_all_three_are_named() -> None:
    (finding,) = support.verdict(_story(id="1", of="carol"), NAME).findings
    assert finding.says.endswith("as from carol")
    assert finding.peers == ("alice", "bob", "carol")


def test_a_wrong_name_makes_no_connection_another() -> None:
    story = Story(("alice", "bob", "carol"))
    for one in ("alice", "carol"):
        story.connect(one, "bob")
    for one in ("alice", "carol"):
        story.send(one, "bob", "x")
    entries = story.finish()
    messages = support.places(entries, "message")
    for place, other in zip(messages, ("carol", "alice"), strict=True):
        wrong = support.changed(entries, place, of=other)
        assert support.not_valid(wrong) == {NAME: INVALID}


def _called(*names: tuple[str, str]) -> Entries:
    """Show messages at bob that call alice and carol by these names, in turn."""
    story = Story(("alice", "bob", "carol"))
    story.connect("alice", "bob")
    story.connect("carol", "bob")
    for both in names:
        for one, name in zip(("alice", "carol"), both, strict=True):
            story.send(one, "bob", f"from {one}")
            message = story._waiting["bob"].pop()
            fields = {**message.fields, "called": name}
            story.show("bob", "message", **fields)
    return story.finish()


@pytest.mark.parametrize(
    ("names", "wrong"),
    [
        ([("host 1", "host 2")] * 2, 0),
        ([("alice", "host 2")] * 2, 0),
        ([("mallory", "mallory")] * 2, 4),
        ([("alice", "carol"), ("mallory", "carol")], 1),
        ([("host 1", "carol"), ("host 1", "carol"), ("host 3", "carol")], 1),
        ([("carol", "alice")] * 2, 4),
    ],
)
def test_another_name(names: list[tuple[str, str]], wrong: int) -> None:
    entries = _called(*names)
    assert len(support.verdict(entries, NAME).findings) == wrong
    assert support.not_valid(entries) == ({NAME: INVALID} if wrong else {})


def test_messages_that_name_no_one_are_counted() -> None:
    says = support.verdict(_story(of="", called="alice"), NAME).says
    assert says == "1 message, 1 of them name no one in the run"
    (finding,) = support.verdict(_story(of="", id="1"), NAME).findings
    assert finding.says.startswith("1 message, 1 of them name no one in the run: whether")


@few
@given(support.any_right_histories(losses=False, peers=3), seeds)
def test_a_fault_is_caught(entries: Entries, chance: random.Random) -> None:
    # With another name it may as well be a message from that peer that was lost.
    found = support.places(entries, "message", where=support.none_lost(entries))
    place = support.pick(found, chance)
    shown = entries[place]
    peers = [p for p in entries[0].fields["peers"] if p not in (shown.peer, shown.fields["of"])]
    other = chance.choice(peers)
    assert support.not_valid(support.changed(entries, place, of=other)) == {NAME: INVALID}
    assert support.not_valid(support.changed(entries, place, called=other)) == {NAME: INVALID}


@few
@given(support.any_right_histories(), seeds)
def test_a_doubt_is_reported(entries: Entries, chance: random.Random) -> None:
    place = chance.randrange(support.settled(entries))
    assert judged(entries[:place], NAME) is UNKNOWN
