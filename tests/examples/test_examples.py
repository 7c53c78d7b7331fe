"""Some of the examples get what they must get, by some tests of the suite.

`python -m tests.examples` does all of it, as often as one likes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import grades, profile
from orchestrator.scenario import EngineName
from tests.examples.trial import HOME, NAMES, Findings, differences, graded

_TESTS = ["message", "end-at-the-other", "twice", "same-ids", "blanks-within", "no-number"]
"""Tests of the suite that take a second or two each."""

_SOME = ["by-the-book", "menu", "positions", "split-join"]


def test_there_are_enough_examples_and_some_are_not_in_python() -> None:
    commands = {
        name: profile.load(str(HOME / name / "profile.yaml")).start.command for name in NAMES
    }
    others = [name for name, command in commands.items() if command and command[0] != "{python}"]
    assert len(NAMES) >= 8
    assert len(others) >= 2


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("engine", [EngineName.DOCKER, EngineName.PROCESS])
def test_findings_name_tests_and_checks_that_count(name: str, engine: EngineName) -> None:
    counting = {task.test.name: {*task.test.checks} for task in grades.load(grades.SHIPPED).tasks}
    wanted = Findings.wanted(name, engine)
    for test, checks in wanted.failed.items():
        assert checks <= counting[test] | {"crashes", "end states"}
    assert wanted.lacking | wanted.unknown <= counting.keys()


@pytest.mark.parametrize("name", NAMES)
def test_the_page_of_examples_has_a_row_for_each(name: str) -> None:
    assert f"| `{name}` |" in (HOME / "README.md").read_text(encoding="utf-8")


def test_who_dials_whom_at_once_is_not_asked_where_the_lab_is_in_between(tmp_path: Path) -> None:
    suite = grades.load(grades.SHIPPED).only(["both-dial"])
    (grade,) = graded(["by-the-book"], EngineName.PROCESS, tmp_path, suite=suite)
    (result,) = grade.results
    assert (result.outcome, result.reason) == (
        grades.Outcome.NOT_RUN, "it runs on the engine docker alone",
    )  # fmt: skip


@pytest.mark.docker
@pytest.mark.timeout(240)
def test_some_get_what_they_must_get_on_docker(tmp_path: Path) -> None:
    _try(EngineName.DOCKER, tmp_path)


@pytest.mark.timeout(240)
def test_some_get_what_they_must_get_as_processes(tmp_path: Path) -> None:
    _try(EngineName.PROCESS, tmp_path)


def _try(engine: EngineName, output: Path) -> None:
    suite = grades.load(grades.SHIPPED).only(_TESTS)
    done = graded(_SOME, engine, output, jobs=2, suite=suite)
    assert [each.program for each in done] == _SOME
    differ = {each.program: differences(each, engine) for each in done}
    assert not any(differ.values()), differ
