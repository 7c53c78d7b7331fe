"""Fault steps: how long their faults are active, schedules, and chaos."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.checks.judged_run import Run
from orchestrator.engines.process.network import ProcessNetwork
from orchestrator.errors import EngineError
from orchestrator.faults import chaos
from orchestrator.faults.kinds import LIFTED_BY, NEEDS
from orchestrator.history import runs
from orchestrator.history.entries import Entry
from orchestrator.runner import verify
from tests.orchestrator.harness import Harness, ended, judged, marks, outcomes

TWO = "peers: [alice, bob]\nlimits: {settle: 1}\nsteps:\n"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    """An engine for all tests here; peers that had a fault serve no other one."""
    with Harness("process", tmp_path_factory.mktemp("faults")) as one:
        yield one


def begun(run: Run, verb: str) -> Entry:
    """Return the only invocation of a kind."""
    (entry,) = (e for e in run.entries if (e.type, e.verb) == ("invoke", verb))
    return entry


def verbs(run: Run) -> list[str]:
    return [entry.verb for entry in outcomes(run)]


WHILE = [
    ("kill", "{at: bob, for: 0.4}"),
    ("stop", "{at: bob, for: 0.4}"),
    ("pause", "{at: bob, for: 0.4}"),
    ("stream", "{between: [alice, bob], hold: 0.1, for: 0.4}"),
]


def test_faults_with_a_length_are_lifted_after_it(bench: Harness) -> None:
    steps = "".join(f"  - {verb}: {fault}\n" for verb, fault in WHILE)
    run = bench.run(f"{TWO}{steps}  - connect: {{at: alice, to: bob}}\n")
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    expected = [name for verb, _ in WHILE for name in (verb, LIFTED_BY[verb])]
    assert verbs(run) == [*expected, "connect"]
    invoked = [entry for entry in run.entries if entry.type == "invoke"]
    given, lifted = outcomes(run)[:-1:2], outcomes(run)[1:-1:2]
    for begin, end, lifting in zip(given, lifted, invoked[1::2], strict=False):
        assert lifting.verb == end.verb
        assert lifting.at - begin.at >= 0.4
    assert begun(run, "connect").at >= lifted[-1].at


AGAIN = f"{TWO}  - stream: {{between: [alice, bob], delay: 0.1}}\n  - kill: bob\n  - start: bob\n"


def test_active_faults_are_reapplied_before_a_restarted_peer_is_ready(
    bench: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = bench.folder / "runs/test/latest/history.jsonl"
    ready: list[int] = []

    def slow(_: ProcessNetwork) -> None:
        ready.append(history.read_text().count('"ready"'))
        threading.Event().wait(0.05)  # as long as it takes to bring it

    monkeypatch.setattr(ProcessNetwork, "refresh", slow)
    run = bench.run(AGAIN)
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    assert ready == [2], "alice and bob, before the restart"
    (start,) = outcomes(run, "start")
    assert 0.05 <= start.fields["gap"] < 20


def test_a_fault_that_is_not_reapplied_is_not_proven(
    bench: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ProcessNetwork, "refresh", lambda network: network.shape({}))
    monkeypatch.setattr(verify, "_PATIENCE", 0.0)
    run = bench.run(AGAIN)
    (start,) = outcomes(run, "start")
    assert (start.type, judged(run)["expectations"]) == ("info", "unknown")
    said = start.fields["said"]
    assert said.startswith("not proven since the start: stream 1: alice to bob: ")
    assert said.endswith("100 ms wanted (and 1 more)")


def test_a_peer_without_its_faults_is_there_for_others(
    bench: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: ProcessNetwork) -> None:
        raise EngineError("the relay is gone")

    monkeypatch.setattr(ProcessNetwork, "refresh", fail)
    run = bench.run(f"{AGAIN}  - list: bob\n")
    assert ended(run, "start") == ["info"]
    assert ended(run, "list") == ["ok"]


DURING = ("kill", "stop", "pause", "stream")


def test_faults_are_active_during_other_steps(bench: Harness) -> None:
    steps = "".join(
        f"  - {verb}: {{at: bob, {'delay: 0.1, ' * (verb == 'stream')}"
        "during: [list: alice, list: alice]}\n"
        for verb in DURING
    )
    run = bench.run(f"{TWO}{steps}  - list: bob\n")
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    expected = [name for verb in DURING for name in (verb, "list", "list", LIFTED_BY[verb])]
    assert verbs(run) == [*expected, "list"]


def test_steps_during_a_fault_know_the_counters_around_it(bench: Harness) -> None:
    run = bench.run(
        f"{TWO}  - repeat:\n      times: 2\n      steps:\n"
        "        - pause: {at: bob, during: [{type: {at: alice, line: 'frob {n}', refused: ''}}]}\n"
    )
    assert [entry.fields["line"] for entry in outcomes(run, "type")] == ["frob 1", "frob 2"]
    assert ended(run, "resume") == ["ok", "ok"]


def test_proving_is_timed_apart_from_driving(bench: Harness) -> None:
    stream = "stream: {at: all, delay: 0.1, during: [{list: alice}]}"
    run = bench.run(f"peers: [alice, bob]\nlimits: {{settle: 0.1}}\nsteps:\n  - {stream}\n")
    assert run.seconds["proving"] > 0.1, "no probe of a delay takes less"
    assert run.seconds["proving"] > run.seconds["driving"]


def test_a_fault_without_an_end_is_active_until_it_is_lifted(bench: Harness) -> None:
    run = bench.run(
        f"{TWO}  - pause: bob\n  - list: alice\n  - resume: bob\n"
        "  - stream: {at: alice, delay: 0.1, as: crumbs}\n  - list: bob\n  - restore: crumbs\n"
        "  - heal: all\n"
    )
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    assert verbs(run) == ["pause", "list", "resume", "stream", "list", "restore"]


def test_scheduled_faults_begin_and_end_at_their_times(bench: Harness) -> None:
    run = bench.run(
        f"{TWO}  - schedule:\n"
        "      - {when: 0.8, kill: {at: alice, for: 0.2}}\n"
        "      - {when: 0.2, pause: {at: bob, for: 0.5}}\n"
        "      - {when: 1.4, stop: bob}\n"
        "      - {when: 1.5, start: bob}\n"
        "  - list: all\n"
    )
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    assert verbs(run)[:-2] == ["pause", "resume", "kill", "start", "stop", "start"]
    ready = [entry.at for entry in run.entries if entry.verb == "ready"][1]
    for verb, when in (("pause", 0.2), ("resume", 0.7), ("kill", 0.8), ("stop", 1.4)):
        assert begun(run, verb).at - ready >= when


def test_a_fault_that_another_step_lifted_is_not_lifted_again(bench: Harness) -> None:
    run = bench.run(
        f"{TWO}  - kill: {{at: bob, during: [start: bob]}}\n"
        "  - stop: {at: bob, during: [start: bob]}\n"
        "  - pause: {at: bob, during: [resume: bob]}\n"
        "  - stream: {at: bob, delay: 0.1, during: [restore: all]}\n"
    )
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    assert verbs(run) == [
        "kill", "start", "stop", "start", "pause", "resume", "stream", "restore",
    ]  # fmt: skip


def test_a_scheduled_fault_without_a_length_ends_with_the_schedule(bench: Harness) -> None:
    run = bench.run(
        f"{TWO}  - schedule:\n      - {{when: 0, pause: bob}}\n"
        "      - {when: 0, stream: {at: all, delay: 0.1}}\n  - list: bob\n"
    )
    assert judged(run) == dict.fromkeys(judged(run), "valid")
    assert verbs(run) == ["pause", "stream", "restore", "resume", "list"]


def test_faults_have_the_line_of_their_step(bench: Harness) -> None:
    run = bench.run(
        "peers: [alice, bob]\nconnections: line\nsteps:\n"
        "  - pause:\n      at: bob\n      during:\n"
        "        - list: alice\n"
        "  - schedule:\n"
        "      - {when: 0, pause: {at: alice, for: 0.1}}\n"
        "  - stream: {between: [alice, bob], pieces: 9}\n"
    )
    lines = Path(run.folder / runs.SCENARIO).read_text().splitlines()
    begun = [entry for entry in run.entries if entry.type == "invoke"]
    written = [(entry.verb, lines[entry.fields["step"] - 1].strip())
               for entry in begun if "step" in entry.fields]  # fmt: skip
    assert written == [
        ("connect", "connections: line"), ("list", "connections: line"),
        ("list", "connections: line"), ("pause", "- pause:"), ("list", "- list: alice"),
        ("resume", "- pause:"), ("pause", "- {when: 0, pause: {at: alice, for: 0.1}}"),
        ("resume", "- {when: 0, pause: {at: alice, for: 0.1}}"),
        ("stream", "- stream: {between: [alice, bob], pieces: 9}"),
    ]  # fmt: skip
    assert [entry.verb for entry in begun if "step" not in entry.fields] == [
        "restore", "list", "list",
    ]  # fmt: skip
    assert run.entries[0].text("file").endswith(".yaml")


@pytest.fixture
def _short_chaos(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let chaos have several faults in two seconds."""
    monkeypatch.setattr(chaos, "_FIRST", 0.1)
    monkeypatch.setattr(chaos, "_APART", (0.3, 0.5))
    monkeypatch.setattr(chaos, "_REST", 0.1)
    monkeypatch.setattr(chaos, "_LENGTHS", dict.fromkeys(NEEDS, (0.2, 0.4)))


@pytest.mark.usefixtures("_short_chaos")
@pytest.mark.parametrize(
    "kinds", [pytest.param(["kill", "pause"], marks=pytest.mark.thorough), None]
)
def test_chaos_records_and_runs_what_it_draws(bench: Harness, kinds: list[str] | None) -> None:
    peers = ["alice", "bob", "carol", "dave"]
    given = f", faults: {kinds}" if kinds else ""
    run = bench.run(f"peers: {peers}\nsteps:\n  - chaos: {{seed: 4, for: 2.5{given}}}\n")
    possible = ("kill", "stop", "pause", "stream")
    entries = chaos.draw(4, 2.5, kinds or possible, peers)
    assert marks(run, "chaos") == [{"peer": "", "seed": 4, "for": 2.5, "entries": entries}]
    drawn = [verb for entry in entries for verb in entry if verb != "when"]
    assert len(drawn) >= 3
    assert [verb for verb in verbs(run) if verb in possible] == drawn
    assert sorted(v for v in verbs(run) if v not in possible) == sorted(
        LIFTED_BY[verb] for verb in drawn
    )
    assert judged(run) == dict.fromkeys(judged(run), "valid"), run.folder
