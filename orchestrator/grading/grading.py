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
from orchestrator.grading.cases import CaseKey, GradingCase, usable
from orchestrator.grading.causes import attribute
from orchestrator.grading.marking import without_run
from orchestrator.grading.output import exclusive
from orchestrator.grading.programs import Program
from orchestrator.grading.results import Cell, Grade, Matrix, Outcome, Result
from orchestrator.grading.rubric import Suite
from orchestrator.grading.scheduling import CaseDisplay, PairSchedule, ProgramSchedule, Schedule
from orchestrator.grading.store import case_digest, program_digest
from orchestrator.profile import Profile
from orchestrator.runner.jobs import OpenEngine, Plan, run_all
from orchestrator.scenario import EngineName

OpenDisplay = Callable[[list[str]], AbstractContextManager[CaseDisplay]]
"""Opens a display for the cases with these titles."""


Publish = Callable[[list[Grade]], object]  # writes what is known about the programs


@dataclass
class GradingOptions:
    """How programs are graded, one by one or in pairs."""

    engine: EngineName  # where programs run; docker or process
    open_engine: OpenEngine  # makes engines
    output: Path  # the folder of results
    jobs: int = 1  # how many tests run side by side
    cancel: CancelToken = field(default_factory=CancelToken)  # ends everything early
    again: bool = False  # whether to ignore kept results
    only: Sequence[str] = ()  # the names of the tests to run; all if none is named


def grade_programs(
    suite: Suite,
    programs: Sequence[Program],
    options: GradingOptions,
    open_display: OpenDisplay,
    publish: Publish = lambda _: None,
) -> list[Grade]:
    """Grade programs; return their grades in the same order, with the requested tests.

    Each result is kept at once. However this ends, the next call resumes from there.
    `publish` is called at the end, even an early one, with grades that have all tests of the suite.

    Raises:
        DocumentError: there is no test of a name that is requested.
        LabError: the engine does not answer, or results cannot be kept.
    """
    batch = Batch(suite, options)
    programs = [usable(program, suite.only(options.only)) for program in programs]

    def grades(asked: Suite) -> list[Grade]:
        return [_grade(program, asked, batch, options.engine) for program in programs]

    with exclusive(options.output):
        cases = [case for program in programs for case in batch.open_cases(program)]
        try:
            batch.run(cases, ProgramSchedule, open_display)
        except BaseException:
            with contextlib.suppress(LabError):  # the first error is the one to report
                publish(grades(suite))
            raise
        publish(grades(suite))
    return grades(suite.only(options.only))


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
        # a program first shows whether it starts by talking to itself. Otherwise the marks of
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

    def results(self, program: Program) -> list[Result]:
        """Return the results of all tests with one program; each fault fails one test."""
        every = [self.result(task.test.name, program) for task in self._suite.tasks]
        return attribute(every, self._suite.not_tested)

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


def _grade(program: Program, asked: Suite, batch: Batch, engine: EngineName) -> Grade:
    profile = program.profile
    tests = {task.test.name for task in asked.tasks}
    return Grade(
        program=program.name,
        profile=str(program.file),
        summary=profile.summary if profile else "",
        start=_start(profile, engine) if profile else "",
        engine=str(engine),
        trouble=program.trouble,
        folder=str(program.folder.resolve()),
        sync=_sync(profile) if profile else (),
        results=tuple(result for result in batch.results(program) if result.test in tests),
    )


def _sync(profile: Profile) -> tuple[str, ...]:
    if not profile.sync:
        return ()
    return tuple(line.type for line in profile.operations[profile.sync].send)


def _start(profile: Profile, engine: EngineName) -> str:
    words = profile.start.words("process" if engine is EngineName.PROCESS else "container") or []
    filled = {"{port}": str(profile.port), "{name}": "alice", "{python}": "python3",
              "{address}": "127.0.0.1", "{folder}": "."}  # fmt: skip
    for placeholder, value in filled.items():
        words = [word.replace(placeholder, value) for word in words]
    return shlex.join(words)
