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
from orchestrator.errors import LabError, SessionError
from orchestrator.faults.kinds import PROCESSES_LACK
from orchestrator.runner.pool import Pool
from orchestrator.runner.queue import RunQueue
from orchestrator.runner.run import Runner, ScenarioSource, all_valid
from orchestrator.scenario import EngineName, Scenario
from orchestrator.scenario.steps import least_seconds

_SLICE = 0.2  # seconds

OpenEngine = Callable[[EngineName], Engine]
"""Makes an engine of that kind for one job."""


class Watcher(Protocol):
    """Follows the progress of scenarios, numbered from 0. Called from several threads."""

    def phase(self, line: str) -> None:
        """Something begins that takes a while."""

    def begin(self, number: int) -> None:
        """A scenario begins."""

    def step(self, number: int, line: str) -> None:
        """A scenario does something."""

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
    """What to run, and how.

    Attributes:
        sources: the scenarios.
        engine: for scenarios that do not name one.
        open_engine: makes engines.
        runs_folder: where runs are kept.
        cancel: ends everything early.
        jobs: how many scenarios run in parallel.
        keep: whether to leave up the peers of a run that is not valid.
        policy: decides which scenarios run, and how often.
    """

    sources: Sequence[ScenarioSource]
    engine: EngineName
    open_engine: OpenEngine
    runs_folder: Path
    cancel: CancelToken = field(default_factory=CancelToken)
    jobs: int = 1
    keep: bool = False
    policy: Policy = field(default_factory=Policy)

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
            jobs += [threads.submit(_Job(plan, watcher).work, queue, done) for _ in range(count)]
            left = set(jobs)
            # In slices, so that Python handles signals: another thread may take all of them from
            # the kernel, and then none of them interrupts a wait of this thread.
            while left and not any(job.done() and job.exception() for job in jobs):
                left = wait(left, timeout=_SLICE, return_when=FIRST_EXCEPTION).not_done
        except BaseException:
            plan.cancel.set()
            raise
        if any(job.done() and job.exception() for job in jobs):
            plan.cancel.set()
    errors = [error for job in jobs if (error := job.exception())]
    # Jobs were cancelled because another one failed: the failure is what counts.
    for error in sorted(errors, key=lambda error: isinstance(error, RunCancelledError)):
        raise error
    return [done[number] for number in sorted(done)]


class _Job:
    """Runs one scenario after the other, on engines that it keeps for the next one."""

    def __init__(self, plan: Plan, watcher: Watcher) -> None:
        self._plan, self._policy, self._watcher = plan, plan.policy, watcher
        self._runners: dict[EngineName, Runner] = {}
        self._pools = contextlib.ExitStack()

    def work(self, queue: RunQueue, done: dict[int, Run]) -> None:
        """Run scenarios until the queue is empty."""
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
        progress = Progress(self._watcher.phase, functools.partial(self._watcher.step, number))
        folder = self._policy.folder(number)
        may_reuse = functools.partial(self._policy.may_reuse, number)
        self._watcher.begin(number)
        try:
            while True:
                run = self._runner(engine).run(source, progress, folder, may_reuse)
                if run.error and not isinstance(run.error, SessionError | RunCancelledError):
                    self._drop(engine)  # it may be broken: the next run gets a new one
                if (again := self._policy.retry(number, run)) is None:
                    break
                source = again
        except RunCancelledError:
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
