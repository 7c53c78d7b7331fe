"""Matches programs: every pair, both ways, by the tests of a rubric."""

from __future__ import annotations

from collections.abc import Sequence

from orchestrator.grades import Result, Suite
from orchestrator.grades.matrix import Cell, Matrix
from orchestrator.grading import Naming, Options, Program, alone_in
from orchestrator.interop.course import Case, Course, Pair
from orchestrator.paths import ROOT
from orchestrator.runner.jobs import run_all

RUBRIC = ROOT / "interop/rubric.yaml"
"""The tests that come with the lab."""


def match(suite: Suite, programs: Sequence[Program], options: Options, show: Naming) -> Matrix:
    """Match every program with every other and with itself; return what became of all pairs.

    Raises:
        LabError: the engine does not answer, or runs cannot be kept.
    """
    pairs = [Pair(one, other) for one in programs for other in programs]
    known: dict[tuple[str, str], dict[str, Result]] = {pair.key: {} for pair in pairs}
    cases = []
    for pair in pairs:
        for task in suite.tasks:
            case = Case(task, pair)
            if result := case.decided(options.engine):
                known[pair.key][task.test.name] = result
            else:
                cases.append(case)
    # Whether a program starts is seen where it talks to itself, before it meets any other: else
    # the marks of the others would hang on who came first.
    begins = [case.pair.is_one and case.task is suite.tasks[0] for case in cases]
    unready: dict[str, Result] = {}
    with alone_in(options.output):
        for early in (True, False):
            some = [case for case, begin in zip(cases, begins, strict=True) if begin is early]
            with show([case.name for case in some]) as shown:
                course = Course(some, known, unready, options.output, shown, options.stop)
                run_all(options.plan([case.script for case in some], course), course)
    return _matrix(suite, programs, options, known)


def _matrix(
    suite: Suite,
    programs: Sequence[Program],
    options: Options,
    known: dict[tuple[str, str], dict[str, Result]],
) -> Matrix:
    tests = [(task.test.name, task.scenario.why) for task in suite.tasks]
    cells = [
        Cell(*pair, [results[name] for name, _ in tests if name in results])
        for pair, results in known.items()
    ]
    names = [program.name for program in programs]
    return Matrix(suite.title, suite.why, tests, names, str(options.engine), cells)
