"""Matches programs: every pair, both ways, by the tests of a rubric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orchestrator.grades import Result, Suite
from orchestrator.grades.matrix import Cell, Matrix
from orchestrator.grading import Program
from orchestrator.grading.grading import Naming
from orchestrator.installation import ROOT
from orchestrator.interop.course import Case, Course, Pair
from orchestrator.running.jobs import OpenEngine, Plan, carry_out
from orchestrator.scenario import EngineName
from orchestrator.stop import Stop

RUBRIC = ROOT / "interop/rubric.yaml"
"""The tests that come with the lab."""


@dataclass
class Options:
    """How to match.

    Attributes:
        engine: where programs run; docker or process.
        open_engine: makes engines.
        output: where runs are kept.
        jobs: how many tests are done side by side.
        stop: ends everything early.
    """

    engine: EngineName
    open_engine: OpenEngine
    output: Path
    jobs: int = 1
    stop: Stop = field(default_factory=Stop)


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
            case = Case(pair, task)
            if result := case.decided(options.engine):
                known[pair.key][task.test.name] = result
            else:
                cases.append(case)
    with show([case.name for case in cases]) as shown:
        course = Course(cases, known, options.output, shown, options.stop)
        carry_out(_plan(cases, course, options), course)
    return _matrix(suite, programs, options, known)


def _plan(cases: Sequence[Case], course: Course, options: Options) -> Plan:
    return Plan(
        [case.script for case in cases],
        options.engine,
        options.open_engine,
        options.output,
        options.stop,
        options.jobs,
        guide=course,
    )


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
