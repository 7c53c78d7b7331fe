"""Run many scenarios, one after the other or in parallel; every job has its own engines."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from orchestrator.cancel import CancelToken, RunCancelledError
from orchestrator.checks import Verdict
from orchestrator.checks.judged_run import Run
from orchestrator.engines.base import Engine, Progress
from orchestrator.engines.counting import counted
from orchestrator.errors import LabError, NetworkError, SessionError, first_line
from orchestrator.faults.kinds import PROCESSES_LACK
from orchestrator.runner.alone import RunsBeside
from orchestrator.runner.pool import Pool
from orchestrator.runner.queue import RunQueue
from orchestrator.runner.run import Runner, ScenarioSource, all_valid
from orchestrator.scenario import EngineName, Scenario
from orchestrator.scenario.steps import least_seconds

_SLICE = 0.2  # seconds
MOST_REPEATS = 2  # of a run whose verdict is unknown because the machine was busy

OpenEngine = Callable[[EngineName], Engine]  # makes an engine of that kind for one job


class Follower(Protocol):
    """Follows scenarios, numbered from 0, while they run. Called from several threads."""

    def phase(self, line: str) -> None:
        """Something begins that takes a while."""

    def begin(self, number: int) -> None:
        """A scenario begins."""

    def step(self, number: int, line: str) -> None:
        """A scenario does something."""


class Watcher(Follower, Protocol):
    """Follows scenarios to their end."""

    def end(self, number: int, run: Run) -> None:
        """A scenario is over."""


class Policy:
    """Decides which scenarios run, and how often. By default each runs once.

    Called from several threads, but about one scenario from one thread at a time.
    """

    def is_needed(self, number: int) -> bool:
        """Return whether a scenario that is next still has to run."""
        return True

    def folder(self, number: int) -> Path | None:
        """Return where the run of a scenario is kept; None for the plan's folder."""
        return None

    def retry(self, number: int, run: Run) -> ScenarioSource | None:
        """Return what to run in place of a finished run; None if that run counts."""
        return None

    def is_late(self, number: int, run: Run) -> bool:
        """Return whether a run is to be repeated alone, because the machine was too busy for it."""
        return run.is_late

    def may_reuse(self, number: int, verdicts: Sequence[Verdict]) -> bool:
        """Return whether the peers of a run may serve again, if they can be disconnected."""
        return all_valid(verdicts)

    def tolerates(self, number: int, error: LabError) -> bool:
        """Return whether the other scenarios go on although this one could not run at all."""
        return False

    def is_parallel(self, number: int) -> bool:
        """Return whether other jobs may run scenarios of the same program now: see `RunQueue`."""
        return True


@dataclass
class Plan:
    """What to run, and how."""

    sources: Sequence[ScenarioSource]  # the scenarios
    engine: EngineName  # for scenarios that do not name one
    open_engine: OpenEngine  # makes engines
    runs_folder: Path  # where runs are kept
    cancel: CancelToken = field(default_factory=CancelToken)  # ends everything early
    jobs: int = 1  # how many scenarios run in parallel
    keep: bool = False  # whether to leave up the peers of a run that is not valid
    policy: Policy = field(default_factory=Policy)  # decides which scenarios run, and how often

    def queue(self) -> RunQueue:
        """Return the scenarios in the order in which they start.

        With several jobs the longest scenarios come first, so that no job waits for one at the
        end. Scenarios of a serial program keep their order: the first ones decide on the rest.
        """
        programs = [source.scenario.profile for source in self.sources]
        serial = {name for n, name in enumerate(programs) if not self.policy.is_parallel(n)}

        def length(number: int) -> float:
            if self.jobs == 1 or programs[number] in serial:
                return 0.0
            return least_seconds(self.sources[number].scenario.steps)

        order = sorted(range(len(programs)), key=length, reverse=True)
        return RunQueue(programs, self.cancel, [*serial], order)


def misfit(scenario: Scenario, engine: EngineName) -> str:
    """Return why a scenario cannot run on an engine; empty if it can, as far as is known."""
    if scenario.engine and engine not in (EngineName.AUTO, scenario.engine):
        return f"runs on the engine {scenario.engine} alone"
    if scenario.compose and engine is EngineName.PROCESS:
        return "runs the services of a Compose file, and those are containers"
    missing = [feature for feature in scenario.needed if feature in PROCESSES_LACK]
    if EngineName.PROCESS in (engine, scenario.engine) and missing:
        return f"needs `{scenario.needed[missing[0]]}`, but {PROCESSES_LACK[missing[0]]}"
    return ""


def run_all(plan: Plan, watcher: Watcher) -> list[Run]:
    """Run every scenario that the policy needs; return the runs in the order of the scenarios.

    Nothing is left running but what was to be kept, however this ends. An interruption such as
    Ctrl-C ends the active runs first.

    Raises:
        LabError: an engine does not answer, or a run cannot be kept.
    """
    queue = plan.queue()
    done: dict[int, Run] = {}
    jobs: list[Future[None]] = []
    count = max(1, min(plan.jobs, len(plan.sources)))
    with ThreadPoolExecutor(count) as threads:
        try:
            beside = RunsBeside(plan.cancel)
            works = [_Job(plan, watcher, beside).work for _ in range(count)]
            jobs += [threads.submit(work, queue, done) for work in works]
            left = set(jobs)
            # In slices, so that Python handles signals: another thread may take all of them from
            # the kernel, and then none of them interrupts a wait of this thread.
            while left and not any(job.done() and job.exception() for job in jobs):
                left = wait(left, timeout=_SLICE, return_when=FIRST_EXCEPTION).not_done
        except BaseException as end:
            plan.cancel.set()
            while wait(jobs, timeout=_SLICE).not_done:
                pass
            for failure in _failures(jobs):  # something may be left: the user must know
                end.add_note(": ".join(filter(None, (first_line(failure), failure.hint))))
            raise
        if any(job.done() and job.exception() for job in jobs):
            plan.cancel.set()
    errors = [error for job in jobs if (error := job.exception())]
    # Jobs were cancelled because another one failed: the failure is what counts.
    for error in sorted(errors, key=lambda error: isinstance(error, RunCancelledError)):
        raise error
    return [done[number] for number in sorted(done)]


def _failures(jobs: Sequence[Future[None]]) -> list[LabError]:
    errors = [job.exception() for job in jobs]
    return [e for e in errors if isinstance(e, LabError) and not isinstance(e, RunCancelledError)]


class _Job:
    """Runs one scenario after the other, on engines that it keeps for the next one."""

    def __init__(self, plan: Plan, watcher: Watcher, beside: RunsBeside) -> None:
        self._plan, self._policy, self._watcher = plan, plan.policy, watcher
        self._beside = beside
        self._runners: dict[EngineName, Runner] = {}
        self._pools = contextlib.ExitStack()

    def work(self, queue: RunQueue, done: dict[int, Run]) -> None:
        last = ""
        with self._pools:
            while (number := queue.take(last)) is not None:
                last = self._plan.sources[number].scenario.profile
                try:
                    if self._policy.is_needed(number) and (run := self._attempt(number)):
                        done[number] = run
                    if self._policy.is_parallel(number):
                        queue.allow_parallel(last)
                finally:
                    queue.done(number)

    def _attempt(self, number: int) -> Run | None:
        """Run a scenario as often as the policy wants; return None if it could not run at all."""
        source = self._plan.sources[number]
        engine = EngineName(source.scenario.engine or self._plan.engine)
        self._watcher.begin(number)
        try:
            run, repeated = self._run(number, source, engine), 0
            while again := self._again(number, source, run, repeated):
                source, is_late = again
                repeated += is_late
                run = self._run(number, source, engine, alone=is_late)
            run.repeated = repeated
        except (RunCancelledError, NetworkError):  # no other run would fare better
            raise
        except Exception as error:  # a profile's reader is third-party code
            if isinstance(error, LabError):
                failure = error
            else:
                failure = LabError(f"the lab failed: {type(error).__name__}: {error}")
                failure.__cause__ = error
            if engine not in self._runners or not self._policy.tolerates(number, failure):
                raise
            self._drop(engine)
            return None
        self._watcher.end(number, run)
        return run

    def _run(
        self, number: int, source: ScenarioSource, engine: EngineName, *, alone: bool = False
    ) -> Run:
        """Run a scenario once, alone or beside those of other jobs.

        Raises:
            NetworkError: the network carries nothing, so that no run can be judged.
        """
        progress = Progress(self._watcher.phase, functools.partial(self._watcher.step, number))
        folder = self._policy.folder(number)
        may_reuse = functools.partial(self._policy.may_reuse, number)
        if alone:
            progress.step("again, alone: the machine was busy")
        with self._beside.run(alone=alone), counted(progress) as progress:
            run = self._runner(engine).run(source, progress, folder, may_reuse)
        if isinstance(run.error, NetworkError):
            raise run.error
        if run.error and not isinstance(run.error, SessionError | RunCancelledError):
            self._drop(engine)  # it may be broken: the next run gets a new one
        return run

    def _again(
        self, number: int, source: ScenarioSource, run: Run, repeated: int
    ) -> tuple[ScenarioSource, bool] | None:
        """Return what to run in place of a finished run, and whether alone; None if it counts."""
        is_over = self._plan.cancel.is_set or run.kept
        if not is_over and repeated < MOST_REPEATS and self._policy.is_late(number, run):
            return source, True
        again = self._policy.retry(number, run)
        return (again, False) if again else None

    def _drop(self, engine: EngineName) -> None:
        runner = self._runners.pop(engine)
        if not runner.pool.is_kept:
            runner.pool.close()

    def _runner(self, name: EngineName) -> Runner:
        """Return this job's runner on an engine; a new one if the last one's peers are kept."""
        runner = self._runners.get(name)
        if runner is None or runner.pool.is_kept:
            plan = self._plan
            pool = Pool(plan.open_engine(name), plan.cancel)
            self._pools.callback(pool.close)
            runner = Runner(pool, plan.runs_folder, plan.cancel, plan.keep)
            self._runners[name] = runner
        return runner
