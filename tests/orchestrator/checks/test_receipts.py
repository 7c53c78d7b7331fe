"""Every accepted message has one outcome."""

from __future__ import annotations

import random

import pytest
from hypothesis import given

from orchestrator.checks import Judgement
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, few, judged, seeds

NAME = "receipts"


def _reported(*reports: tuple[str, int, int], sent: int = 3, perhaps: int = 0) -> Story:
    """Show messages, and report: a kind, the first number, how many."""
    story = Story()
    link = story.connect("alice", "bob")
    for n in range(sent):
        story.send("alice", "bob", str(n), arrives=False)
        story.show("bob", "message", id="1", of="alice", text=str(n))
    link.under_way["alice"].clear()
    for _ in range(perhaps):
        story.end(story.invoke("alice", "send", to="bob", text="perhaps"), "info")
    for kind, number, count in reports:
        story.show("alice", kind, id="1", of="bob", number=number, count=count)
    return story


@pytest.mark.parametrize(
    ("reports", "judgement", "says"),
    [
        ([("delivered", 1, 3)], VALID, ""),
        ([("delivered", 1, 1), ("delivered", 2, 2)], VALID, ""),
        ([], INVALID, "'0' from alice to bob, sent at 0.007 s: neither confirmed as delivered nor"),
        ([("delivered", 2, 2)], INVALID, "'0' from alice"),
        ([("delivered", 1, 2)], INVALID, "'2' from alice"),
        ([("delivered", 1, 3), ("delivered", 2, 1)], INVALID, "outcome was reported twice"),
        ([("delivered", 1, 3), ("undelivered", 3, 1)], INVALID, "delivered and as undelivered"),
        (
            [("delivered", 1, 4)],
            INVALID,
            "alice reported outcomes of 4 messages, but sent 3 at most",
        ),
    ],
)
def test_reports(reports: list[tuple[str, int, int]], judgement: Judgement, says: str) -> None:
    verdict = support.verdict(_reported(*reports).finish(), NAME)
    assert verdict.judgement is judgement
    assert says in "".join(finding.says for finding in verdict.findings)


def test_the_end_of_the_connection_excuses_nothing() -> None:
    story = _reported()
    story.terminate("bob", "alice")
    assert judged(story.finish(), NAME) is INVALID


@pytest.mark.parametrize("how", ["exit", "crash", "silent"])
def test_a_sender_that_ended_or_fell_silent(how: str) -> None:
    story = _reported()
    match how:
        case "exit":
            story.exit("alice")
        case "crash":
            story.lab("crash", "alice")
        case _:
            story.settle()
            story.end(story.invoke("alice", "list"), "info")
    entries = story.entries if how == "silent" else story.finish()
    assert judged(entries, NAME) is UNKNOWN


def test_a_receiver_that_ended_excuses_nothing() -> None:
    story = _reported()
    story.exit("bob")
    assert judged(story.finish(), NAME) is INVALID


def test_none_is_due_from_a_plain_program() -> None:
    story = Story()
    story.connect("alice", "bob")
    begun = story.invoke("alice", "send", to="bob", text="x")
    story.end(begun, id="1", said="ok: sent 1 #1 (plain TCP: no receipt)")
    assert judged(story.finish(), NAME) is VALID
    story.show("alice", "undelivered", id="1", of="bob", number=1, count=1)
    story.read()
    assert judged(story.entries, NAME) is VALID  # it may be reported all the same


def test_perhaps_sent() -> None:
    assert judged(_reported(("delivered", 1, 4), perhaps=1).finish(), NAME) is VALID
    assert judged(_reported(("delivered", 1, 3), perhaps=1).finish(), NAME) is VALID
    assert judged(_reported(("delivered", 1, 2), perhaps=1).finish(), NAME) is INVALID
    assert judged(_reported(("delivered", 1, 5), perhaps=1).finish(), NAME) is INVALID


@pytest.mark.parametrize(
    ("reports", "shown", "judgement"),
    [
        ([("delivered", 1, 4)], True, VALID),
        ([("delivered", 1, 3)], True, UNKNOWN),
        ([("delivered", 1, 3)], False, VALID),
        ([("delivered", 1, 2)], False, INVALID),
        ([("delivered", 1, 2), ("undelivered", 3, 1)], False, UNKNOWN),
    ],
)
def test_perhaps_sent_between_others(
    reports: list[tuple[str, int, int]], judgement: Judgement, *, shown: bool
) -> None:
    story = _reported(sent=2)
    story.end(story.invoke("alice", "send", to="bob", text="perhaps", id="1"), "info")
    if shown:
        story.show("bob", "message", id="1", of="alice", text="perhaps")
    story.send("alice", "bob", "last", arrives=False)
    story.show("bob", "message", id="1", of="alice", text="last")
    story.links[0].under_way["alice"].clear()
    for kind, number, count in reports:
        story.show("alice", kind, id="1", of="bob", number=number, count=count)
    assert judged(story.finish(), NAME) is judgement


def test_a_send_without_an_outcome_is_that_of_the_connection_of_its_time() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.send("alice", "bob", "first")
    story.terminate("alice", "bob")
    story.connect("alice", "bob")
    story.send("alice", "bob", "second")
    place = support.outcomes(story.finish(), "send")[0]
    assert judged(support.without(story.entries, place), NAME) is VALID


def test_typed_by_hand() -> None:
    story = _reported(("delivered", 1, 4))
    story.end(story.invoke("alice", "type", line="send 1 by hand"))
    assert judged(story.finish(), NAME) is VALID
    story = _reported(("delivered", 1, 3))
    story.end(story.invoke("alice", "type", line="help"))
    assert judged(story.finish(), NAME) is VALID


def test_typed_by_hand_later() -> None:
    story = _reported(("delivered", 1, 4))
    story._at += 1
    story.end(story.invoke("alice", "type", line="send 1 by hand"))
    assert judged(story.finish(), NAME) is INVALID


def test_a_connection_that_was_there_before_counts_on() -> None:
    assert judged(_reported(("delivered", 8, 3)).finish(), NAME) is VALID
    assert judged(_reported(("delivered", 8, 2)).finish(), NAME) is INVALID


def test_reports_without_numbers_and_ids() -> None:
    story = _reported()
    for _ in range(3):
        story.show("alice", "delivered", of="bob")
    assert judged(story.finish(), NAME) is VALID
    story = _reported()
    story.show("alice", "delivered", count=3)
    assert judged(story.finish(), NAME) is VALID
    story = _reported()
    story.show("alice", "delivered", count=2)
    assert judged(story.finish(), NAME) is INVALID


@pytest.mark.parametrize("of", ["", "carol"])
def test_reports_by_ids_that_shifted(of: str) -> None:
    story = Story(("alice", "bob", "carol"))
    for other in ("bob", "carol"):
        story.connect("alice", other)
        story.send("alice", other, "x")
    story.terminate("alice", "bob")
    story.end(story.invoke("alice", "connect", to="bob"), id="2")  # carol's is 1 now
    story.show("bob", "connected", id="2", of="alice")
    story.send("alice", "carol", "y", arrives=False)
    story._message(story.links[0], "alice", "y")
    story.links[0].under_way["alice"].clear()
    story.show("alice", "delivered", id="1", of=of, number=2, count=1)
    rows = [{"id": "1", "peer": "carol"}, {"id": "2", "peer": "bob"}]
    story.end(story.invoke("alice", "list"), rows=rows)
    assert judged(story.settle().entries, "ids") is INVALID
    assert judged(story.entries, NAME) is (VALID if of else UNKNOWN)


def test_a_profile_that_reads_none() -> None:
    story = _reported()
    story.entries[0] = support.changed(story.entries, 0, notices=["message"])[0]
    verdict = support.verdict(story.finish(), NAME)
    assert (verdict.judgement, verdict.says) == (VALID, "not judged: the profile reads no receipts")


@few
@given(support.any_right_histories(), seeds)
def test_a_fault_is_caught(entries: Entries, chance: random.Random) -> None:
    gone, alone = support.ended_peers(entries), support.undisturbed(entries)
    kinds = ("delivered", "undelivered")
    found = support.places(entries, *kinds, where=lambda e: e.peer not in gone and alone(e))
    place = support.pick(found, chance)
    assert judged(support.without(entries, place), NAME) is INVALID
    assert judged(support.again(entries, place, chance), NAME) is INVALID


@few
@given(support.any_right_histories(), seeds)
def test_a_doubt_is_reported(entries: Entries, chance: random.Random) -> None:
    place = support.pick(support.outcomes(entries, "send"), chance)
    assert judged(entries[:place], NAME) is UNKNOWN
