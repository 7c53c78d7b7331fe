"""Peers that are killed, stopped and started again: what they owe, and what they do not."""

from __future__ import annotations

import dataclasses

import pytest

from orchestrator import checks
from orchestrator.checks import Judgement
from orchestrator.checks.index import HistoryIndex
from orchestrator.history.entries import Entry
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import KINDS, Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, not_valid

_DELIVERED = {"id": "1", "of": "bob", "number": 1, "count": 1}


def _sent(*, after: float = 0.0, notices: tuple[str, ...] = KINDS) -> Story:
    """Send something from alice that does not arrive; some time goes by."""
    story = Story(("alice", "bob", "carol"), notices)
    link = story.connect("alice", "bob")
    story.read()
    story.send("alice", "bob", "x", arrives=False)
    story._at += after
    link.under_way["alice"].clear()
    return story


def _says(entries: Entries, name: str) -> str:
    return support.verdict(entries, name).says


def test_incarnations_of_a_peer() -> None:
    story = Story()
    story.kill("bob")
    story.start("bob")
    story.stop("bob")
    story.start("bob")
    index = HistoryIndex(story.finish())
    assert [one.ending for one in index.incarnations.of("bob")] == ["killed", "stopped", ""]
    assert index.running == ["alice", "bob"]
    second = index.incarnations.of("bob")[1]
    started = next(e for e in story.entries if e.verb == "start")
    assert index.incarnations.when("bob", started.at) is second  # before it is seen to be ready
    assert not_valid(story.entries) == {}


def test_a_peer_that_is_back_is_judged_again() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.kill("bob")
    story.start("bob")
    story.connect("alice", "bob")
    story.read()
    story.terminate("alice", "bob")
    entries = story.finish()
    assert not_valid(entries) == {}
    last = support.places(entries, "closed", where=lambda e: e.peer == "bob")[-1]
    assert not_valid(support.without(entries, last)) == {"both ends": INVALID}


def test_the_other_end_must_report_a_kill() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.kill("bob")
    story.start("bob")
    entries = story.finish()
    (notice,) = support.places(entries, "closed")
    says = "bob ended, and with it its connection with alice: alice never reported it"
    judged = support.verdict(support.without(entries, notice), "both ends")
    assert judged.judgement is INVALID
    assert says in judged.findings[0].says


def test_late_notices_may_come_beside_the_new_connection() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.send("alice", "bob", "old", arrives=False)
    story.kill("bob")
    late = [*story._waiting["alice"]]
    story._waiting["alice"].clear()
    story.start("bob")
    story.connect("bob", "alice")
    story.send("bob", "alice", "new")
    story._waiting["alice"].extend(late)
    assert not_valid(story.finish()) == {}
    assert _says(story.entries, "delivery") == "1 message shown, 1 reported undelivered"


def test_without_ids_what_ends_first_was_there_first() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.kill("bob")
    late = story._waiting["alice"].pop()
    story.start("bob")
    story.connect("alice", "bob")
    story._waiting["alice"].append(late)
    entries = [_nameless(entry) for entry in story.finish()]
    assert not_valid(entries) == {}
    closed = [end.closed for end in HistoryIndex(entries).ends]
    assert closed == ["reported", "peer ended", "", ""]


def _nameless(entry: Entry) -> Entry:
    fields = {key: value for key, value in entry.fields.items() if key != "id"}
    return dataclasses.replace(entry, fields=fields)


def test_what_a_killed_sender_accepted_is_excused() -> None:
    story = _sent()
    story.kill("alice")
    entries = story.finish()
    assert not_valid(entries) == {}
    assert _says(entries, "delivery") == "0 messages shown, 1 under way at a kill"
    assert _says(entries, "receipts") == "0 messages accounted for, 1 under way at a kill"


def test_what_a_sender_had_time_to_report_is_not_excused_by_its_kill() -> None:
    story = _sent(after=8.0)
    story.kill("alice")
    entries = story.finish()
    assert not_valid(entries) == {"delivery": INVALID, "receipts": INVALID}
    (finding,) = support.verdict(entries, "delivery").findings
    assert "never shown, although nothing came between for 8.0 s" in finding.says


def test_what_ended_before_the_kill_must_have_been_reported() -> None:
    story = _sent()
    story.terminate("alice", "bob")
    story._at += 8.0
    story.kill("alice")
    assert not_valid(story.finish()) == {"delivery": UNKNOWN, "receipts": INVALID}


@pytest.mark.parametrize(("after", "judgement"), [(0.0, VALID), (8.0, INVALID)])
def test_confirmed_and_killed_right_then(after: float, judgement: Judgement) -> None:
    story = _sent()
    story.show("alice", "delivered", **_DELIVERED)
    story._at += after
    story.kill("bob")
    assert support.judged(story.finish(), "delivery") is judgement
    assert set(not_valid(story.entries)) <= {"delivery"}


def test_a_sender_that_runs_must_report_what_a_kill_took() -> None:
    story = _sent()
    story.kill("bob")
    assert not_valid(story.finish()) == {"delivery": UNKNOWN, "receipts": INVALID}
    assert checks.pending(story.entries)
    quiet = _sent(notices=("connected", "closed", "message"))
    quiet.kill("bob")
    assert not_valid(quiet.finish()) == {}  # no report could have been read


def test_both_killed() -> None:
    story = _sent()
    story.kill("bob")
    story.kill("alice")
    assert not_valid(story.finish()) == {}


@pytest.mark.parametrize("reports", [True, False])
def test_a_stopped_program_reports(*, reports: bool) -> None:
    story = _sent()
    if reports:
        story.links[0].under_way["alice"].append("x")
    story.stop("alice")
    expected = {} if reports else {"delivery": UNKNOWN, "receipts": UNKNOWN}
    assert not_valid(story.finish()) == expected


def test_a_program_stopped_while_paused_cannot_report() -> None:
    story = _sent()
    story.pause("alice")
    proof = [{"before": "paused", "during": "exited with status 137 (killed)"}]
    story.fault("stop", "alice", proof=proof)
    story._closed(story.links.pop(), "bob")
    story.gone.add("alice")
    story.paused.clear()
    assert not_valid(story.finish()) == {}


def test_a_send_cut_off_by_a_kill_leaves_no_doubt_about_those_before() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.send("alice", "bob", "x")
    begun = story.invoke("alice", "send", to="bob", text="y")
    story.kill("alice")
    story.end(begun, "info", said="alice ended")
    assert not_valid(story.finish()) == {}


def test_the_last_lines_may_stand_behind_the_kill() -> None:
    story = Story()
    link = story.connect("alice", "bob")
    story.read()
    story._message(link, "alice", "x")
    story.entries.append(Entry(story._now(), "invoke", "alice", "send", 90, {"to": "bob"}))
    entries = story.entries
    done = {"to": "bob", "text": "x", "id": "1"}
    entries.append(Entry(story._now(), "ok", "alice", "send", 90, done))
    story._report(link, "alice", "delivered", 1)
    story.read("alice")
    story.kill("bob", late=True)
    story.start("bob")
    story.connect("bob", "alice")
    assert not_valid(story.finish()) == {}


def test_an_earlier_incarnation_sends_nothing_on_a_new_connection() -> None:
    story = _sent()
    story.kill("alice")
    story.start("alice")
    link = story.connect("alice", "bob")
    story._message(link, "alice", "x")
    (finding,) = support.verdict(story.finish(), "invention").findings
    assert not_valid(story.entries) == {"invention": INVALID}
    assert "alice had sent it at 0.008 s, before it ended, at" in finding.says


def test_ids_start_again() -> None:
    story = Story(("alice", "bob", "carol"))
    story.connect("alice", "bob")
    story.kill("alice")
    story.start("alice")
    story.connect("alice", "carol")
    entries = story.finish()
    assert not_valid(entries) == {}
    again = [e for e in entries if not (e.verb == "ready" and e.at > 0.01)]
    assert support.judged(again, "ids") is INVALID


def test_a_beginning_that_a_kill_cut_short_is_not_owed() -> None:
    for after, judgement in ((0.0, VALID), (8.0, INVALID)):
        story = Story()
        story.connect("alice", "bob")
        story._waiting["bob"].clear()
        story._at += after
        story.kill("alice")
        story._waiting["bob"].clear()
        assert support.judged(story.finish(), "both ends") is judgement


def test_a_peer_killed_unproven_makes_it_unknown() -> None:
    story = Story()
    story.fault("kill", "bob", "info")
    assert not_valid(story.finish()) == {"expectations": UNKNOWN}


def test_a_list_shows_no_peer_that_was_killed() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.kill("bob")
    story.settle()
    rows = [{"id": "1", "peer": "bob"}]
    story.end(story.invoke("alice", "list"), rows=rows)
    (finding,) = support.verdict(story.entries, "lists").findings
    assert finding.says.endswith("bob, which does not run any more")


def test_a_restarted_peer_is_not_silent() -> None:
    story = Story()
    story.end(story.invoke("bob", "list"), "info")
    assert HistoryIndex(story.entries).silent == {"bob"}
    story.kill("bob")
    assert HistoryIndex(story.entries).silent == {"bob"}
    story.start("bob")
    assert HistoryIndex(story.entries).silent == set()
