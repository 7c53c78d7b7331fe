"""Every fault of a run is an operation with its proof, even while a console is in use."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cancel import RunCancelledError
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.judged_run import Run
from orchestrator.engines.base import Progress
from orchestrator.engines.network import Lapse
from orchestrator.engines.process.network import ProcessNetwork
from orchestrator.engines.process.peer import ProcessPeer
from orchestrator.errors import EngineError
from orchestrator.history.entries import Entry
from orchestrator.runner.injector import FaultInjector
from orchestrator.runner.verify import FaultVerifier, Verification
from tests.orchestrator.harness import Harness, ended, judged, marks, odd, outcomes
from tests.orchestrator.support import PROGRAMS, until

TWO = "peers: [alice, bob]\nconnections: line\nlimits: {settle: 1}\nsteps:\n"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """An engine for all tests here; peers that had a fault serve no other one."""
    with Harness("process", tmp_path_factory.mktemp("injector")) as one:
        yield one


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Harness]:
    """An engine of the test's own, which it may cancel."""
    with Harness("process", tmp_path) as one:
        yield one


def outcome_of(run: Run, verb: str) -> Entry:
    """Return how the only operation of a kind ended."""
    (entry,) = outcomes(run, verb)
    return entry


def seen(entry: Entry) -> list[dict[str, str]]:
    proof: list[dict[str, str]] = entry.fields["proof"]
    return proof


def waiting_for(bench: Harness, phrase: str, text: str, times: int = 1) -> Progress:
    """Make a step wait until the history has a text so many times."""
    history = bench.folder / "runs/test/latest/history.jsonl"

    def step(line: str) -> None:
        if phrase in line:
            until(lambda: history.read_text().count(text) >= times, f"{times} times {text}")

    return Progress(lambda _: None, step)


def test_faults_of_peers_are_operations_with_their_proof(bench: Harness) -> None:
    run = bench.run(
        f"{TWO}  - pause: bob\n  - resume: bob\n  - kill: bob\n"
        "  - expect: {at: alice, from: bob, closed: true}\n  - start: bob\n  - stop: bob\n"
    )
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    assert seen(outcome_of(run, "pause")) == [{"before": "running", "during": "paused"}]
    assert seen(outcome_of(run, "resume")) == [{"before": "paused", "during": "running"}]
    killed, started, stopped = (outcome_of(run, verb) for verb in ("kill", "start", "stop"))
    assert seen(killed) == [{"before": "running", "during": "exited with status 137 (killed)"}]
    assert (killed.peer, killed.fields["state"], killed.fields["status"]) == ("bob", "exited", 137)
    assert killed.fields["wants"] == {"outcome": "ok"}
    assert seen(started) == [{"before": "exited with status 137 (killed)", "during": "running"}]
    assert seen(stopped) == [{"before": "running", "during": "exited with status 0"}]


def test_the_last_output_of_a_peer_is_in_the_history(bench: Harness) -> None:
    run = bench.run(f"{TWO}  - stop: bob\n")
    shown = (run.folder / "bob.transcript").read_text()
    place = [(entry.type, entry.verb) for entry in run.entries].index(("ok", "stop"))
    assert "listening on" in shown
    late = [
        entry for entry in run.entries[place:] if entry.peer == "bob" and entry.type == "notice"
    ]
    assert late == []


def test_a_restarted_peer_keeps_its_address(bench: Harness) -> None:
    run = bench.run(
        f"{TWO}  - send: {{at: alice, to: bob, text: one}}\n"
        "  - kill: bob\n"
        "  - expect: {at: alice, from: bob, closed: true}\n"
        "  - start: bob\n"
        "  - list: {at: bob, shows: []}\n"
        "  - connect: {at: bob, to: alice}\n"
        "  - expect: {at: alice, from: bob, connected: true}\n"
        "  - send: {at: alice, to: bob, text: two}\n"
        "  - expect: {at: bob, from: alice, message: two}\n"
    )
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    first, second = (mark for mark in marks(run, "ready") if mark["peer"] == "bob")
    assert {**first, "warm": False} == second
    assert outcome_of(run, "start").type == "ok"
    assert [mark["peer"] for mark in marks(run, "ready")] == ["alice", "bob", "bob"]
    assert (run.folder / "bob.transcript").read_text().count("listening on") == 2


@pytest.mark.parametrize(
    ("steps", "verb", "says"),
    [
        ("  - kill: bob\n  - kill: bob\n", "kill", "bob does not run: exited with status 137"),
        pytest.param(
            "  - exit: bob\n  - stop: bob\n",
            "stop",
            "bob does not run: exited with status 0",
            marks=pytest.mark.thorough,
        ),
    ],
)
def test_an_ended_peer_cannot_be_ended(bench: Harness, steps: str, verb: str, says: str) -> None:
    run = bench.run(f"{TWO}{steps}")
    assert judged(run)["expectations"] == "invalid"
    last = outcomes(run, verb)[-1]
    assert (last.type, last.fields["said"].startswith(says)) == ("fail", True)


def run_instead_of_resume(bench: Harness, monkeypatch: pytest.MonkeyPatch, act: Any) -> Run:
    """Run a scenario in which `act` is called in place of `resume`."""
    monkeypatch.setattr(FaultInjector, "resume", act)
    return bench.run(f"{TWO}  - pause: {{at: bob, for: 0.01}}\n")


def test_a_running_peer_cannot_be_started(bench: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    resume = FaultInjector.resume

    def start(injector: FaultInjector, at: str) -> None:
        injector.start(at)
        resume(injector, at)
        injector.start(at)

    run = run_instead_of_resume(bench, monkeypatch, start)
    assert run.broke_off == ""
    assert [(e.type, e.fields["said"]) for e in outcomes(run, "start")] == [
        ("fail", "bob has not ended: it is paused"),
        ("fail", "bob has not ended: it is running"),
    ]


def test_a_peer_that_is_not_paused_cannot_be_resumed(
    bench: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    resume = FaultInjector.resume

    def twice(injector: FaultInjector, at: str) -> None:
        resume(injector, at)
        resume(injector, at)

    run = run_instead_of_resume(bench, monkeypatch, twice)
    assert ended(run, "resume") == ["ok", "info"]
    assert judged(run)["expectations"] == "unknown"
    said = outcomes(run, "resume")[-1].fields["said"]
    assert said == "bob cannot be resumed: it is running"


def test_a_peer_that_is_killed_while_paused_is_not_resumed(bench: Harness) -> None:
    run = bench.run(f"{TWO}  - pause: bob\n  - kill: bob\n")
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    assert ended(run, "resume") == []


@pytest.mark.parametrize("how", ["end", "hang"])
def test_a_program_that_does_not_restart(bench: Harness, how: str) -> None:
    odd(bench.folder, ready_within="0.5")
    path = bench.folder / "odd.yaml"
    path.write_text(path.read_text().replace(str(PROGRAMS / "odd.py"), str(PROGRAMS / "once.py")))
    run = bench.run(
        f"profile: {path}\npeers: [alice]\narguments: [{bench.folder / how}, {how}]\n"
        "limits: {settle: 0.1}\nsteps:\n  - kill: alice\n  - start: alice\n"
        "  - type: {at: alice, line: hello, refused: ''}\n"
    )
    assert run.broke_off == ""
    start = outcome_of(run, "start")
    assert start.type == "fail"
    said = {"end": "alice is gone: exited with status 3", "hang": "alice was not ready after"}
    assert start.fields["said"].startswith(said[how])
    assert [mark["peer"] for mark in marks(run, "ready")] == ["alice"], "in its first life"
    assert judged(run)["expectations"] == "invalid"
    assert outcome_of(run, "type").fields["said"] == "alice is not there any more"


def test_a_pause_without_effect_is_not_proven(
    bench: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProcessPeer, "pause", lambda _: None)
    run = bench.run(f"{TWO}  - pause: bob\n")
    pause = outcome_of(run, "pause")
    assert (pause.type, pause.fields["said"]) == ("info", "not proven: it is running")
    assert seen(pause) == [{"before": "running", "during": "running"}]
    assert judged(run)["expectations"] == "unknown"


def test_an_error_of_the_engine_leaves_the_run_unknown(
    bench: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise EngineError("the daemon is gone\nreally", hint="ask")

    monkeypatch.setattr(ProcessPeer, "stop", fail)
    run = bench.run(f"{TWO}  - stop: bob\n")
    assert run.broke_off == ""
    stop = outcome_of(run, "stop")
    assert (stop.type, stop.fields["said"]) == ("info", "the daemon is gone")
    assert judged(run)["expectations"] == "unknown"


# While a console is in use


def test_killed_while_a_line_is_expected_of_it(bench: Harness) -> None:
    run = bench.run(
        f"{TWO}  - parallel:\n"
        "      - - expect: {at: bob, from: alice, message: never, within: 50}\n"
        "      - - kill: bob\n",
        waiting_for(bench, "kill bob", '"invoke", "peer": "bob", "verb": "expect"'),
    )
    kill, expect = outcome_of(run, "kill"), outcome_of(run, "expect")
    assert (kill.type, expect.type) == ("ok", "fail")
    assert expect.fields["said"].startswith("bob is gone: exited with status 137")
    begun = next(e for e in run.entries if (e.type, e.verb) == ("invoke", "expect"))
    assert begun.at < kill.at
    assert expect.at - begun.at < 40
    assert judged(run)["end states"] == "valid"


def test_killed_while_it_sends(bench: Harness) -> None:
    run = bench.run(
        f"{TWO}  - parallel:\n"
        "      - - send: {at: bob, to: alice, text: '{n}', times: 20000, may_fail: true}\n"
        "      - - kill: bob\n"
        "  - start: bob\n"
        "  - connect: {at: bob, to: alice}\n"
        "  - send: {at: bob, to: alice, text: 'again'}\n"
        "  - expect: {at: alice, from: bob, message: again}\n",
        waiting_for(bench, "kill bob", '"invoke", "peer": "bob", "verb": "send"', 50),
    )
    assert run.broke_off == ""
    assert (outcome_of(run, "kill").type, outcome_of(run, "start").type) == ("ok", "ok")
    sent = ended(run, "send", "bob")
    assert 50 <= len(sent) < 20_000
    assert set(sent[:-1]) <= {"ok", "info", "fail"}
    assert sent[-1] == "ok"
    open_ones = {e.operation for e in run.entries if e.type == "invoke"}
    assert open_ones == {e.operation for e in run.entries if e.is_done}
    assert judged(run) == dict.fromkeys(judged(run), "valid")


# The network


def test_faults_of_the_network_are_operations_without_a_peer(bench: Harness) -> None:
    run = bench.run(
        f"{TWO}  - stream: {{between: [alice, bob], hold: 0.1}}\n"
        "  - stream: {from: bob, to: alice, delay: 0.3, as: late}\n"
        "  - restore: late\n  - restore: all\n"
    )
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    given = [(e.peer, e.type, e.fields["fault"], e.fields["says"]) for e in outcomes(run, "stream")]
    assert given == [
        ("", "ok", "stream 1", "alice and bob: held back 0.1 s"),
        ("", "ok", "late", "bob to alice: streams delayed 0.3 s"),
    ]
    first, second = outcomes(run, "stream")
    assert first.fields["links"] == [["alice", "bob"], ["bob", "alice"]]
    assert first.fields["means"] == second.fields["means"] == {"stream": "relay"}
    (row,) = second.fields["proof"]
    assert (row["link"], row["what"], sorted(row)) == (
        ["bob", "alice"], "stream", ["before", "during", "link", "what"],
    )  # fmt: skip
    lifted = outcomes(run, "restore")
    assert [entry.fields["fault"] for entry in lifted] == ["late", "stream 1"]
    assert all("after" in row for entry in lifted for row in entry.fields["proof"])


def test_a_doubt_makes_a_fault_unproven(bench: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Verification([], ["alice to bob: as ever", "bob to alice: too"])
    monkeypatch.setattr(FaultVerifier, "apply", lambda *_: found)
    run = bench.run(f"{TWO}  - stream: {{between: [alice, bob], pieces: 1}}\n")
    stream = outcome_of(run, "stream")
    assert stream.type == "info"
    assert stream.fields["said"] == "not proven: alice to bob: as ever (and 1 more)"
    assert judged(run)["expectations"] == "unknown"


def test_a_hidden_fault_is_recorded_and_judged_when_it_is_lifted(
    bench: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden = ["alice to bob: hidden by cut"]
    monkeypatch.setattr(FaultVerifier, "apply", lambda *_: Verification([], hidden, is_hidden=True))
    run = bench.run(f"{TWO}  - stream: {{between: [alice, bob], pieces: 1}}\n")
    stream = outcome_of(run, "stream")
    assert (stream.type, stream.fields["hidden"]) == ("ok", hidden)
    (window,) = HistoryIndex(run.entries).faults
    assert not window.is_proven, "it was never lifted"


def test_lapses_are_recorded_with_their_faults(
    bench: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [[Lapse("the relay was ended"), Lapse("who is carol?", "carol")]]
    monkeypatch.setattr(ProcessNetwork, "lapses", lambda _: said.pop() if said else [])
    run = bench.run(f"{TWO}  - stream: {{at: all, delay: 0.1, for: 0.01}}\n")
    assert marks(run, "lapse") == [
        {"peer": "", "said": "the relay was ended", "faults": ["stream 1"]},
        {"peer": "", "said": "who is carol?", "faults": []},
    ]
    assert judged(run)["expectations"] == "unknown"
    (window,) = HistoryIndex(run.entries).faults
    assert (window.is_proven, window.said) == (False, "the relay was ended")


# The end


def test_active_faults_are_lifted_at_the_end_newest_first(bench: Harness) -> None:
    run = bench.run(
        f"{TWO}  - stream: {{from: alice, to: bob, delay: 0.1}}\n"
        "  - stream: {from: bob, to: alice, delay: 0.1}\n"
        "  - pause: alice\n"
    )
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    lifted = [(e.verb, e.peer or e.fields["fault"], e.type) for e in outcomes(run)[-3:]]
    assert lifted == [
        ("resume", "alice", "ok"), ("restore", "stream 2", "ok"), ("restore", "stream 1", "ok"),
    ]  # fmt: skip


def test_a_run_that_is_cancelled_during_a_fault_leaves_no_process(
    own: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = threading.Event()

    def slow(*_: object) -> None:
        begun.set()
        own.cancel.pause(50)

    def stop() -> None:
        begun.wait()
        own.cancel.set()

    monkeypatch.setattr(FaultVerifier, "apply", slow)
    stopper = threading.Thread(target=stop)
    stopper.start()
    run = own.run(f"{TWO}  - pause: bob\n  - stream: {{at: all, pieces: 1}}\n")
    stopper.join()
    assert isinstance(run.error, RunCancelledError)
    assert outcome_of(run, "stream").type == "info"
    assert run.entries[-1].verb == "broke off"
    monkeypatch.undo()
