"""One command: which cases are known from before, and a schedule that runs the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.cancel import CancelToken
from orchestrator.grading.cases import CaseKey, GradingCase
from orchestrator.grading.marking import without_run
from orchestrator.grading.programs import Program
from orchestrator.grading.results import Outcome, Result
from orchestrator.grading.rubric import Suite
from orchestrator.grading.schedule import CaseDisplay, Schedule
from orchestrator.grading.store import case_digest, program_digest
from orchestrator.runner.jobs import OpenEngine, Plan, run_all
from orchestrator.scenario import EngineName

OpenDisplay = Callable[[list[str]], AbstractContextManager[CaseDisplay]]
"""Opens a display for the cases with these titles."""


@dataclass
class GradingOptions:
    """How programs are graded, one by one or in pairs.

    Attributes:
        engine: where programs run; docker or process.
        open_engine: makes engines.
        output: the folder of results.
        jobs: how many tests run side by side.
        cancel: ends everything early.
        again: whether to ignore kept results.
        only: the names of the tests to run; all if none is named.
    """

    engine: EngineName
    open_engine: OpenEngine
    output: Path
    jobs: int = 1
    cancel: CancelToken = field(default_factory=CancelToken)
    again: bool = False
    only: Sequence[str] = ()


class Session:
    """The cases of one command.

    Args:
        suite: the tests.
        options: how they are run.

    Raises:
        DocumentError: there is no test of a name in `only`.
    """

    def __init__(self, suite: Suite, options: GradingOptions) -> None:
        self._suite, self._options = suite, options
        self.asked = suite.only(options.only).tasks
        self._known: dict[CaseKey, Result] = {}
        self._before: dict[CaseKey, Result] = {}  # counts until the case is run
        self._digests: dict[str, str] = {}

    def open_cases(self, *programs: Program) -> list[GradingCase]:
        """Return the cases of one program, or of a pair, that need a run."""
        digests = [self._digest(program) for program in programs]
        found = []
        for task in self._suite.tasks:
            digest = case_digest(digests, task)
            case = GradingCase(task, programs, self._options.output, digest)
            kept = case.store.get(task.test.name, digest)
            is_asked = task in self.asked
            if result := case.decided(self._options.engine):
                self._known[case.key] = result
            elif is_asked and kept and not self._options.again:
                self._known[case.key] = kept
            else:
                why = "not done yet" if is_asked else "not asked for yet"
                waiting = without_run(task, Outcome.NOT_RUN, why, asked=False)
                self._before[case.key] = kept or waiting
                found += [case] * is_asked
        return found

    def run(
        self, cases: Sequence[GradingCase], schedule: type[Schedule], open_display: OpenDisplay
    ) -> None:
        """Run cases, and keep their results.

        Raises:
            LabError: the engine does not answer, or results cannot be kept.
        """
        options = self._options
        with open_display([case.title for case in cases]) as display:
            policy = schedule(cases, self._known, display, options.cancel)
            plan = Plan(
                [case.script for case in cases],
                options.engine,
                options.open_engine,
                options.output,
                options.cancel,
                options.jobs,
                policy=policy,
            )
            run_all(plan, policy)

    def result(self, test: str, *programs: Program) -> Result:
        """Return the result of a test with one program, or with a pair."""
        key = tuple(program.name for program in programs), test
        return self._known.get(key) or self._before[key]

    def _digest(self, program: Program) -> str:
        if program.name not in self._digests:
            self._digests[program.name] = program_digest(program, self._options.engine)
        return self._digests[program.name]
