"""Some examples get the grades they must get, by some tests of the suite.

`python -m tests.examples` runs the whole suite with all of them.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from orchestrator import profile
from orchestrator.grading import rubric as rubrics
from orchestrator.grading.results import Outcome
from orchestrator.scenario import EngineName
from tests.examples.trial import HOME, NAMES, Findings, differences, graded

_TESTS = ["message", "end-at-the-other", "twice", "same-ids", "blanks-within", "no-number"]
"""Tests of the suite that take a second or two each."""


def test_there_are_enough_examples_and_some_are_not_in_python() -> None:
    commands = {
        name: profile.load(str(HOME / name / "profile.yaml")).start.command for name in NAMES
    }
    others = [name for name, command in commands.items() if command and command[0] != "{python}"]
    assert len(NAMES) >= 8
    assert len(others) >= 2


def test_findings_name_tests_and_checks_that_count() -> None:
    tasks = rubrics.load(rubrics.CONFORMANCE).tasks
    counting = {task.test.name: {*task.test.checks, "crashes", "end states"} for task in tasks}
    wrong = []
    for name, engine in itertools.product(NAMES, [EngineName.DOCKER, EngineName.PROCESS]):
        wanted = Findings.wanted(name, engine)
        wrong += [
            (name, test)
            for test, checks in wanted.failed.items()
            if not checks <= counting.get(test, set())
        ]
        wrong += [(name, test) for test in (wanted.lacking | wanted.unknown) - counting.keys()]
    assert wrong == []


def test_the_page_of_examples_has_a_row_for_every_example() -> None:
    page = (HOME / "README.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"| `{name}` |" not in page] == []


def test_a_test_for_docker_alone_is_not_run_as_processes(tmp_path: Path) -> None:
    suite = rubrics.load(rubrics.CONFORMANCE).only(["both-dial"])
    (grade,) = graded(["by-the-book"], EngineName.PROCESS, tmp_path, suite=suite)
    (result,) = grade.results
    assert (result.outcome, result.reason) == (
        Outcome.NOT_RUN, "it runs on the engine docker alone",
    )  # fmt: skip


@pytest.mark.docker
@pytest.mark.thorough
@pytest.mark.timeout(120)
def test_one_gets_the_grade_it_must_get_on_docker(tmp_path: Path) -> None:
    _try(["menu"], EngineName.DOCKER, tmp_path)


@pytest.mark.thorough
@pytest.mark.timeout(120)
def test_some_get_the_grades_they_must_get_as_processes(tmp_path: Path) -> None:
    _try(["menu", "split-join"], EngineName.PROCESS, tmp_path)


def _try(names: list[str], engine: EngineName, output: Path) -> None:
    suite = rubrics.load(rubrics.CONFORMANCE).only(_TESTS)
    done = graded(names, engine, output, jobs=2, suite=suite)
    assert [grade.program for grade in done] == names
    differ = {grade.program: differences(grade, engine) for grade in done}
    assert not any(differ.values()), differ
