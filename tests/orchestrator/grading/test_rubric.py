"""Rubrics: their content, and every mistake with its position."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import DocumentError
from orchestrator.grading import rubric as rubrics
from tests.orchestrator.grading.submissions import rubric

SCENARIO = "name: {0}\nwhy: A test.\npeers: [alice, bob]\nconnections: line\nsteps: []\n"


def written(folder: Path, text: str) -> Path:
    for name in ("burst", "hello"):
        (folder / f"{name}.yaml").write_text(SCENARIO.format(name))
    path = folder / "rubric.yaml"
    path.write_text("title: T\nwhy: W\ntests:\n" + text)
    return path


def mistakes(folder: Path, text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        rubrics.load(written(folder, text))
    return caught.value.what.replace(f"{folder}/", "").splitlines()


def test_a_rubric_has_its_scenarios(tmp_path: Path) -> None:
    suite = rubrics.load(rubric(tmp_path))
    assert [task.test.name for task in suite.tasks] == ["hello", "blanks", "reconnect"]
    assert [task.scenario.name for task in suite.tasks] == ["hello", "blanks", "reconnect"]
    assert suite.total == 8, "what is extra is not part of the total"
    assert suite.tasks[0].text.startswith("name: hello\n")


def test_defaults(tmp_path: Path) -> None:
    (task,) = rubrics.load(written(tmp_path, "  - {test: burst, points: 1}\n")).tasks
    assert task.test.checks == ["expectations"]
    assert not task.test.required
    assert not task.test.extra


def test_a_selection_of_tests(tmp_path: Path) -> None:
    suite = rubrics.load(rubric(tmp_path))
    assert [task.test.name for task in suite.only(["blanks"]).tasks] == ["blanks"]
    assert suite.only([]).total == 8
    with pytest.raises(DocumentError, match=r"no test 'blank'.*did you mean 'blanks'"):
        suite.only(["blank"])


def test_a_check_that_does_not_exist(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "  - {test: burst, points: 1, checks: [delivry]}\n") == [
        "rubric.yaml:4:39: no check 'delivry'; did you mean 'delivery'?"
    ]


def test_a_test_that_does_not_exist(tmp_path: Path) -> None:
    (says,) = mistakes(tmp_path, "  - {test: brust, points: 1}\n")
    assert says.startswith("rubric.yaml:4:6: there is no scenario brust.yaml")
    assert says.endswith("did you mean 'burst'?")


def test_a_test_twice(tmp_path: Path) -> None:
    twice = "  - {test: burst, points: 1}\n  - {test: burst, points: 2}\n"
    assert mistakes(tmp_path, twice) == ["rubric.yaml:5:6: 'burst' is already a test"]


def test_required_and_extra(tmp_path: Path) -> None:
    both = "  - {test: burst, points: 1, required: true, extra: true}\n"
    assert mistakes(tmp_path, both) == ["rubric.yaml:4:46: a required test cannot be extra"]


def test_an_unknown_key_and_points_that_are_not_a_number(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "  - {test: burst, point: 1}\n  - {test: hello, points: x}\n") == [
        "rubric.yaml:4:5: key 'points' is missing",
        "rubric.yaml:4:19: unknown key 'point'; did you mean 'points'?",
        "rubric.yaml:5:19: a number is expected here, not the text 'x'",
    ]


def test_every_wrong_scenario_is_reported(tmp_path: Path) -> None:
    path = written(tmp_path, "  - {test: burst, points: 1}\n  - {test: hello, points: 1}\n")
    for name in ("burst", "hello"):
        (tmp_path / f"{name}.yaml").write_text(SCENARIO.format(name) + "stepz: []\n")
    with pytest.raises(DocumentError) as caught:
        rubrics.load(path)
    assert [line.count("unknown key 'stepz'") for line in caught.value.what.splitlines()] == [1, 1]


def test_every_mistake_at_once(tmp_path: Path) -> None:
    text = (
        "  - {test: brust, pionts: 1, checks: [order]}\n"
        "  - {test: hello, points: 1, required: true, extra: true, checks: [orders]}\n"
        "  - {test: burst, points: many}\n"
    )
    found = mistakes(tmp_path, text)
    wanted = (
        "'pionts'",
        "'points' is missing",
        "no scenario brust",
        "cannot be extra",
        "'orders'",
        "many",
    )
    assert len(found) == len(wanted)
    for what in wanted:
        assert any(what in says for says in found), (what, found)
