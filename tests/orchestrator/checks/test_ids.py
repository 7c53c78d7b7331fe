"""An id stays with its connection."""

from __future__ import annotations

import random

import pytest
from hypothesis import given

from orchestrator.checks import Judgement
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, few, judged, seeds

NAME = "ids"


def _twice(first: str, second: str, other: str = "bob") -> Entries:
    story = Story(("alice", "bob", "carol"))
    for number, to in ((first, "bob"), (second, other)):
        story.end(story.invoke("alice", "connect", to=to), id=number)
        story.end(story.invoke("alice", "terminate", to=to), id=number)
    return story.settle().entries


@pytest.mark.parametrize(
    ("ids", "other", "judgement"),
    [
        ("12", "bob", VALID),
        ("12", "carol", VALID),
        ("11", "bob", INVALID),
        ("11", "carol", INVALID),
    ],
)
def test_given_again(ids: str, other: str, judgement: Judgement) -> None:
    assert judged(_twice(ids[0], ids[1], other), NAME) is judgement


def test_both_uses_are_named() -> None:
    (finding,) = support.verdict(_twice("1", "1"), NAME).findings
    assert finding.says == (
        "at 0.010 s, alice gave id 1 to a connection with bob;"
        " it had given that id to another connection at 0.006 s"
    )


def test_the_same_id_at_two_peers_is_fine() -> None:
    story = Story()
    story.connect("alice", "bob")
    assert judged(story.finish(), NAME) is VALID


@pytest.mark.parametrize("source", ["row", "notice", "reply"])
def test_an_id_that_leads_elsewhere(source: str) -> None:
    story = Story(("alice", "bob", "carol"))
    story.connect("alice", "bob")
    match source:
        case "row":
            rows = [{"id": "1", "peer": "carol"}]
            story.end(story.invoke("alice", "list"), rows=rows)
        case "notice":
            story.show("alice", "closed", id="1", of="carol")
        case _:
            story.end(story.invoke("alice", "send", to="carol", text=""), id="1")
    verdict = support.verdict(story.settle().entries, NAME)
    assert verdict.judgement is INVALID
    assert "id 1 at alice leads to carol" in verdict.findings[0].says
    assert verdict.findings[0].says.endswith("; before, it led to bob")


@pytest.mark.parametrize("shown", ["", "bob"])
def test_a_row_without_a_peer_or_with_the_near_end_says_nothing(shown: str) -> None:
    story = Story()
    story.connect("alice", "bob")
    story.end(story.invoke("bob", "list"), rows=[{"id": "1", "peer": shown}])
    assert judged(story.settle().entries, NAME) is VALID


def test_a_program_that_was_started_again_numbers_anew() -> None:
    story = Story(("alice", "bob", "carol"))
    story.end(story.invoke("alice", "connect", to="bob"), id="1")
    story.lab("ready", "alice")
    story.end(story.invoke("alice", "connect", to="carol"), id="1")
    assert judged(story.settle().entries, NAME) is VALID


@few
@given(support.any_right_histories(), seeds)
def test_a_fault_is_caught(entries: Entries, chance: random.Random) -> None:
    given = [i for i, e in enumerate(entries) if e.verb in ("connect", "connected")
             and e.type in ("ok", "notice")]  # fmt: skip
    incarnations = {i: support.incarnation_at(entries, i) for i in given}
    later = [i for i in given if any(incarnations[j] == incarnations[i] for j in given if j < i)]
    place = support.pick(later, chance)
    before = [
        entries[j].fields["id"]
        for j in given
        if j < place and incarnations[j] == incarnations[place]
    ]
    assert judged(support.changed(entries, place, id=chance.choice(before)), NAME) is INVALID


@few
@given(support.any_right_histories(), seeds)
def test_a_doubt_is_reported(entries: Entries, chance: random.Random) -> None:
    place = chance.randrange(support.settled(entries))
    assert judged(entries[:place], NAME) is UNKNOWN
