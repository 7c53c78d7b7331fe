"""Quiescence: messages on their way arrive, lists agree, and peers end as they must."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

import pytest

from orchestrator import checks
from orchestrator.history.entries import Entry
from tests.orchestrator.harness import Harness, always, judged, marks, odd, texts
from tests.repeats import times
from tests.waiting import let_pass


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """Peers that the scenarios here share as far as they can."""
    with Harness("process", tmp_path_factory.mktemp("ending"), may_reuse=always) as one:
        yield one


def test_messages_on_their_way_arrive_before_the_run_is_quiet(harness: Harness) -> None:
    count = times(150, 500)
    run = harness.run(
        "peers: [alice, bob]\nconnections: line\nsteps:\n"
        f"  - send: {{at: all, to: all, text: '{{n}}', times: {count}}}\n"
    )
    (settled,) = marks(run, "settled")
    place = [entry.verb for entry in run.entries].index("settled")
    assert settled["quiet"] is True
    assert not any(entry.type == "notice" for entry in run.entries[place:])
    assert texts(run, "bob") == texts(run, "alice") == [f"{n}" for n in range(1, count + 1)]
    assert judged(run) == dict.fromkeys(judged(run), "valid")


def test_a_quiet_run_ends_at_once(harness: Harness) -> None:
    began = time.monotonic()
    run = harness.run("peers: [alice, bob]\nlimits: {settle: 30}\nsteps:\n  - list: alice\n")
    assert time.monotonic() - began < 10
    lists = [entry.peer for entry in run.entries if entry.verb == "list" and entry.is_done]
    assert lists == ["alice", "alice", "bob"], "one step, and the last ones"


def test_what_never_comes_is_awaited_as_long_as_the_limit(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "pending", lambda _: True)
    run = harness.run("peers: [alice, bob]\nlimits: {settle: 0.4}\nsteps:\n  - list: alice\n")
    (settled,) = marks(run, "settled")
    assert settled["quiet"] is False
    ready = [entry.at for entry in run.entries if entry.verb == "ready"][-1]
    at = next(entry.at for entry in run.entries if entry.verb == "settled")
    assert 0.4 <= at - ready < 5  # the default is 5
    assert run.entries[-1].verb == "over"


def test_a_slow_judgement_is_not_the_last_word(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged_of: list[int] = []

    def slow(entries: list[Entry]) -> bool:
        """Take a moment, in which something is shown: it is missing no longer."""
        judged_of.append(len(entries))
        if len(judged_of) == 1:
            let_pass(0.5)  # the next one would begin five times as long after, past the deadline
            entries.append(dataclasses.replace(entries[-1]))
        return len(judged_of) < 2

    monkeypatch.setattr(checks, "pending", slow)
    run = harness.run(
        "peers: [alice, bob]\nconnections: line\nlimits: {settle: 1.5}\nsteps:\n"
        "  - send: {at: alice, to: bob, text: x}\n"
    )
    (settled,) = marks(run, "settled")
    assert settled["quiet"] is True
    first, second = judged_of
    assert second > first


def test_lists_that_never_agree_do_not_fill_the_history(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    differ = checks.Judgement.INVALID, checks.Judgement.VALID
    monkeypatch.setattr(checks, "final", lambda _: differ)
    run = harness.run("peers: [alice, bob]\nlimits: {settle: 1}\nsteps:\n  - list: alice\n")
    assert 4 < sum(entry.verb == "list" for entry in run.entries) / 4 < 30
    assert run.entries[-1].verb == "over"


@pytest.mark.parametrize(
    ("steps", "ends", "verdict"),
    [
        ("  - exit: bob\n", "", "valid"),
        ("  - exit: bob\n", "ends: {bob: {exited: 0}}\n", "valid"),
        ("  - exit: bob\n", "ends: {bob: {exited: 1}}\n", "invalid"),
        ("  - exit: bob\n", "ends: {bob: running}\n", "invalid"),
        ("  - list: bob\n", "ends: {bob: running}\n", "valid"),
        ("  - list: bob\n", "ends: {bob: {exited: 0}}\n", "invalid"),
        ("  - exit: {at: bob, status: 3}\n", "", "invalid"),
        ("  - type: {at: bob, line: exit}\n", "", "invalid"),
        ("  - type: {at: bob, line: exit}\n", "ends: {bob: {exited: 0}}\n", "valid"),
    ],
)
def test_how_peers_must_end(harness: Harness, steps: str, ends: str, verdict: str) -> None:
    run = harness.run(f"peers: [alice, bob]\nlimits: {{settle: 0.5}}\nsteps:\n{steps}{ends}")
    assert judged(run)["end states"] == verdict
    assert {mark["peer"] for mark in marks(run, "ended")} == {"alice", "bob"}


def test_a_silent_peer_is_not_asked_for_a_last_list(harness: Harness) -> None:
    run = harness.run(
        f"profile: {odd(harness.folder)}\npeers: [alice, bob]\nlimits: {{settle: 0.3}}\nsteps:\n"
        "  - type: {at: alice, line: deaf}\n",
        discard=True,
    )
    assert run.broke_off == ""
    place = [entry.verb for entry in run.entries].index("settled")
    assert {e.peer for e in run.entries[place:] if e.verb == "list"} == {"bob"}
    assert judged(run)["lists"] == "unknown"


@pytest.mark.parametrize(
    ("steps", "ends", "wants", "verdict"),
    [
        ("kill: bob", "", {"state": "exited"}, "valid"),
        pytest.param("stop: bob", "", {"state": "exited"}, "valid", marks=pytest.mark.thorough),
        ("kill: {at: bob, for: 0.01}", "", {"state": "running"}, "valid"),
        ("pause: bob", "", {"state": "running"}, "valid"),
        ("kill: bob", "ends: {bob: {exited: 137}}\n", {"state": "exited", "status": 137}, "valid"),
        ("kill: bob", "ends: {bob: {exited: 0}}\n", {"state": "exited", "status": 0}, "invalid"),
        ("stop: bob", "ends: {bob: running}\n", {"state": "running"}, "invalid"),
    ],
)
def test_how_faulted_peers_must_end(
    harness: Harness, steps: str, ends: str, wants: dict[str, object], verdict: str
) -> None:
    run = harness.run(f"peers: [alice, bob]\nlimits: {{settle: 1}}\nsteps:\n  - {steps}\n{ends}")
    assert judged(run)["end states"] == verdict
    alice, bob = marks(run, "ended")
    assert (alice["state"], bob["wants"]) == ("running", wants)
    place = [entry.verb for entry in run.entries].index("settled")
    listed = {entry.peer for entry in run.entries[place:] if entry.verb == "list"}
    assert listed == ({"alice", "bob"} if bob["state"] == "running" else {"alice"})
