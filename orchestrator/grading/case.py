"""Cases: one test with one program or two, and what all who mark such runs have in common."""

from __future__ import annotations

import abc
import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from orchestrator.cancel import CancelToken
from orchestrator.checks.judged_run import Run
from orchestrator.grades import Outcome, Result, Task, mark, unrun
from orchestrator.grading.options import Show
from orchestrator.grading.programs import Program
from orchestrator.profile import Profile
from orchestrator.runner.jobs import Policy, misfit
from orchestrator.runner.run import ScenarioSource
from orchestrator.scenario import EngineName
from orchestrator.scenario.validation import missing

MOST_TRIES = 2
"""How often a program is started in vain before it is given up."""

RUNS = "runs"
"""The folder of runs in the output."""


@dataclass(frozen=True)
class Part:
    """A program's part in a case.

    Attributes:
        program: which one.
        name: what reasons call it, where several take part; empty for one alone.
        peers: those that run it; None for all.
    """

    program: Program
    name: str = ""
    peers: Collection[str] | None = None

    @property
    def _called(self) -> str:
        return self.name or "the program"

    @property
    def _profile(self) -> str:
        return f"the profile of {self.name}" if self.name else "the profile"

    @property
    def trouble(self) -> str:
        """Why its profile is of no use, in one line; empty where it is of some."""
        if self.program.look is not None:
            return ""
        return f"{self._profile} {self.program.trouble_line}"

    def lacking(self, task: Task) -> tuple[Outcome, str] | None:
        """Return what becomes of a test that needs what a profile lacks, and why; else None."""
        look = self.program.look
        names = missing(task.scenario, look, self.peers) if look else []
        if look is None or not names:
            return None
        if absent := _absent(look, names):
            return Outcome.LACKING, f"{self._called} has no {absent}"
        says = " and ".join(map(repr, names))
        return Outcome.UNKNOWN, f"{self._profile} does not say how {says} looks"


def _absent(look: Profile, names: Sequence[str]) -> str:
    """Return which of `names` a program does not have, as its profile says and with its why."""
    lacks = {name: why for name, why in look.lacks.items() if name in names}
    return "; ".join(f"{name} ({why})" if why else name for name, why in lacks.items())


@dataclass(frozen=True)
class Case(abc.ABC):
    """One test with some program or programs, which may have to be run.

    Attributes:
        task: the test.
    """

    task: Task

    @property
    @abc.abstractmethod
    def name(self) -> str:
        """What people call it."""

    @property
    @abc.abstractmethod
    def parts(self) -> Sequence[Part]:
        """The programs that take part."""

    @property
    @abc.abstractmethod
    def profiles(self) -> dict[str, Any]:
        """The keys of a scenario that say which programs take part."""

    @cached_property
    def script(self) -> ScenarioSource:
        """The test's scenario, with the profiles of those that take part."""
        return self._script(fresh=self.task.scenario.fresh)

    @cached_property
    def fresh_script(self) -> ScenarioSource:
        """The same, where every peer must be a new one."""
        return self._script(fresh=True)

    def _script(self, *, fresh: bool) -> ScenarioSource:
        changes = {**self.profiles, "fresh": fresh}
        return ScenarioSource(self.task.scenario.model_copy(update=changes), self.task.text)

    def without_run(self, outcome: Outcome, reason: str) -> Result:
        """Return the result of a case that was not run, or not to its end."""
        return unrun(self.task, outcome, reason)

    def decided(self, engine: EngineName) -> Result | None:
        """Return the result of a case that need not be run; None where it must be."""
        if trouble := next(filter(None, (part.trouble for part in self.parts)), ""):
            return self.without_run(Outcome.UNKNOWN, trouble)
        if why := misfit(self.task.scenario, engine):
            return self.without_run(Outcome.NOT_RUN, f"it {why}")
        lacking = filter(None, (part.lacking(self.task) for part in self.parts))
        first = next(lacking, None)
        return self.without_run(*first) if first else None


AnyCase = TypeVar("AnyCase", bound=Case)


class Marking(Policy, abc.ABC, Generic[AnyCase]):
    """Marks cases as they are run; who derives from it decides which need not be.

    Args:
        cases: what is to be run.
        show: told how far it is.
        stop: ends everything early.

    Attributes:
        cases: as given.
    """

    def __init__(self, cases: Sequence[AnyCase], show: Show, stop: CancelToken) -> None:
        self.cases = cases
        self._show, self._stop = show, stop
        self._lock = threading.Lock()
        self._repeated: set[tuple[int, str]] = set()

    @abc.abstractmethod
    def take_note(self, case: AnyCase, result: Result) -> None:
        """Take note of what a case came to, one thread at a time."""

    def phase(self, line: str) -> None:
        """Pass it on."""
        self._show.phase(line)

    def begin(self, number: int) -> None:
        """Pass it on."""
        self._show.begin(number)

    def step(self, number: int, line: str) -> None:
        """Pass it on."""
        self._show.step(number, line)

    def _is_done_with(self, number: int, run: Run) -> bool:
        """Tell whether a run counts whatever else it is like: it is passed, or all is to end."""
        task = self.cases[number].task
        return self._stop.is_set or mark(task, run).outcome is Outcome.PASSED

    def _is_first(self, number: int, why: str = "") -> bool:
        """Tell whether a case was not asked for before, for that reason."""
        is_first = (number, why) not in self._repeated
        self._repeated.add((number, why))
        return is_first

    def _marked(self, number: int, run: Run, home: Path) -> Result:
        """Return the result of a run, whose folder is told as seen from `home`."""
        place = str(run.folder.relative_to(home))
        return mark(self.cases[number].task, run).model_copy(update={"run": place})

    def _conclude(self, number: int, result: Result) -> None:
        with self._lock:
            self.take_note(self.cases[number], result)
        self._show.marked(number, result)
