"""Several scenarios, one after the other or side by side, each job with engines of its own."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from orchestrator.cancel import CancelledError, CancelToken
from orchestrator.checks import Verdict
from orchestrator.checks.judged_run import Run
from orchestrator.engines.base import Engine, Progress
from orchestrator.errors import LabError, SessionError
from orchestrator.faults.kinds import PROCESSES_LACK
from orchestrator.runner.pool import Pool
from orchestrator.runner.queue import RunQueue
from orchestrator.runner.run import Runner, Script, all_valid
from orchestrator.scenario import EngineName, Scenario
from orchestrator.scenario.steps import least_seconds

_SLICE = 0.2  # seconds

OpenEngine = Callable[[EngineName], Engine]
"""Makes an engine of that kind, of the caller's own."""


class Watcher(Protocol):
    """Told how far each scenario is, from several threads; scenarios are numbered from 0."""

    def phase(self, line: str) -> None:
        """Something begins that takes a while."""

    def begin(self, number: int) -> None:
        """A scenario begins."""

    def step(self, number: int, line: str) -> None:
        """A scenario does something."""

    def end(self, number: int, run: Run) -> None:
        """A scenario is over."""


class Policy:
    """Decides along the way; this one lets everything take its course.

    Called by several threads, about one script by one thread at a time.
    """

    def is_needed(self, number: int) -> bool:
        """Tell whether a script, whose turn it is, is to be run after all."""
        return True

    def folder(self, number: int) -> Path | None:
        """Return where the run of a script is kept, if not where the others are."""
        return None

    def once_more(self, number: int, run: Run) -> Script | None:
        """Return what is run in place of a run that is over; None where that one counts."""
        return None

    def trusts(self, number: int, verdicts: Sequence[Verdict]) -> bool:
        """Tell whether the peers of a run may serve again, if they can be tidied."""
        return all_valid(verdicts)

    def forgives(self, number: int, error: LabError) -> bool:
        """Tell whether all others go on although this one could not be run at all."""
        return False

    def is_open(self, number: int) -> bool:
        """Tell whether other jobs may have scripts of the same program now: see `RunQueue`."""
        return True


@dataclass
class Plan:
    """What is to be run, and how.

    Attributes:
        scripts: the scenarios.
        engine: where those run that do not say.
        open_engine: makes engines.
        runs_folder: where runs are kept.
        stop: ends everything early.
        jobs: how many run side by side.
        keep: whether to leave up the peers of a run that is not valid.
        guide: decides along the way.
    """

    scripts: Sequence[Script]
    engine: EngineName
    open_engine: OpenEngine
    runs_folder: Path
    stop: CancelToken = field(default_factory=CancelToken)
    jobs: int = 1
    keep: bool = False
    guide: Policy = field(default_factory=Policy)

    def agenda(self) -> RunQueue:
        """Return the scripts in their order; a job goes on with the program that it had.

        Side by side, what takes longest comes first: else all would wait for it at the end.
        Where the first scripts of a program decide on the others, the order is theirs.
        """
        programs = [script.scenario.profile for script in self.scripts]
        closed = {name for n, name in enumerate(programs) if not self.guide.is_open(n)}

        def length(number: int) -> float:
            alone = self.jobs == 1 or programs[number] in closed
            return 0.0 if alone else least_seconds(self.scripts[number].scenario.steps)

        order = sorted(range(len(programs)), key=length, reverse=True)
        return RunQueue(programs, self.stop, [*closed], order)


def misfit(script: Scenario, engine: EngineName) -> str:
    """Return why a scenario cannot run on an engine; empty where it can, as far as is known."""
    if script.engine and engine not in (EngineName.AUTO, script.engine):
        return f"runs on the engine {script.engine} alone"
    lacking = [each for each in script.needed if each in PROCESSES_LACK]
    if EngineName.PROCESS in (engine, script.engine) and lacking:
        return f"needs `{script.needed[lacking[0]]}`, but {PROCESSES_LACK[lacking[0]]}"
    return ""


def carry_out(plan: Plan, watcher: Watcher) -> list[Run]:
    """Run every scenario that the guide needs; return the runs in the order of the scenarios.

    However this ends, nothing is left running but what was to be kept; whatever ends it
    early, such as Ctrl-C, ends the runs that are under way first.

    Raises:
        LabError: an engine does not answer, or a run cannot be kept.
    """
    agenda = plan.agenda()
    done: dict[int, Run] = {}
    jobs: list[Future[None]] = []
    count = max(1, min(plan.jobs, len(plan.scripts)))
    with ThreadPoolExecutor(count) as threads:
        try:
            jobs += [threads.submit(_Job(plan, watcher).work, agenda, done) for _ in range(count)]
            _await(jobs)
        except BaseException:
            plan.stop.set()
            raise
        if any(job.done() and job.exception() for job in jobs):
            plan.stop.set()
    _raise_first(jobs)
    return [done[number] for number in sorted(done)]


def _await(jobs: Sequence[Future[None]]) -> None:
    """Wait until all have ended, or one of them badly.

    In slices, so that Python turns to signals: where several come at once, another thread may
    take them all from the kernel, and then none of them ends a wait of this one.
    """
    left: set[Future[None]] = set(jobs)
    while left:
        done, left = wait(left, timeout=_SLICE, return_when="FIRST_EXCEPTION")
        if any(job.exception() for job in done):
            return


def _raise_first(jobs: Sequence[Future[None]]) -> None:
    """Raise what ended a job; that it was stopped is only a consequence of another's end."""
    errors = [error for job in jobs if (error := job.exception())]
    for error in sorted(errors, key=lambda each: isinstance(each, CancelledError)):
        raise error


def _as_lab(error: Exception) -> LabError:
    if isinstance(error, LabError):
        return error
    failed = LabError(f"the lab failed: {type(error).__name__}: {error}")
    failed.__cause__ = error
    return failed


class _Job:
    """Runs one scenario after the other, on engines that it keeps for the next one."""

    def __init__(self, plan: Plan, watcher: Watcher) -> None:
        self._plan, self._watcher = plan, watcher
        self._conductors: dict[EngineName, Runner] = {}
        self._pools = contextlib.ExitStack()

    def work(self, agenda: RunQueue, done: dict[int, Run]) -> None:
        """Run what waits, until nothing does."""
        last = ""
        with self._pools:
            while (number := agenda.take(last)) is not None:
                last = self._plan.scripts[number].scenario.profile
                try:
                    if self._plan.guide.is_needed(number) and (run := self._attempt(number)):
                        done[number] = run
                    if self._plan.guide.is_open(number):
                        agenda.open(last)
                finally:
                    agenda.done(number)

    def _attempt(self, number: int) -> Run | None:
        """Run a scenario, as often as the guide wants; None where it could not be run at all."""
        guide, script = self._plan.guide, self._plan.scripts[number]
        self._watcher.begin(number)
        engine = EngineName(script.scenario.engine or self._plan.engine)
        try:
            run = self._run(number, engine, script)
            while again := guide.once_more(number, run):
                run = self._run(number, engine, again)
        except CancelledError:
            raise
        except Exception as error:  # a program's reader is code of somebody's own
            if engine not in self._conductors or not guide.forgives(number, _as_lab(error)):
                raise
            self._drop(engine)
            return None
        self._watcher.end(number, run)
        return run

    def _run(self, number: int, engine: EngineName, script: Script) -> Run:
        conductor, watcher = self._conductor(engine), self._watcher
        conductor.runs_folder = self._plan.guide.folder(number) or self._plan.runs_folder
        conductor.trusts = functools.partial(self._plan.guide.trusts, number)
        progress = Progress(watcher.phase, lambda line: watcher.step(number, line))
        run = conductor.run(script, progress)
        if run.error and not isinstance(run.error, SessionError | CancelledError):
            self._drop(engine)  # whatever went wrong with it, the next one is not to have it
        return run

    def _drop(self, engine: EngineName) -> None:
        """Let go of an engine; the next scenario has a new one."""
        conductor = self._conductors.pop(engine)
        if not conductor.pool.is_kept:
            conductor.pool.close()

    def _conductor(self, name: EngineName) -> Runner:
        """Return who conducts on such an engine; a new one where the last one's is kept."""
        known = self._conductors.get(name)
        if known is None or known.pool.is_kept:
            plan = self._plan
            pool = Pool(plan.open_engine(name), plan.stop)
            self._pools.callback(pool.close)
            known = Runner(pool, plan.runs_folder, plan.stop, plan.keep)
            self._conductors[name] = known
        return known
