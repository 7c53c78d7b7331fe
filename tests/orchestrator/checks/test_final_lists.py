"""The final lists agree."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import assume, given

from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import KINDS, Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, few, judged, seeds

NAME = "lists"
PEERS = ("alice", "bob", "carol")


def _lists(*, ended: str = "", **rows: list[str]) -> Entries:
    """Return a settled run with these final lists."""
    story = Story(PEERS).settle()
    for peer, others in rows.items():
        listed = [{"id": str(n), "peer": o, "address": "10.0.0.9", "port": "49152",
                   "at": "elsewhere" if o else ""} for n, o in enumerate(others)]  # fmt: skip
        story.end(story.invoke(peer, "list"), rows=listed)
    for peer in PEERS:
        story.lab("ended", peer, state="exited" if peer == ended else "running")
    return story.entries


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ({"alice": [], "bob": [], "carol": []}, ""),
        ({"alice": ["bob"], "bob": ["alice"], "carol": []}, ""),
        ({"alice": ["bob"], "bob": [], "carol": []}, "lists bob, which does not list alice"),
        ({"alice": [""], "bob": [], "carol": []}, "10.0.0.9:49152, which is no peer of the run"),
        ({"alice": ["alice"], "bob": [], "carol": []}, "alice lists itself"),
        (
            {"alice": ["bob"] * 2, "bob": ["alice"], "carol": []},
            "alice lists bob 2 times instead of once",
        ),
    ],
)
def test_lists(rows: dict[str, Any], says: str) -> None:
    verdict = support.verdict(_lists(**rows), NAME)
    assert verdict.judgement is (INVALID if says else VALID)
    assert [entry.says.endswith(says) for entry in verdict.findings] == [True] * bool(says)


def test_what_is_counted() -> None:
    story = Story(("alice",))
    assert support.verdict(story.finish(), NAME).says == "1 list, 0 rows, alike at both ends"
    story = Story()
    story.connect("alice", "bob")
    assert support.verdict(story.finish(), NAME).says == "2 lists, 2 rows, alike at both ends"


def test_a_dead_row() -> None:
    verdict = support.verdict(_lists(ended="bob", alice=["bob"], carol=[]), NAME)
    assert verdict.judgement is INVALID
    assert verdict.findings[0].says.endswith("alice lists bob, which does not run any more")


def test_a_peer_that_ended_needs_no_list() -> None:
    assert judged(_lists(ended="bob", alice=[], carol=[]), NAME) is VALID


def test_a_list_that_is_missing() -> None:
    verdict = support.verdict(_lists(alice=["bob"], carol=[]), NAME)
    assert verdict.judgement is UNKNOWN
    assert verdict.findings[0].says == "bob gave no list at the end"


@pytest.mark.parametrize(("lacks", "judgement"), [(["list"], VALID), (["help"], UNKNOWN)])
def test_a_program_without_a_list_is_not_asked_for_one(lacks: list[str], judgement: object) -> None:
    story = Story()
    story.entries[0].fields["lacks"] = lacks  # type: ignore[index]
    story.connect("alice", "bob")
    story.settle()
    verdict = support.verdict(story.entries, NAME)
    assert (verdict.judgement, verdict.judged) == (judgement, judgement is not VALID)


def test_the_last_list_counts_and_none_from_before() -> None:
    story = Story(("alice", "bob"))
    story.end(story.invoke("alice", "list"), rows=[{"id": "1", "peer": ""}])
    story.settle()
    story.end(story.invoke("alice", "list"), rows=[{"id": "1", "peer": "bob"}])
    for peer in story.peers:
        story.end(story.invoke(peer, "list"), rows=[])
    assert judged(story.entries, NAME) is VALID  # it was not examined yet who runs


@few
@given(support.any_right_histories(), seeds)
def test_a_fault_is_caught(entries: Entries, chance: random.Random) -> None:
    after = support.settled(entries)
    found = [i for i in support.outcomes(entries, "list") if i > after]
    place = support.pick([i for i in found if entries[i].fields["rows"]], chance)
    rows = entries[place].fields["rows"]
    row = chance.choice(rows)
    rest = [entry for entry in rows if entry is not row]
    other = chance.choice(["", entries[place].peer, "mallory"])
    for fault in (rest, [*rows, row], [*rest, {**row, "peer": other}]):
        assert judged(support.changed(entries, place, rows=fault), NAME) is INVALID


def _told_at_both(*, says: str = "", notices: tuple[str, ...] = KINDS) -> Story:
    """Return a story in which two reported that they are connected."""
    story = Story(("alice", "bob"), notices=notices)
    story.connect("alice", "bob")
    if says:
        story.end(story.invoke("bob", "type", line=says), said="?")
    return story


def _with_empty_lists(story: Story) -> Entries:
    story.links.clear()
    return story.finish()


def test_a_connection_that_no_end_lists() -> None:
    verdict = support.verdict(_with_empty_lists(_told_at_both()), NAME)
    assert verdict.judgement is INVALID
    (finding,) = verdict.findings
    assert "neither alice nor bob lists the other, but both reported at" in finding.says
    assert finding.peers == ("alice", "bob")


def test_a_connection_that_the_only_list_does_not_show() -> None:
    entries = _with_empty_lists(_told_at_both())
    place = max(support.outcomes(entries, "list"))  # bob's
    verdict = support.verdict(support.unanswered(entries, place), NAME)
    assert verdict.judgement is INVALID
    assert "alice does not list bob, but both reported" in verdict.findings[0].says


def test_a_connection_that_was_not_reported_need_not_be_listed() -> None:
    unread = ("closed", "message", "delivered", "undelivered")
    entries = _with_empty_lists(_told_at_both(notices=unread))
    entries = [entry for entry in entries if entry.verb != "connected"]
    assert judged(entries, NAME) is VALID


def test_what_may_have_ended_without_a_word_need_not_be_listed() -> None:
    assert judged(_with_empty_lists(_told_at_both(says="bye alice")), NAME) is UNKNOWN
    for notices, judgement in ((KINDS, INVALID), (("connected", "message"), UNKNOWN)):
        story = _told_at_both(notices=notices)
        story.partition("cut", ("alice", "bob"))
        story.heal("cut")
        story.wait(20)
        assert judged(_with_empty_lists(story), NAME) is judgement


@few
@given(support.any_right_histories(), seeds)
def test_a_row_that_is_gone_at_both_ends_is_caught(entries: Entries, chance: random.Random) -> None:
    after = support.settled(entries)
    found = [i for i in support.outcomes(entries, "list") if i > after]
    reported = {
        frozenset((e.peer, e.fields["of"]))
        for e in entries
        if e.type == "notice" and e.verb == "connected"
    }
    rows = {i: [row["peer"] for row in entries[i].fields["rows"]] for i in found}
    pairs = {frozenset((entries[i].peer, other)) for i in found for other in rows[i]}
    vague = {
        frozenset((entries[i].peer, entries[i].fields["to"]))
        for i in support.outcomes(entries, "connect", "info")
    }
    certain = sorted((pairs & reported) - vague, key=sorted)
    assume(certain)
    pair = chance.choice(certain)
    for i in found:
        if entries[i].peer in pair:
            kept = [row for row in entries[i].fields["rows"] if row["peer"] not in pair]
            entries = support.changed(entries, i, rows=kept)
    assert judged(entries, NAME) is INVALID


@few
@given(support.any_right_histories(), seeds)
def test_a_doubt_is_reported(entries: Entries, chance: random.Random) -> None:
    after = support.settled(entries)
    place = support.pick([i for i in support.outcomes(entries, "list") if i > after], chance)
    assert judged(support.unanswered(entries, place), NAME) is UNKNOWN


def test_a_list_with_a_row_that_could_not_be_read() -> None:
    entries = _lists(alice=["bob"], bob=["alice"], carol=[])
    listed = next(one for one in entries if one.verb == "list" and one.type == "ok")
    listed.fields["missed"] = "2 bob, waiting"  # type: ignore[index]
    verdict = support.verdict(entries, NAME)
    assert verdict.judgement is UNKNOWN
    assert verdict.findings[0].says.endswith(
        "alice lists more than is known: the lab could not read '2 bob, waiting', which is a row"
        " as well"
    )
