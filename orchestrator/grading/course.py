"""The course of a grading: which tests are needed after all, what each came to, what is kept."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orchestrator.cancel import CancelledError, CancelToken
from orchestrator.checks import Verdict
from orchestrator.checks.judged_run import Run
from orchestrator.errors import BuildError, LabError, first_line
from orchestrator.grades import Outcome, Result, Store, blames_lab, leaves_fit
from orchestrator.grades.store import write_whole
from orchestrator.grading import case
from orchestrator.grading.case import MOST_TRIES, RUNS, Marking, Part
from orchestrator.grading.options import Show
from orchestrator.grading.programs import Program
from orchestrator.runner.run import ScenarioSource

_KEPT, _FAILURES = "kept", "failures"


@dataclass(frozen=True)
class Case(case.Case):
    """One test with one program.

    Attributes:
        task: the test.
        program: which one.
        digest: of what its result depends on.
        output: where the program has its folder.
    """

    program: Program
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

    @property
    def parts(self) -> Sequence[Part]:
        """The program alone."""
        return [Part(self.program)]

    @property
    def profiles(self) -> dict[str, Any]:
        """The program's profile, for all peers."""
        return {"profile": str(self.program.file)}

    @property
    def store(self) -> Store:
        """The results of the program."""
        return Store(self.home / _KEPT)

    @property
    def home(self) -> Path:
        """The program's folder in the output."""
        return self.output / self.program.name


@dataclass
class _Starts:
    """Whether a program can be started at all, as far as that is known."""

    works: bool = False
    failed: list[Result] = field(default_factory=list)  # of tests for which it did not start
    cannot_be_built: bool = False

    @property
    def is_hopeless(self) -> bool:
        return not self.works and (self.cannot_be_built or len(self.failed) >= MOST_TRIES)

    @property
    def despair(self) -> tuple[Outcome, str]:
        """What becomes of further tests, and why."""
        if self.cannot_be_built:
            return Outcome.NOT_RUN, "it cannot be built"
        tried = " and ".join(each.test for each in self.failed[:MOST_TRIES])
        if any(each.outcome is Outcome.UNKNOWN for each in self.failed):
            return Outcome.UNKNOWN, f"not tried: nobody knows whether it started for {tried}"
        return Outcome.NOT_RUN, f"it did not start for {tried} either"

    def note(self, result: Result) -> None:
        if result.started:
            self.works = True
        elif result.started is False or result.outcome is Outcome.UNKNOWN:
            self.failed.append(result)


class Course(Marking[Case]):
    """Marks what was run, and decides what need not be.

    Args:
        cases: what is to be run.
        known: every result, by program and test; those of `cases` are put there.
        show: told how far it is.
        stop: ends everything early.
    """

    def __init__(
        self,
        cases: Sequence[Case],
        known: dict[tuple[str, str], Result],
        show: Show,
        stop: CancelToken,
    ) -> None:
        super().__init__(cases, show, stop)
        self._known = known
        self._starts = {case.program.name: _Starts() for case in cases}
        for (program, _), result in known.items():
            if program in self._starts and result.started is not None:
                self._starts[program].note(result)

    # What `run_all` asks

    def is_needed(self, number: int) -> bool:
        """Tell whether the program can be started, as far as that is known."""
        case, starts = self.cases[number], self._of(number)
        if not starts.is_hopeless:
            return True
        self._conclude(number, case.without_run(*starts.despair))
        return False

    def folder(self, number: int) -> Path:
        """Return where the program's runs are kept."""
        return self.cases[number].home / RUNS

    def retry(self, number: int, run: Run) -> ScenarioSource | None:
        """Have a run done again that broke off by the lab's fault, or that has a past.

        Peers that served before may carry something over that they should not; a test is
        failed only by new ones.
        """
        if self._is_done_with(number, run):
            return None
        why = "broke off" if blames_lab(run) else "warm" if run.was_warm else ""
        return self.cases[number].fresh_script if why and self._is_first(number, why) else None

    def may_reuse(self, number: int, verdicts: Sequence[Verdict]) -> bool:
        """Let peers serve again whose test is passed: starting new ones costs most of the time.

        Many a wrong program breaks some promise in every run, which this test does not ask for.
        """
        return leaves_fit(self.cases[number].task, verdicts)

    def tolerates(self, number: int, error: LabError) -> bool:
        """Take note of a test that could not be run at all."""
        case = self.cases[number]
        where = case.home / _FAILURES / f"{case.task.test.name}.txt"
        write_whole(where, "".join(traceback.format_exception(error.__cause__ or error)))
        says = f"{first_line(error)}; see {where.relative_to(case.home)}"
        self._conclude(number, case.without_run(Outcome.UNKNOWN, says))
        return True

    def is_parallel(self, number: int) -> bool:
        """Tell whether the tests of a program may be done in any order now."""
        starts = self._of(number)
        return starts.works or starts.is_hopeless

    # What it is told

    def end(self, number: int, run: Run) -> None:
        """Mark a run and keep the result, unless it was stopped.

        Raises:
            LabError: it cannot be kept.
        """
        if isinstance(run.error, CancelledError):
            return
        case = self.cases[number]
        result = self._marked(number, run, case.home)
        if isinstance(run.error, BuildError):
            self._of(number).cannot_be_built = True
        if result.settled:
            case.store.put(case.digest, result)
        self._conclude(number, result)

    def take_note(self, case: Case, result: Result) -> None:
        """Take note of what a case came to, and of whether its program was ready."""
        self._known[case.key] = result
        self._starts[case.program.name].note(result)

    def _of(self, number: int) -> _Starts:
        return self._starts[self.cases[number].program.name]
