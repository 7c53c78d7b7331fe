"""Schedules: which cases need a run, which runs are repeated, and what each case came to."""

from __future__ import annotations

import abc
import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from orchestrator.cancel import CancelToken, RunCancelledError
from orchestrator.checks import Verdict
from orchestrator.checks import crashes as crashes_check
from orchestrator.checks.judged_run import Run
from orchestrator.errors import BuildError, LabError, SessionError, first_line
from orchestrator.grading.cases import CaseKey, GradingCase
from orchestrator.grading.causes import alike
from orchestrator.grading.marking import blames_lab, late_kinds, mark, passes_cleanly, without_run
from orchestrator.grading.output import write_output
from orchestrator.grading.results import OTHER, CheckResult, Outcome, Result
from orchestrator.runner.jobs import Follower, Policy
from orchestrator.runner.run import ScenarioSource

_MOST_STARTS = 2  # tests for which a program is started in vain before it is given up


class CaseDisplay(Follower, Protocol):
    """Shows the progress of cases."""

    def marked(self, number: int, result: Result) -> None:
        """Show the result of a case."""


class Schedule(Policy, abc.ABC):
    """Decides what is run, marks the runs, and keeps the results, also in `known`."""

    def __init__(
        self,
        cases: Sequence[GradingCase],
        known: dict[CaseKey, Result],
        display: CaseDisplay,
        cancel: CancelToken,
    ) -> None:
        self.phase, self.begin, self.step = display.phase, display.begin, display.step
        self._cases, self._known = cases, known
        self._display, self._cancel = display, cancel
        self._lock = threading.Lock()
        self._repeated: set[tuple[int, str]] = set()
        self._prepare()

    # What differs between single programs and pairs

    @abc.abstractmethod
    def _prepare(self) -> None:
        """Take note of the results that are known already."""

    @abc.abstractmethod
    def _skipped(self, case: GradingCase) -> Result | None:
        """Return the result of a case that no longer needs a run; else None."""

    def _doubt(self, run: Run) -> str:
        """Return why a run may not count; empty if it does. Each reason allows one retry."""
        return "broke off" if blames_lab(run) else "warm" if run.was_warm else ""

    def _marked(self, case: GradingCase, run: Run) -> Result:
        found = {"run": str(run.folder.relative_to(case.home)), "repeated": run.repeated}
        return mark(case.task, run).model_copy(update=found)

    def _note(self, case: GradingCase, result: Result) -> None:
        """Take note of a result, one thread at a time."""
        self._known[case.key] = result

    # The policy of a run

    def is_needed(self, number: int) -> bool:
        """Return whether a case still needs a run."""
        result = self._skipped(self._cases[number])
        if result:
            self._conclude(number, result)
        return not result

    def folder(self, number: int) -> Path:
        """Return the folder for the runs of a case."""
        return self._cases[number].folder("runs")

    def retry(self, number: int, run: Run) -> ScenarioSource | None:
        """Repeat a run that the lab ended, or whose peers had served before, with new peers.

        Such peers may carry something over. A test is only failed with new ones.
        """
        case, why = self._cases[number], self._doubt(run)
        if not why or (number, why) in self._repeated or self._cancel.is_set:
            return None
        if mark(case.task, run).outcome is Outcome.PASSED:
            return None
        self._repeated.add((number, why))
        return case.fresh_source

    def is_late(self, number: int, run: Run) -> bool:
        """Repeat a run alone if the machine was too busy for a result."""
        is_unknown = mark(self._cases[number].task, run).outcome is Outcome.UNKNOWN
        return is_unknown and run.is_doubtful

    def may_reuse(self, number: int, verdicts: Sequence[Verdict]) -> bool:
        """Reuse the peers of a passed test: starting new ones takes most of the time.

        Many wrong programs break some promise in every run, one this test does not ask for. What a
        stranger among the test's peers did to the others may show later.
        """
        task = self._cases[number].task
        return not task.scenario.profiles and passes_cleanly(task, verdicts)

    def tolerates(self, number: int, error: LabError) -> bool:
        """Record the traceback of a case that could not be run at all."""
        case = self._cases[number]
        path = case.folder("failures") / f"{case.task.test.name}.txt"
        write_output(path, "".join(traceback.format_exception(error.__cause__ or error)))
        says = f"{first_line(error)}; see {path.relative_to(case.home)}"
        self._conclude(number, without_run(case.task, Outcome.UNKNOWN, says))
        return True

    def end(self, number: int, run: Run) -> None:
        """Mark a run and keep the result, unless it was cancelled.

        Raises:
            LabError: it cannot be kept.
        """
        if isinstance(run.error, RunCancelledError):
            return
        case = self._cases[number]
        result = self._marked(case, run)
        if result.settled:
            case.store.put(case.digest, result)
        self._conclude(number, result)

    def _conclude(self, number: int, result: Result) -> None:
        with self._lock:
            self._note(self._cases[number], result)
        self._display.marked(number, result)


@dataclass
class _Starts:
    """What is known about whether a program starts."""

    works: bool = False
    failed: list[Result] = field(default_factory=list)  # of tests for which it did not start
    cannot_be_built: bool = False

    @property
    def is_hopeless(self) -> bool:
        return not self.works and (self.cannot_be_built or len(self.failed) >= _MOST_STARTS)

    @property
    def verdict(self) -> tuple[Outcome, str]:
        """The outcome of further tests of a hopeless program, and why."""
        if self.cannot_be_built:
            return Outcome.NOT_RUN, "it cannot be built"
        tried = " and ".join(result.test for result in self.failed[:_MOST_STARTS])
        if any(result.outcome is Outcome.UNKNOWN for result in self.failed):
            return Outcome.UNKNOWN, f"not tried: it is not known whether it started for {tried}"
        return Outcome.NOT_RUN, f"it did not start for {tried} either"

    def note(self, result: Result) -> None:
        if result.started:
            self.works = True
        elif result.started is False or result.outcome is Outcome.UNKNOWN:
            self.failed.append(result)


class ProgramSchedule(Schedule):
    """The schedule of single programs: one that does not start in two tests is given up."""

    def _prepare(self) -> None:
        # crashes in runs with peers that had served before, by case: some earlier test caused them
        self._crashes: dict[CaseKey, CheckResult] = {}
        self._starts = {case.names: _Starts() for case in self._cases}
        for (names, _), result in self._known.items():
            if names in self._starts and result.started is not None:
                self._starts[names].note(result)

    def is_parallel(self, number: int) -> bool:
        """Return whether the tests of a program may be run in any order now."""
        starts = self._starts[self._cases[number].names]
        return starts.works or starts.is_hopeless

    def _skipped(self, case: GradingCase) -> Result | None:
        starts = self._starts[case.names]
        return without_run(case.task, *starts.verdict) if starts.is_hopeless else None

    def is_late(self, number: int, run: Run) -> bool:
        """Repeat a run also if the machine was too busy to say whose fault made it fail."""
        case = self._cases[number]
        return super().is_late(number, run) or self._may_share(case, mark(case.task, run), run)

    def retry(self, number: int, run: Run) -> ScenarioSource | None:
        """Repeat a run as others do; a crash that it showed is not forgotten."""
        source = super().retry(number, run)
        crashes = [it for it in run.verdicts if it.check == crashes_check.NAME and it.wrong]
        if source and run.was_warm and crashes:
            self._crashes[self._cases[number].key] = _of_earlier(crashes[0])
        return source

    def _may_share(self, case: GradingCase, result: Result, run: Run) -> bool:
        """Return whether a test may have failed only by the fault of one that it needs.

        One that has no result yet may have any fault.
        """
        late = late_kinds(case.task, run)
        if result.outcome is not Outcome.FAILED or not late:
            return False
        basic = [self._known.get((case.names, name)) for name in result.needs]
        return None in basic or bool(alike(filter(None, basic), late))

    def _marked(self, case: GradingCase, run: Run) -> Result:
        if isinstance(run.error, BuildError):
            self._starts[case.names].cannot_be_built = True
        result = super()._marked(case, run)
        is_open = self._may_share(case, result, run)
        also = [self._crashes[case.key]] if case.key in self._crashes else []
        settled = result.settled and not is_open
        return result.model_copy(update={"settled": settled, "also": (*result.also, *also)})

    def _note(self, case: GradingCase, result: Result) -> None:
        super()._note(case, result)
        self._starts[case.names].note(result)


def _of_earlier(crashes: Verdict) -> CheckResult:
    """Return crashes as found with peers that had served in other tests before."""
    says = "with peers of an earlier test, {}"
    told = [replace(it, says=says.format(it.says)) for it in crashes.findings[: crashes.wrong]]
    return CheckResult.of(replace(crashes, findings=tuple(told)))


class PairSchedule(Schedule):
    """The schedule of pairs.

    A program that does not start when it talks to itself is not tried with others, and a pair
    that does not pass a required test is not tried further. The tests of a pair are run one after
    the other, as one job runs all cases of a program that dials: see `is_parallel`.
    """

    def _prepare(self) -> None:
        self._unstartable: dict[str, Result] = {}  # programs, with the result that shows it
        self._failed: dict[tuple[str, ...], Result] = {}  # pairs, with a required test
        for (names, _), result in self._known.items():
            self._learn(names, result)

    def is_parallel(self, number: int) -> bool:
        """Return that no other job may have cases of the same program that dials."""
        return False

    def _doubt(self, run: Run) -> str:
        return super()._doubt(run) or ("unready" if _is_unready(run) else "")

    def _skipped(self, case: GradingCase) -> Result | None:
        for name in case.names:
            if shown := self._unstartable.get(name):
                if shown.outcome is Outcome.UNKNOWN:
                    return without_run(case.task, Outcome.UNKNOWN, shown.reason)
                return _blocked(without_run(case.task, shown.outcome, shown.reason), name)
        if failed := self._failed.get(case.names):
            if failed.is_blocked:
                return without_run(case.task, Outcome.NOT_RUN, failed.reason, started=False)
            return without_run(case.task, Outcome.NOT_RUN, f"`{failed.test}` did not pass")
        return None

    def _marked(self, case: GradingCase, run: Run) -> Result:
        result = super()._marked(case, run)
        if not (isinstance(run.error, BuildError) or _is_unready(run)):
            return result
        if _is_alone(case.names):
            return result.model_copy(update={"started": False})
        return (
            result if result.outcome is Outcome.UNKNOWN else _blocked(result, _culprit(case, run))
        )

    def _note(self, case: GradingCase, result: Result) -> None:
        super()._note(case, result)
        self._learn(case.names, result)

    def _learn(self, names: tuple[str, ...], result: Result) -> None:
        if _is_alone(names) and result.started is False and not result.is_blocked:
            self._unstartable.setdefault(names[0], result)
        if result.required and result.outcome is not Outcome.PASSED:
            self._failed.setdefault(names, result)


def _is_alone(names: tuple[str, ...]) -> bool:
    return len({*names}) == 1


def _blocked(result: Result, name: str) -> Result:
    """Return the result of a test that was not run because a program does not start."""
    reason = f"{name} does not start: {result.reason}"
    changes = {"outcome": Outcome.NOT_RUN, "started": False, "findings": (), "reason": reason}
    return result.model_copy(update=changes)


def _is_unready(run: Run) -> bool:
    """Return whether a program did not get ready, and the lab is not the reason."""
    ready = {entry.peer for entry in run.index.marks("ready")}
    return isinstance(run.error, SessionError) and run.error.peer not in ready


def _culprit(case: GradingCase, run: Run) -> str:
    """Return which program of a pair could not be built or started."""
    if isinstance(run.error, SessionError):
        return case.names[-1 if run.error.peer == OTHER else 0]
    says = run.error.what if run.error else ""
    named = [program.name for program in case.programs if str(program.folder) in says]
    return named[0] if named else "one of the two"
