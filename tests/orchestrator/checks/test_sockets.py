"""The sockets of programs are those that their consoles speak of."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from hypothesis import assume, given

from orchestrator.checks.sockets import NAME
from orchestrator.history.entries import Entry
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Link, Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, few, judged, seeds

LONG, SHORT = 9.0, 1.0  # seconds: longer than any program takes to notice, and not
Sockets = list[dict[str, Any]]


def three(seconds: float = LONG) -> tuple[Story, Link]:
    """Return a story with a connection that stays, and one that alice has terminated since."""
    story = Story(("alice", "bob", "carol"))
    story.connect("bob", "carol")
    link = story.connect("alice", "bob")
    story.read_sockets()
    story.terminate("alice", "bob")
    story.read_sockets()
    story.wait(seconds)
    return story, link


def with_link(story: Story, link: Link, **states: str) -> dict[str, Sockets]:
    """Return the sockets of two peers, with those of a connection that is over added."""
    return {
        peer: [*story.sockets(peer), story.socket(link, peer, state)]
        for peer, state in states.items()
    }


def says(entries: Entries) -> str:
    verdict = support.verdict(entries, NAME)
    assert verdict.judgement is INVALID
    (finding,) = verdict.findings
    return finding.says


def test_a_run_as_it_should_be() -> None:
    story, _ = three()
    verdict = support.verdict(story.finish(), NAME)
    assert (verdict.judgement, verdict.says) == (VALID, "3 peers, 1 connection as listed")


def test_a_connection_that_was_terminated_and_is_open_at_both_ends() -> None:
    story, link = three()
    sockets = with_link(story, link, alice="ESTABLISHED", bob="ESTABLISHED")
    found = says(story.finish(**sockets))
    assert "`terminate` of alice with bob said" in found
    assert "alice has 10.0.1.0:40002 → 10.0.1.1:5000 ESTABLISHED with bob" in found
    assert "bob has 10.0.1.1:5000 → 10.0.1.0:40002 ESTABLISHED with alice" in found


def test_a_program_has_time_to_close() -> None:
    story, link = three(SHORT)
    open_still = with_link(story, link, alice="ESTABLISHED", bob="ESTABLISHED")
    assert judged(story.finish(**open_still), NAME) is UNKNOWN
    story, link = three(SHORT)
    half = with_link(story, link, bob="CLOSE_WAIT")
    story.read_sockets(**half)
    assert judged(story.finish(**half), NAME) is UNKNOWN


def test_a_connection_that_is_closed_at_one_end() -> None:
    story, link = three(SHORT)
    half = with_link(story, link, bob="CLOSE_WAIT")
    story.read_sockets(**half)
    story.wait(LONG)
    found = says(story.finish(**half))
    assert "a connection with bob is closed at alice and not listed any more" in found
    assert "bob has 10.0.1.1:5000 → 10.0.1.0:40002 CLOSE_WAIT with alice" in found


def test_a_connection_with_a_peer_that_has_exited() -> None:
    story = Story()
    link = story.connect("alice", "bob")
    story.exit("bob")
    half = {"alice": [story.socket(link, "alice", "CLOSE_WAIT")]}
    story.read_sockets(**half)
    story.wait(LONG)
    assert "a connection with alice is closed at bob" in says(story.finish(**half))


def test_a_row_of_a_peer_that_has_exited_is_for_lists_to_judge() -> None:
    story = Story()
    link = story.connect("alice", "bob")
    story.exit("bob")
    half = {"alice": [story.socket(link, "alice", "CLOSE_WAIT")]}
    story.read_sockets(**half)
    story.wait(LONG)
    entries = story.finish(**half)
    place = support.outcomes(entries, "list")[-1]
    listed = support.changed(entries, place, rows=[{"id": "1", "peer": "bob"}])
    assert support.not_valid(listed)["lists"] is INVALID
    assert judged(listed, NAME) is VALID


def test_what_one_end_lists_and_the_other_does_not_is_for_lists_to_judge() -> None:
    story, link = three()
    entries = story.finish(**with_link(story, link, alice="ESTABLISHED", bob="ESTABLISHED"))
    place = [i for i in support.outcomes(entries, "list") if entries[i].peer == "bob"][-1]
    rows = [*entries[place].fields["rows"], {"id": "9", "peer": "alice"}]
    assert judged(support.changed(entries, place, rows=rows), NAME) is VALID


def test_a_row_without_a_connection() -> None:
    story = Story(("alice", "bob", "carol"))
    story.connect("bob", "carol")
    story.connect("alice", "bob")
    story.read_sockets()
    gone = {"alice": story.sockets("alice")[:1], "bob": story.sockets("bob")[:2]}
    story.read_sockets(**gone)
    story.wait(LONG)
    found = says(story.finish(**gone))
    assert "alice and bob list each other without a connection" in found
    assert "alice has no socket with bob, bob has no socket with alice; bob said" not in found


def test_programs_that_dial_for_each_message_are_not_blamed() -> None:
    story = Story(("alice", "bob", "carol"))
    story.connect("bob", "carol")
    story.connect("alice", "bob")
    story.wait(LONG)
    idle = {peer: story.sockets(peer)[:1] for peer in story.peers}
    assert judged(story.finish(**idle), NAME) is VALID  # none that is listed has one


def test_a_connection_that_was_never_needed_is_not_missing() -> None:
    """Some programs dial for the first message: a row has no connection before."""
    story = Story(("alice", "bob", "carol"))
    story.connect("alice", "bob")
    idle = {peer: story.sockets(peer)[:1] for peer in story.peers}
    story.read_sockets(**idle)
    story.connect("bob", "carol")
    story.read_sockets(**idle)
    story.send("bob", "carol", "the first")
    used = {"alice": idle["alice"], "bob": [*idle["bob"], story.sockets("bob")[-1]]}
    story.read_sockets(**used)
    story.wait(LONG)
    assert judged(story.finish(**used), NAME) is VALID


def closes_what_is_silent(silence: float) -> tuple[Story, dict[str, Sockets]]:
    """Return a story in which one connection is closed after a silence, and another is not."""
    story = Story(("alice", "bob", "carol"))
    story.connect("alice", "bob")
    story.send("alice", "bob", "the last")
    story.connect("bob", "carol")
    story.send("bob", "carol", "one of many")
    story.read_sockets()
    story.wait(2.0)
    story.send("bob", "carol", "one of many")
    closed = {"alice": story.sockets("alice")[:1],
              "bob": [story.sockets("bob")[0], story.sockets("bob")[-1]]}  # fmt: skip
    story.read_sockets(**closed)
    for _ in range(9):
        story.wait(silence)
        story.send("bob", "carol", "one of many")
    return story, closed


@pytest.mark.parametrize(("silence", "verdict"), [(1.0, VALID), (3.0, INVALID)])
def test_a_connection_that_was_closed_when_it_was_silent_is_missing_if_others_stay_open(
    silence: float, verdict: Any
) -> None:
    story, closed = closes_what_is_silent(silence)
    assert judged(story.finish(**closed), NAME) is verdict


def test_a_connection_that_never_was_is_missing_if_others_that_are_silent_are_there() -> None:
    story = Story(("alice", "bob", "carol"))
    story.connect("alice", "bob")
    none = {peer: story.sockets(peer)[:1] for peer in story.peers}
    story.read_sockets(**none)
    story.connect("bob", "carol")
    real = {"alice": none["alice"], "bob": [*none["bob"], story.sockets("bob")[-1]]}
    story.read_sockets(**real)
    story.wait(LONG)
    assert "alice and bob list each other without a connection" in says(story.finish(**real))


def test_a_connection_that_is_made_anew_for_a_message_is_not_missing() -> None:
    story = Story(("alice", "bob", "carol"))
    story.connect("bob", "carol")
    story.connect("alice", "bob")
    story.read_sockets()
    gone = {"alice": story.sockets("alice")[:1], "bob": story.sockets("bob")[:2]}
    story.read_sockets(**gone)
    story.send("alice", "bob", "by another one")
    story.wait(LONG)
    assert judged(story.finish(**gone), NAME) is VALID


def _extra(story: Story, one: str, other: str, port: int) -> dict[str, Sockets]:
    """Return the sockets of two peers with another connection, which one of them has dialled."""
    ends = story.endpoint(one, port), story.endpoint(other)
    dialled = {"local": ends[0], "remote": ends[1], "state": "ESTABLISHED", "peer": other}
    taken = {"local": ends[1], "remote": ends[0], "state": "ESTABLISHED", "peer": ""}
    return {one: [*story.sockets(one), dialled], other: [*story.sockets(other), taken]}


def test_a_connection_that_neither_end_lists() -> None:
    story, _ = three()
    secret = _extra(story, "alice", "bob", 50_000)
    story.read_sockets(**secret)
    story.wait(LONG)
    assert "neither alice nor bob lists the other, but they are connected" in says(
        story.finish(**secret)
    )


def test_another_socket_besides_those_of_connections_is_no_fault() -> None:
    story, _ = three()
    both = _extra(story, "alice", "bob", 50_000)
    second = _extra(story, "bob", "carol", 50_001)
    control = {"alice": both["alice"], "bob": [*both["bob"], second["bob"][-1]],
               "carol": second["carol"]}  # fmt: skip
    story.read_sockets(**control)
    story.wait(LONG)
    assert judged(story.finish(**control), NAME) is VALID


@pytest.mark.parametrize("connected", [True, False])
def test_a_connect_that_was_refused_and_left_a_connection(connected: bool) -> None:
    story = Story()
    if connected:
        story.connect("alice", "bob")
    story.read_sockets()
    story.do("alice", "connect", "fail", to="bob")
    extra = _extra(story, "alice", "bob", 50_000)
    story.read_sockets(**extra)
    story.wait(LONG)
    entries = story.finish(**extra)
    if connected:
        assert "it has left a connection" in says(entries)
    else:  # no one can know whether such programs have another socket besides
        assert judged(entries, NAME) is VALID


def test_a_connection_of_a_peer_with_itself() -> None:
    story = Story()
    story.read_sockets()
    story.do("alice", "connect", "fail", to="alice")
    ends = story.endpoint("alice", 50_000), story.endpoint("alice")
    own = [{"local": ends[0], "remote": ends[1], "state": "ESTABLISHED", "peer": "alice"},
           {"local": ends[1], "remote": ends[0], "state": "ESTABLISHED", "peer": ""}]  # fmt: skip
    sockets = {"alice": [*story.sockets("alice"), *own]}
    story.read_sockets(**sockets)
    story.wait(LONG)
    assert "`connect` of alice with alice said" in says(story.finish(**sockets))


def test_a_port_that_is_still_taken() -> None:
    story = Story()
    story.exit("bob")
    story.wait(LONG)
    left = {"bob": [{"local": story.endpoint("bob"), "state": "LISTEN"}]}
    found = says(story.finish(**left))
    assert "bob had ended at" in found
    assert "a process of it still has 10.0.1.1:5000 LISTEN" in found


@pytest.mark.parametrize("silent", [True, False])
def test_a_history_without_sockets_is_not_judged(silent: bool) -> None:
    story, link = three()
    sockets = with_link(story, link, alice="ESTABLISHED", bob="ESTABLISHED")
    entries = story.finish(**sockets)
    before = support.settled(entries)
    old = [e for i, e in enumerate(entries) if e.verb != "sockets" or (i < before and not silent)]
    verdict = support.verdict(old, NAME)
    assert (verdict.judgement, verdict.word) == (VALID, "not judged")


def test_a_connection_that_waits_to_be_accepted_counts_for_no_one() -> None:
    story, _ = three()
    extra = _extra(story, "alice", "bob", 50_000)
    extra["bob"][-1]["accepted"] = False
    story.read_sockets(**extra)
    story.wait(LONG)
    assert judged(story.finish(**extra), NAME) is VALID


def _still_there(entries: Entries, chance: random.Random) -> Entries:
    """Return a history in which a connection was closed by one end alone, long before the end."""
    before = support.settled(entries)
    ended = support.ended_peers(entries)
    disturbed = {peer for e in entries for link in e.fields.get("links", ()) for peer in link}
    paused = {e.peer for e in entries if e.verb == "pause"}
    running = {e.peer for i, e in enumerate(entries) if e.verb == "list" and i > before}
    free = sorted(running - ended - disturbed - paused)
    assume(len(free) > 1)
    one, other = chance.sample(free, 2)
    left = {"local": "10.0.2.1:1", "remote": "10.0.2.2:2", "state": "CLOSE_WAIT", "peer": other}
    lists = [e for i, e in enumerate(entries) if e.type == "ok" and e.verb == "list" and i > before]
    rows = [row["peer"] for e in lists if e.peer == one for row in e.fields["rows"]]
    assume(other not in rows)
    early = Entry(0.0, "lab", one, "sockets", 0, {"opened": [left]})
    changed = [
        dataclasses.replace(e, fields={**e.fields, "opened": [*e.fields["opened"], left]})
        if e.verb == "sockets" and e.peer == one else e
        for e in entries
    ]  # fmt: skip
    late = [dataclasses.replace(e, at=e.at + LONG) for e in changed[before:]]
    return [*changed[:before], early, *late]


@few
@given(support.any_right_histories(), seeds)
def test_a_fault_is_caught(entries: Entries, chance: random.Random) -> None:
    assert judged(_still_there(entries, chance), NAME) is INVALID


@few
@given(support.any_right_histories(), seeds)
def test_a_doubt_is_reported(entries: Entries, chance: random.Random) -> None:
    settled = support.settled(entries)
    assert judged(support.without(entries, settled), NAME) is UNKNOWN
    cut = chance.randrange(1, settled + 1)
    assert judged(entries[:cut], NAME) is UNKNOWN


LEFT = {"blocked": ["10.0.1.1:5000 → 10.0.1.0:40002 TIME_WAIT"]}


def started_again(outcome: str, /, **fields: Any) -> Story:
    """Return a story in which bob was started again while its port was still taken."""
    story = Story(("alice", "bob", "carol"))
    story.connect("bob", "carol")
    story.kill("bob")
    story.fault("start", "bob", outcome, **fields)
    if outcome == "ok":
        story.gone.discard("bob")
        story.lab("ready", "bob", address="10.0.1.1", port=5000)
    return story


@pytest.mark.parametrize(
    ("outcome", "fields"),
    [("fail", {"state": "exited"}), ("fail", {"state": "running"}), ("ok", {"listens": False})],
)
def test_a_port_that_the_kernel_has_not_freed_yet(outcome: str, fields: dict[str, Any]) -> None:
    found = says(started_again(outcome, **LEFT, **fields).finish(bob=[]))
    assert "bob was started again and does not listen: its port was still taken by 10.0." in found


@pytest.mark.parametrize(
    ("outcome", "fields"),
    [("ok", LEFT), ("fail", {"state": "exited"}), ("ok", {"listens": False})],
)
def test_a_start_is_not_blamed_on_a_port_that_is_free_or_bound(
    outcome: str, fields: dict[str, Any]
) -> None:
    assert judged(started_again(outcome, **fields).finish(), NAME) is VALID


def test_a_program_that_listens_later_or_did_elsewhere_can_bind_a_port_that_is_taken() -> None:
    story = started_again("ok", **LEFT, listens=False)
    listening = {"local": "10.0.1.1:5000", "state": "LISTEN"}
    assert judged(story.finish(bob=[listening]), NAME) is VALID
    story = started_again("fail", **LEFT, state="exited")
    story.kill("carol")
    story.fault("start", "carol", "ok", **LEFT)
    assert judged(story.finish(), NAME) is VALID
