"""Matches programs: every one with every other and with itself, both ways."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.grading.cases import GradingCase
from orchestrator.grading.matrix import Cell, Matrix
from orchestrator.grading.output import exclusive
from orchestrator.grading.programs import Program
from orchestrator.grading.rubric import Suite
from orchestrator.grading.schedule import PairSchedule
from orchestrator.grading.session import GradingOptions, OpenDisplay, Session


def match_programs(
    suite: Suite, programs: Sequence[Program], options: GradingOptions, open_display: OpenDisplay
) -> Matrix:
    """Run the tests with all pairs of programs; return their results.

    Each result is kept at once. However this ends, the next call resumes from there.

    Raises:
        LabError: the engine does not answer, or results cannot be kept.
    """
    session = Session(suite, options)
    pairs = [(dialler, other) for dialler in programs for other in programs]
    with exclusive(options.output):
        cases = [case for pair in pairs for case in session.open_cases(*pair)]
        # A program first shows whether it starts by talking to itself. Otherwise the marks of
        # the others would depend on the order.
        for early in (True, False):
            batch = [case for case in cases if _is_first(case, suite) is early]
            session.run(batch, PairSchedule, open_display)
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
                [session.result(task.test.name, dialler, other) for task in suite.tasks],
            )
            for dialler, other in pairs
        ],
    )


def _is_first(case: GradingCase, suite: Suite) -> bool:
    return case.programs[0] is case.programs[1] and case.task is suite.tasks[0]
