"""Jobs: several scenarios in parallel, and how all of them end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from orchestrator.cancel import CancelToken, RunCancelledError
from orchestrator.checks.judged_run import Run, load
from orchestrator.engines.base import Engine
from orchestrator.engines.canary.canary import Canary
from orchestrator.engines.docker.engine import DockerEngine
from orchestrator.engines.process.engine import ProcessEngine
from orchestrator.errors import EngineError, LabError, NetworkError
from orchestrator.runner.jobs import Plan, run_all
from orchestrator.runner.lateness import LatenessMeter
from orchestrator.runner.run import ScenarioSource
from orchestrator.scenario import EngineName
from tests.orchestrator.harness import marks, write
from tests.orchestrator.support import (
    client_behind,
    make_engine,
    processes_of,
    run_of,
    things_of,
    until,
)

TALK = (
    "name: {name}\nwhy: A test.\npeers: [alice, bob]\nconnections: line\nsteps:\n"
    "  - send: {{at: all, to: all, text: '{{at}} in {name}'}}\n"
)
LIST = "name: {name}\nwhy: A test.\npeers: [alice]\nsteps:\n  - list: alice\n"
LONG = TALK + "  - expect: {{at: bob, from: alice, message: never, within: 60}}\n"


class RecordingWatcher:
    """Records every call, and passes steps on."""

    def __init__(self, on_step: Callable[[int, str], None] = lambda _, __: None) -> None:
        self.calls: list[tuple[str, int]] = []
        self.step = on_step

    @property
    def ended(self) -> list[int]:
        return [number for what, number in self.calls if what.startswith("end ")]

    def phase(self, line: str) -> None:
        self.calls.append((line, -1))

    def begin(self, number: int) -> None:
        self.calls.append(("begin", number))

    def end(self, number: int, run: Run) -> None:
        self.calls.append((f"end {run.name}", number))


class Interrupted(BaseException):
    """What Ctrl-C becomes."""


class Engines:
    """Opens engines and remembers them."""

    def __init__(self, cancel: CancelToken) -> None:
        self.opened: list[Engine] = []
        self._cancel = cancel

    def __call__(self, name: EngineName) -> Engine:
        self._cancel.check()
        engine = make_engine("docker" if name is EngineName.DOCKER else "process")
        engine.cancel = self._cancel
        self.opened.append(engine)
        return engine

    @property
    def owners(self) -> list[str]:
        return [run_of(engine) for engine in self.opened]


def engines_of(plan: Plan) -> Engines:
    assert isinstance(plan.open_engine, Engines)
    return plan.open_engine


Make = Callable[..., Plan]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make a plan of scenarios, given as templates; nothing may be left of it."""
    engines: list[Engines] = []

    def one(*texts: str, jobs: int = 1, engine: EngineName = EngineName.PROCESS) -> Plan:
        sources = [
            ScenarioSource.read(write(tmp_path, text.format(name=f"s{count}"), f"{count}.yaml"))
            for count, text in enumerate(texts)
        ]
        cancel = CancelToken()
        engines.append(Engines(cancel))
        return Plan(sources, engine, engines[-1], tmp_path / "runs", cancel, jobs)

    yield one
    assert [processes_of(owner, canary=True) for opened in engines for owner in opened.owners] == [
        [] for opened in engines for _ in opened.owners
    ]


def test_results_come_in_the_order_of_the_scenarios(make: Make) -> None:
    slow = TALK + "  - expect: {{at: bob, line: never, within: 0.3}}\n"
    plan = make(slow, TALK, TALK, slow, TALK, jobs=3)

    def hold_the_first(number: int, _: str) -> None:
        if number == 0:
            until(lambda: watcher.ended, "the end of a run that does not wait for the first")

    watcher = RecordingWatcher(hold_the_first)
    done = run_all(plan, watcher)
    assert [run.name for run in done] == ["s0", "s1", "s2", "s3", "s4"]
    assert [run.judgement.word for run in done] == [
        "invalid", "valid", "valid", "invalid", "valid",
    ]  # fmt: skip
    assert 2 <= len(engines_of(plan).opened) <= 3
    assert sorted(watcher.ended) == [0, 1, 2, 3, 4]
    assert watcher.ended[0] != 0, "the slow one is not waited for"


MUTE = TALK + "  - expect: {{at: bob, line: never, within: 0.3}}\n"
STALL = {"late": [{"since": 0.0, "by": 60.0}]}


def on_machine(monkeypatch: pytest.MonkeyPatch, *states: dict[str, Any]) -> None:
    """Say that the machine was in these states in one run after the other, then in the last."""
    left = [*states]
    found = property(lambda _: left.pop(0) if len(left) > 1 else left[0])
    monkeypatch.setattr(LatenessMeter, "found", found)


@pytest.mark.parametrize(
    ("states", "verdict", "repeated"),
    [
        ([{}], "invalid", 0),
        ([STALL, {}], "invalid", 1),
        pytest.param([STALL, STALL, {}], "invalid", 2, marks=pytest.mark.thorough),
        ([STALL], "unknown", 2),
    ],
)
def test_what_a_busy_machine_left_unknown_is_run_again(
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    states: list[dict[str, Any]],
    verdict: str,
    repeated: int,
) -> None:
    on_machine(monkeypatch, *states)
    plan = make(MUTE)
    (run,) = run_all(plan, RecordingWatcher())
    assert (run.judgement.word, run.repeated) == (verdict, repeated)
    assert len([*plan.runs_folder.glob("s0/2*")]) == repeated + 1


def test_what_is_run_again_has_the_machine_for_itself(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_machine(monkeypatch, STALL)
    plan = make(MUTE, TALK, MUTE, TALK, jobs=3)
    done = run_all(plan, RecordingWatcher())
    assert [run.repeated for run in done] == [2, 0, 2, 0]
    spans = [span(run) for run in done]
    for one in (spans[0], spans[2]):
        others = [other for other in spans if other is not one]
        assert all(other[1] <= one[0] or one[1] <= other[0] for other in others)


def span(run: Run) -> tuple[float, float]:
    """Return when a run began to start its peers, and when it was judged."""
    assert run.record
    began = datetime.fromisoformat(run.record.started).timestamp()
    return began, began + run.entries[-1].at


def test_no_run_counts_on_a_network_that_carries_nothing(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def carries_nothing(_: Canary) -> None:
        raise NetworkError("the lab's own network carries nothing", hint="look at the firewall")

    monkeypatch.setattr(Canary, "require", carries_nothing)
    plan = make(TALK, TALK, TALK)
    with pytest.raises(NetworkError, match="carries nothing"):
        run_all(plan, RecordingWatcher())
    (folder,) = plan.runs_folder.glob("*/2*")
    assert load(folder).judgement.word == "unknown"


def test_one_job_keeps_its_peers_from_scenario_to_scenario(make: Make) -> None:
    plan = make(TALK, TALK, TALK)
    done = run_all(plan, RecordingWatcher())
    assert len(engines_of(plan).opened) == 1
    warm = [[mark["warm"] for mark in marks(run, "ready")] for run in done]
    assert warm == [[False, False], [True, True], [True, True]]


def test_the_same_scenario_twice_at_once(make: Make) -> None:
    plan = make(TALK, jobs=2)
    plan.sources = [plan.sources[0]] * 4
    done = run_all(plan, RecordingWatcher())
    assert len({run.folder for run in done}) == 4
    assert {run.judgement.word for run in done} == {"valid"}
    assert (plan.runs_folder / "s0/latest/run.json").exists()


def test_nothing_to_do(make: Make) -> None:
    assert run_all(make(), RecordingWatcher()) == []


@pytest.mark.docker
@pytest.mark.thorough  # the library of scenarios runs four at a time
def test_every_job_has_a_network_of_its_own(make: Make) -> None:
    seen: dict[int, list[str]] = {}
    both = threading.Barrier(2, timeout=40)

    def step(number: int, line: str) -> None:
        if "step 1" in line:
            both.wait()
            client = client_behind(engines_of(plan).opened[0])
            mine = set(engines_of(plan).owners)
            seen[number] = things_of(client, lambda owner: owner.run in mine)
            both.wait()

    plan = make(LIST, LIST, jobs=2, engine=EngineName.DOCKER)
    done = run_all(plan, RecordingWatcher(step))
    assert {run.judgement.word for run in done} == {"valid"}
    for things in seen.values():
        assert len([name for name in things if not name.startswith("/")]) == 2
        assert len([name for name in things if name.startswith("/")]) == 6, (
            "and their name servers and canaries"
        )
    with DockerEngine(client_behind(make_engine("docker"))) as other:
        mine = set(engines_of(plan).owners)
        assert things_of(other._client, lambda owner: owner.run in mine) == []


def test_an_engine_that_does_not_answer_ends_all_with_one_message(make: Make) -> None:
    def refuse(_: EngineName) -> Engine:
        raise EngineError("no answer", hint="start it")

    plan, watcher = make(TALK, TALK, TALK, TALK, jobs=2), RecordingWatcher()
    plan.open_engine = refuse
    with pytest.raises(EngineError, match=r"^no answer$"):
        run_all(plan, watcher)
    assert {what for what, _ in watcher.calls} == {"begin"}
    assert plan.cancel.is_set


def test_the_error_of_a_job_is_raised_not_that_others_were_cancelled(make: Make) -> None:
    plan = make(TALK, TALK, jobs=2)
    opening = threading.Barrier(2, timeout=20)
    lock = threading.Lock()
    first = []

    def open_engine(_: EngineName) -> Engine:
        with lock:
            first.append(threading.get_ident())
            is_first = len(first) == 1
        opening.wait()
        if is_first:
            while True:
                plan.cancel.pause(0.01)
        raise EngineError("no answer")

    plan.open_engine = open_engine
    with pytest.raises(LabError, match=r"^no answer$") as caught:
        run_all(plan, RecordingWatcher())
    assert not isinstance(caught.value, RunCancelledError)


def test_an_error_in_one_job_ends_the_runs_of_the_others(make: Make) -> None:
    def step(number: int, line: str) -> None:
        if number == 0 and "expect" in line:
            waiting.set()
        if number == 1:
            assert waiting.wait(20)
            raise ZeroDivisionError("a fault of the lab")

    waiting = threading.Event()
    plan = make(LONG, LONG, LONG, jobs=2)
    with pytest.raises(ZeroDivisionError):
        run_all(plan, RecordingWatcher(step))
    run = load(plan.runs_folder / "s0")
    assert run.broke_off == "the run was stopped"
    assert run.record
    assert not (plan.runs_folder / "s2").exists()


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interruption_ends_all_soon_and_leaves_runs_to_read(make: Make, jobs: int) -> None:
    waiting_runs: set[int] = set()
    ended: list[float] = []

    def step(number: int, line: str) -> None:
        if "expect" in line:
            waiting_runs.add(number)
            if len(waiting_runs) == jobs:
                ended.append(time.monotonic())
                signal.setitimer(signal.ITIMER_REAL, 0.05)

    def interrupt(*_: object) -> None:
        raise Interrupted

    plan = make(LONG, LONG, LONG, jobs=jobs)
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        with pytest.raises(Interrupted):
            run_all(plan, RecordingWatcher(step))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - ended[0] < 20  # far less than the 60 s that a step waits for
    for number in range(jobs):
        run = load(plan.runs_folder / f"s{number}")
        assert run.judgement.word == "unknown"
        assert run.broke_off == "the run was stopped"
        assert run.record
        assert [e.type for e in run.entries if e.verb == "expect"] == ["invoke", "info"]
        assert "listening on" in (run.folder / "alice.transcript").read_text()
    assert not (plan.runs_folder / "s2").exists()


def test_an_interruption_before_the_first_job_has_begun(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Threads(threading.Thread):
        def start(self) -> None:
            super().start()
            if self.name.startswith("ThreadPool"):
                raise Interrupted

    monkeypatch.setattr(threading, "Thread", Threads)
    plan = make(LONG)
    began = time.monotonic()
    with pytest.raises(Interrupted):
        run_all(plan, RecordingWatcher())
    assert plan.cancel.is_set
    assert time.monotonic() - began < 10


def test_after_peers_were_kept_the_next_scenario_has_an_engine_of_its_own(make: Make) -> None:
    plan = make(LONG.replace("within: 60", "within: 0.1"), TALK, TALK)
    plan.keep = True
    opened: list[ProcessEngine] = []
    closed: list[ProcessEngine] = []

    class Kept(ProcessEngine):
        def keep(self) -> None:
            """Take no more notice than that."""

        def close(self) -> None:
            closed.append(self)
            super().close()

    def open_engine(_: EngineName) -> Engine:
        opened.append(Kept(plan.cancel))
        return opened[-1]

    plan.open_engine = open_engine
    done = run_all(plan, RecordingWatcher())
    assert [len(run.kept) for run in done] == [2, 0, 0]
    assert len(opened) == 2
    assert set(closed) == set(opened)
    assert [marks(run, "ready")[0]["warm"] for run in done] == [False, False, True]


def test_scenarios_choose_their_engine(make: Make) -> None:
    own = TALK.replace("peers:", "engine: process\npeers:")
    plan = make(own, TALK, engine=EngineName.AUTO)
    asked: list[EngineName] = []
    open_engine = plan.open_engine

    def noted(name: EngineName) -> Engine:
        asked.append(name)
        return open_engine(name)

    plan.open_engine = noted
    run_all(plan, RecordingWatcher())
    assert asked == [EngineName.PROCESS, EngineName.AUTO]
