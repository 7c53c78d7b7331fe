"""The course of a grading: which tests are needed after all, what each came to, what is kept."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Protocol

from orchestrator.checks import Verdict
from orchestrator.errors import BuildError, LabError, first_line
from orchestrator.grades import Outcome, Result, Store, Task, blames_lab, leaves_fit, mark, unrun
from orchestrator.grades.store import write_whole
from orchestrator.grading.programs import Program, trouble_line
from orchestrator.running.conduct import Script
from orchestrator.running.jobs import Guide, misfit
from orchestrator.runs import Run
from orchestrator.scenario import EngineName
from orchestrator.scenario.needs import missing
from orchestrator.stop import Stop, StoppedError

_MOST_TRIES = 2  # of a start, before a program is given up
_KEPT, _RUNS, _FAILURES = "kept", "runs", "failures"


class Show(Protocol):
    """Told how far each case is, from several threads; cases are numbered from 0."""

    def phase(self, line: str) -> None:
        """Something begins that takes a while."""

    def begin(self, number: int) -> None:
        """A case begins."""

    def step(self, number: int, line: str) -> None:
        """A case does something."""

    def marked(self, number: int, result: Result) -> None:
        """A case is over."""


@dataclass(frozen=True)
class Case:
    """One test with one program, which is to be run.

    Attributes:
        program: which one.
        task: the test.
        digest: of what its result depends on.
        output: where the program has its folder.
    """

    program: Program
    task: Task
    digest: str
    output: Path

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.program.name}: {self.task.test.name}"

    @property
    def key(self) -> tuple[str, str]:
        """The program's name and the test's."""
        return self.program.name, self.task.test.name

    @cached_property
    def script(self) -> Script:
        """The test's scenario, with the program's profile."""
        return self._script(fresh=self.task.scenario.fresh)

    @cached_property
    def fresh_script(self) -> Script:
        """The same, where every peer must be a new one."""
        return self._script(fresh=True)

    def _script(self, *, fresh: bool) -> Script:
        changes = {"profile": str(self.program.file), "fresh": fresh}
        return Script(self.task.scenario.model_copy(update=changes), self.task.text)

    @property
    def store(self) -> Store:
        """The results of the program."""
        return Store(self.home / _KEPT)

    @property
    def home(self) -> Path:
        """The program's folder in the output."""
        return self.output / self.program.name

    def without_run(self, outcome: Outcome, reason: str) -> Result:
        """Return the result of a case that was not run, or not to its end."""
        return unrun(self.task, outcome, reason)


def decided(program: Program, task: Task, engine: EngineName) -> Result | None:
    """Return the result of a test that need not be run; None where it must be."""
    if program.look is None:
        return unrun(task, Outcome.UNKNOWN, f"its profile is wrong: {trouble_line(program)}")
    if why := misfit(task.scenario, engine):
        return unrun(task, Outcome.NOT_RUN, f"it {why}")
    names = missing(task.scenario, program.look)
    if not names:
        return None
    lacks = {name: why for name, why in program.look.lacks.items() if name in names}
    if lacks:
        whys = "; ".join(f"{name} ({why})" if why else name for name, why in lacks.items())
        return unrun(task, Outcome.LACKING, f"the program has no {whys}")
    says = f"the profile does not say how {' and '.join(map(repr, names))} looks"
    return unrun(task, Outcome.UNKNOWN, says)


@dataclass
class _Starts:
    """Whether a program can be started at all, as far as that is known."""

    works: bool = False
    failed: list[Result] = field(default_factory=list)  # of tests for which it did not start
    cannot_be_built: bool = False

    @property
    def is_hopeless(self) -> bool:
        return not self.works and (self.cannot_be_built or len(self.failed) >= _MOST_TRIES)

    @property
    def despair(self) -> tuple[Outcome, str]:
        """What becomes of further tests, and why."""
        if self.cannot_be_built:
            return Outcome.NOT_RUN, "it cannot be built"
        tried = " and ".join(each.test for each in self.failed[:_MOST_TRIES])
        if any(each.outcome is Outcome.UNKNOWN for each in self.failed):
            return Outcome.UNKNOWN, f"not tried: nobody knows whether it started for {tried}"
        return Outcome.NOT_RUN, f"it did not start for {tried} either"

    def note(self, result: Result) -> None:
        if result.started:
            self.works = True
        elif result.started is False or result.outcome is Outcome.UNKNOWN:
            self.failed.append(result)


class Course(Guide):
    """Marks what was run, and decides what need not be.

    Args:
        cases: what is to be run.
        known: every result, by program and test; those of `cases` are put there.
        output: where every program has its folder.
        show: told how far it is.
        stop: ends everything early.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        known: dict[tuple[str, str], Result],
        output: Path,
        show: Show,
        stop: Stop,
    ) -> None:
        self.cases = cases
        self._known, self._output, self._show, self._stop = known, output, show, stop
        self._lock = threading.Lock()
        self._repeated: set[tuple[int, str]] = set()
        self._starts = {case.program.name: _Starts() for case in cases}
        for (program, _), result in known.items():
            if program in self._starts and result.started is not None:
                self._starts[program].note(result)

    # What `carry_out` asks

    def is_needed(self, number: int) -> bool:
        """Tell whether the program can be started, as far as that is known."""
        case, starts = self.cases[number], self._of(number)
        if not starts.is_hopeless:
            return True
        self._conclude(number, case.without_run(*starts.despair))
        return False

    def folder(self, number: int) -> Path:
        """Return where the program's runs are kept."""
        return self.cases[number].home / _RUNS

    def once_more(self, number: int, run: Run) -> Script | None:
        """Have a run done again that broke off by the lab's fault, or that has a past.

        Peers that served before may carry something over that they should not; a test is
        failed only by new ones.
        """
        case = self.cases[number]
        if self._stop.is_set or mark(case.task, run).outcome is Outcome.PASSED:
            return None
        if blames_lab(run):
            return case.fresh_script if self._first(number, "broke off") else None
        is_warm = any(each.fields.get("warm") for each in run.facts.marks("ready"))
        return case.fresh_script if is_warm and self._first(number, "warm") else None

    def trusts(self, number: int, verdicts: Sequence[Verdict]) -> bool:
        """Let peers serve again whose test is passed: starting new ones costs most of the time.

        Many a wrong program breaks some promise in every run, which this test does not ask for.
        """
        return leaves_fit(self.cases[number].task, verdicts)

    def forgives(self, number: int, error: LabError) -> bool:
        """Take note of a test that could not be run at all."""
        case = self.cases[number]
        where = case.home / _FAILURES / f"{case.task.test.name}.txt"
        write_whole(where, "".join(traceback.format_exception(error.__cause__ or error)))
        says = f"{first_line(error)}; see {where.relative_to(case.home)}"
        self._conclude(number, case.without_run(Outcome.UNKNOWN, says))
        return True

    def is_open(self, number: int) -> bool:
        """Tell whether the tests of a program may be done in any order now."""
        starts = self._of(number)
        return starts.works or starts.is_hopeless

    # What it is told

    def phase(self, line: str) -> None:
        """Pass it on."""
        self._show.phase(line)

    def begin(self, number: int) -> None:
        """Pass it on."""
        self._show.begin(number)

    def step(self, number: int, line: str) -> None:
        """Pass it on."""
        self._show.step(number, line)

    def end(self, number: int, run: Run) -> None:
        """Mark a run and keep the result, unless it was stopped.

        Raises:
            LabError: it cannot be kept.
        """
        if isinstance(run.error, StoppedError):
            return
        case = self.cases[number]
        place = str(run.folder.relative_to(case.home))
        result = mark(case.task, run).model_copy(update={"run": place})
        if isinstance(run.error, BuildError):
            self._of(number).cannot_be_built = True
        if result.settled:
            case.store.put(case.digest, result)
        self._conclude(number, result)

    def _conclude(self, number: int, result: Result) -> None:
        with self._lock:
            self._known[self.cases[number].key] = result
            self._of(number).note(result)
        self._show.marked(number, result)

    def _of(self, number: int) -> _Starts:
        return self._starts[self.cases[number].program.name]

    def _first(self, number: int, why: str) -> bool:
        """Tell whether this is the first time for a case."""
        is_first = (number, why) not in self._repeated
        self._repeated.add((number, why))
        return is_first
