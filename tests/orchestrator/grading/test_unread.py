"""What a profile cannot read is never held against its program."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.grading import rubric as rubrics
from orchestrator.grading.results import Outcome
from orchestrator.grading.rubric import CONFORMANCE
from orchestrator.scenario import EngineName
from tests.examples.trial import graded
from tests.examples.unread import grade, mistakes, spoilt
from tests.orchestrator.grading.submissions import variant

_PATTERNS = ["ready", "operations-connect-ok-0", "notices-message-0-block-0"]
_TESTS = ["dial", "message"]


@pytest.mark.thorough
@pytest.mark.timeout(120)
def test_no_pattern_that_does_not_match_costs_a_point(tmp_path: Path) -> None:
    """A few patterns; `python -m tests.examples.unread` does all of them."""
    homes = [*spoilt(tmp_path / "programs", _PATTERNS.__contains__)]
    done = grade(homes, tmp_path / "runs", _TESTS, jobs=2)
    assert mistakes(done) == []
    assert {one.program for one in done if not one.is_certain} == {*_PATTERNS}


LISTS = """from peer import __main__, render

right = render.list_lines


def list_lines(rows):
    lines = right(rows)
    return [line for number, row in enumerate([None, *rows, None]) if number < len(lines)
            for line in (lines[number], *(MORE if row else ()))]


render.list_lines = list_lines
__main__.main()
"""
AGAIN = 'f"{lines[number]}  (waiting)",'
BY_NAME = 'f"  {row.id}+   {row.address} calls as {row.name} from {row.port}",'
A_HEADING = "*[f\"peers of {__import__('sys').argv[2]}:\"][number - 1:],"
BELOW = 'f"        {row.name} is at {row.address}, port {row.port}, for {number} s",'


@pytest.mark.parametrize(
    ("more", "line"),
    [(AGAIN, "(waiting)"), (BY_NAME, "calls as"), (BELOW, ""), ("", "")],
)
def test_a_list_that_is_read_in_part_passes_no_test(tmp_path: Path, more: str, line: str) -> None:
    """Each peer shows the other one twice; the second time in a form that no pattern reads."""
    folder = variant(tmp_path, "anna", LISTS.replace("MORE", f"({more})"))
    suite = rubrics.load(CONFORMANCE).only(["ports-in-the-list", "twice-from-the-other"])
    (program,) = graded([folder], EngineName.PROCESS, tmp_path / "grades", jobs=2, suite=suite)
    outcomes = {one.outcome for one in program.results}
    assert outcomes == {Outcome.UNKNOWN if line else Outcome.PASSED}, program.results
    assert all(line in one.reason for one in program.results)
