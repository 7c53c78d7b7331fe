"""Kept results on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.checks import Finding
from orchestrator.errors import LabError
from orchestrator.grading.results import CheckResult, Outcome, Result
from orchestrator.grading.store import Store

RESULT = Result(
    test="burst",
    why="Twenty sends arrive.",
    points=5,
    checks=("changes",),
    outcome=Outcome.FAILED,
    reason="glued, \ud800 and \x1b[2J",
    findings=(
        CheckResult(
            check="changes",
            verdict="invalid",
            says="1 wrong",
            findings=(Finding("said", 1.5, ("alice",), "a", "b"),),
        ),
    ),
    at=1.5,
    started=True,
)


def test_a_result_is_kept_as_it_is(tmp_path: Path) -> None:
    Store(tmp_path / "kept").put("d1", RESULT)
    assert Store(tmp_path / "kept").get("burst", "d1") == RESULT


def test_under_another_digest_it_does_not_count(tmp_path: Path) -> None:
    Store(tmp_path).put("d1", RESULT)
    assert Store(tmp_path).get("burst", "d2") is None
    assert Store(tmp_path).get("other", "d1") is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"digest": "d1"}', '{"digest": "d1", "result": 1}']
)
def test_a_damaged_file_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "burst.json").write_text(text)
    assert Store(tmp_path).get("burst", "d1") is None


def test_nothing_half_written_is_left(tmp_path: Path) -> None:
    Store(tmp_path).put("d1", RESULT)
    Store(tmp_path).put("d2", RESULT)
    assert [path.name for path in tmp_path.iterdir()] == ["burst.json"]


def test_a_result_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    with pytest.raises(LabError, match="cannot be written"):
        Store(tmp_path / "kept").put("d1", RESULT)
