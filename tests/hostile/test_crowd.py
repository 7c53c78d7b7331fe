"""Some tests for good programs among hostile ones; `python -m tests.hostile` runs all."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.grading import rubric as rubrics
from orchestrator.grading.results import Outcome
from tests.hostile.crowd import HOSTILE, Crowd

TESTS = ["message", "same-ids", "twenty-at-once"]


@pytest.mark.docker
@pytest.mark.timeout(400)
def test_good_programs_get_the_same_grades_among_hostile_ones(tmp_path: Path) -> None:
    suite = rubrics.load(rubrics.CONFORMANCE).only(TESTS)
    good = ["by-the-book", "positions"]
    crowd = Crowd.graded(tmp_path, jobs=3, suite=suite, good=good)
    assert crowd.differences == []
    assert len(crowd.good) == len(good)
    assert len(crowd.hostile) == len(HOSTILE)
    for grade in crowd.hostile:
        assert not grade.points, grade.program
        assert not grade.having(Outcome.PASSED)
    never = next(grade for grade in crowd.hostile if grade.program == "never-starts")
    assert never.counts()[Outcome.NOT_RUN] == len(TESTS) - 2, "it was tried twice"
