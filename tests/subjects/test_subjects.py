"""The truths name the tests that there are; results are held against them as they must be."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator import profile
from orchestrator.grading import rubric as rubrics
from orchestrator.grading.results import Outcome
from tests.subjects.trial import HOME, PROFILES, TRUTH, Match, Truth, handed_in, match, truth_of

FOLDERS = sorted(path.parent for path in HOME.glob(f"*/{TRUTH}"))


@pytest.fixture(scope="module")
def known() -> set[str]:
    """Return the names of the tests that there are."""
    return {task.test.name for task in rubrics.load(rubrics.CONFORMANCE).tasks}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_truth_names_tests_that_there_are(folder: Path, known: set[str]) -> None:
    truth = truth_of(folder)
    assert truth.keys() <= known
    assert len(truth) == 50, "newer tests are not part of it"


@pytest.mark.parametrize("file", sorted(PROFILES.glob("*.yaml")), ids=lambda file: file.stem)
def test_a_profile_is_that_of_a_subject(file: Path, tmp_path: Path) -> None:
    copy = handed_in(HOME / file.stem, tmp_path)
    (copy / "profile.yaml").write_bytes(file.read_bytes())
    assert profile.load(str(copy / "profile.yaml")).name == file.stem


def test_a_program_is_graded_without_its_truth(tmp_path: Path) -> None:
    copy = handed_in(FOLDERS[0], tmp_path)
    assert {*copy.rglob("*")}
    assert not [*copy.rglob(TRUTH)]


@pytest.mark.parametrize(
    ("truth", "outcome", "expected"),
    [
        (Truth.PASS, Outcome.PASSED, Match.AGREES),
        (Truth.PASS, Outcome.FAILED, Match.FALSE),
        (Truth.PASS, Outcome.LACKING, Match.FALSE),
        (Truth.PASS, Outcome.UNKNOWN, Match.UNJUDGED),
        (Truth.PASS, Outcome.NOT_RUN, Match.UNJUDGED),
        (Truth.FAIL, Outcome.PASSED, Match.MISSED),
        (Truth.FAIL, Outcome.FAILED, Match.AGREES),
        (Truth.FAIL, Outcome.LACKING, Match.AGREES),
        (Truth.FAIL, Outcome.UNKNOWN, Match.UNJUDGED),
        (Truth.ONLY_BY, Outcome.FAILED, Match.SECOND_HAND),
        (Truth.ONLY_BY, Outcome.UNKNOWN, Match.AGREES),
        (Truth.ONLY_BY, Outcome.PASSED, Match.AGREES),
        (Truth.UNSURE, Outcome.FAILED, Match.AGREES),
    ],
)
def test_a_result_is_held_against_the_truth(
    truth: Truth, outcome: Outcome, expected: Match
) -> None:
    assert match(truth, outcome) is expected
