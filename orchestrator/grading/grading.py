"""Grades programs one by one or in pairs: runs every case that has no kept result."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.cancel import CancelToken
from orchestrator.errors import LabError
from orchestrator.grading.cases import CaseKey, GradingCase
from orchestrator.grading.marking import without_run
from orchestrator.grading.matrix import Cell, Matrix
from orchestrator.grading.output import exclusive
from orchestrator.grading.points import Grade
from orchestrator.grading.programs import Program
from orchestrator.grading.results import Outcome, Result
from orchestrator.grading.rubric import Suite, Task
from orchestrator.grading.scheduling import CaseDisplay, PairSchedule, ProgramSchedule, Schedule
from orchestrator.grading.store import case_digest, program_digest
from orchestrator.profile import Profile
from orchestrator.runner.jobs import OpenEngine, Plan, run_all
from orchestrator.scenario import EngineName

OpenDisplay = Callable[[list[str]], AbstractContextManager[CaseDisplay]]
"""Opens a display for the cases with these titles."""


Publish = Callable[[list[Grade]], object]
"""Writes what is known about the programs."""


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


def grade_programs(
    suite: Suite,
    programs: Sequence[Program],
    options: GradingOptions,
    open_display: OpenDisplay,
    publish: Publish = lambda _: None,
) -> list[Grade]:
    """Grade programs; return their grades in the same order, with the requested tests.

    Each result is kept at once. However this ends, the next call resumes from there.

    Args:
        suite: the tests.
        programs: which ones.
        options: how.
        open_display: shows progress.
        publish: called at the end, even an early one, with grades that have all tests of the
            suite; those that were not requested are as before.

    Raises:
        DocumentError: there is no test of a name that is requested.
        LabError: the engine does not answer, or results cannot be kept.
    """
    batch = Batch(suite, options)

    def grades(tasks: Sequence[Task]) -> list[Grade]:
        return [_grade(program, tasks, batch, options.engine) for program in programs]

    with exclusive(options.output):
        cases = [case for program in programs for case in batch.open_cases(program)]
        try:
            batch.run(cases, ProgramSchedule, open_display)
        except BaseException:
            with contextlib.suppress(LabError):  # the first error is the one to report
                publish(grades(suite.tasks))
            raise
        publish(grades(suite.tasks))
    return grades(batch.asked)


def match_programs(
    suite: Suite, programs: Sequence[Program], options: GradingOptions, open_display: OpenDisplay
) -> Matrix:
    """Run the tests with all pairs of programs; return their results.

    Each result is kept at once. However this ends, the next call resumes from there.

    Raises:
        LabError: the engine does not answer, or results cannot be kept.
    """
    batch = Batch(suite, options)
    pairs = [(dialler, other) for dialler in programs for other in programs]
    with exclusive(options.output):
        cases = [case for pair in pairs for case in batch.open_cases(*pair)]
        # A program first shows whether it starts by talking to itself. Otherwise the marks of
        # the others would depend on the order.
        for early in (True, False):
            some = [case for case in cases if _is_first(case, suite) is early]
            batch.run(some, PairSchedule, open_display)
    return Matrix(
        suite.title,
        suite.why,
        [(task.test.name, task.scenario.why) for task in suite.tasks],
        [program.name for program in programs],
        str(options.engine),
        [
            Cell(
                dialler.name,
                other.name,
                [batch.result(task.test.name, dialler, other) for task in suite.tasks],
            )
            for dialler, other in pairs
        ],
    )


class Batch:
    """The cases of one command: which results are known, and which cases need a run.

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
                [case.source for case in cases],
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


def _is_first(case: GradingCase, suite: Suite) -> bool:
    return case.programs[0] is case.programs[1] and case.task is suite.tasks[0]


def _grade(program: Program, tasks: Sequence[Task], batch: Batch, engine: EngineName) -> Grade:
    profile = program.profile
    return Grade(
        program=program.name,
        profile=str(program.file),
        summary=profile.summary if profile else "",
        start=_start(profile, engine) if profile else "",
        engine=str(engine),
        trouble=program.trouble,
        folder=str(program.folder.resolve()),
        sync=_sync(profile) if profile else (),
        results=tuple(batch.result(task.test.name, program) for task in tasks),
    )


def _sync(profile: Profile) -> tuple[str, ...]:
    """Return the lines that ask whether a program is done."""
    if not profile.sync:
        return ()
    return tuple(line.type for line in profile.verbs[profile.sync].send)


def _start(profile: Profile, engine: EngineName) -> str:
    """Return a command that starts the program by hand."""
    words = profile.start.words("process" if engine is EngineName.PROCESS else "container") or []
    filled = {"{port}": str(profile.port), "{name}": "alice", "{python}": "python3",
              "{address}": "127.0.0.1", "{folder}": "."}  # fmt: skip
    for placeholder, value in filled.items():
        words = [word.replace(placeholder, value) for word in words]
    return shlex.join(words)
