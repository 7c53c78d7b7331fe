"""What depends on a fault, and what is found and not counted: said in every format."""

from __future__ import annotations

import csv
import io
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator.checks import Finding
from orchestrator.grading.results import CheckResult, Grade, Outcome
from orchestrator.report.grading.formats import (
    grade_as_data,
    grade_from_data,
    grades_as_csv,
    gradescope,
    junit,
)
from orchestrator.report.grading.pages import program_page
from orchestrator.report.grading.tables import print_grade
from tests.orchestrator.report.test_report_grades import (
    HOSTILE,
    SUITE,
    Page,
    every,
    failed,
    grade,
    result,
)


@pytest.fixture
def one_fault() -> Grade:
    """A grade in which two tests are not tested because of a third."""
    told = {"reason": "because of burst: glued", "because": "burst", "run": "runs/x/1"}
    return grade(
        failed(),
        result(Outcome.NOT_TESTED, "b", points=3, left_out=True, **told),
        result(Outcome.NOT_TESTED, "c", points=2, **told),
        result(Outcome.PASSED, "d", points=4),
    )


def test_what_depends_on_a_fault_is_said_in_every_format(tmp_path: Path, one_fault: Grade) -> None:
    assert (one_fault.points, one_fault.total) == (4, 11), "points left out are not in the total"
    assert one_fault.findings == {"burst": ["changes"]}
    says = "2 tests (points: 3 left out of the total, 2 lost)"
    page = Page(program_page(SUITE, one_fault, tmp_path)).text
    assert f"Because of this, {says} could not be tested: b, c." in page
    assert "because of burst: glued" in page
    file = io.StringIO()
    print_grade(Console(file=file, width=100), one_fault, tmp_path)
    assert f"not tested because of burst: {says}" in file.getvalue()
    assert f"Not tested because of burst: {says}." in gradescope(one_fault)["output"]
    tests = gradescope(one_fault)["tests"]
    assert [test.get("max_score") for test in tests] == [5, None, 2, 4]
    assert grade_as_data(one_fault)["not_tested"] == {"burst": {"tests": ["b", "c"], "points": 5}}
    assert grade_from_data(json.loads(json.dumps(grade_as_data(one_fault)))).total == 11
    (row,) = csv.DictReader(io.StringIO(grades_as_csv([one_fault])))
    assert (row["not tested"], row["total"], row["b: result"]) == ("2", "11", "not tested")
    cases = ET.fromstring(junit(SUITE, [one_fault]))[0]
    assert [child.tag for case in cases for child in case] == ["failure", "skipped", "skipped"]


def test_what_is_found_and_not_counted_is_listed_in_every_format(tmp_path: Path) -> None:
    def found(check: str, kind: str = "") -> CheckResult:
        says = (Finding(f"{check} {HOSTILE}", 1.0, ("bob",), kind=kind),)
        kinds = (f"{check}: {kind}".removesuffix(": "),)
        return CheckResult(
            check=check, verdict="invalid", says="1 wrong", kinds=kinds, findings=says
        )

    both = (found("invention"), found("changes", "cut"))
    one = grade(
        failed(kinds=("changes: cut",), also=(found("invention"),)),
        result(Outcome.PASSED, "b", also=both),
        result(Outcome.PASSED, "c"),
    )
    assert list(one.uncounted) == ["invention"], "what a failed test has for its reason is counted"
    says = "invention, in burst and 1 other test: invention "
    file = io.StringIO()
    print_grade(Console(file=file, width=100), one, tmp_path)
    assert f"found, not counted here: {says}" in file.getvalue()
    assert "\x1b" not in file.getvalue()
    page = Page(program_page(SUITE, one, tmp_path))
    assert says in page.text
    assert "script" not in page.tags
    assert f"Found, not counted here: {says}" in gradescope(one)["output"]
    data = grade_as_data(one)["uncounted"]["invention"]
    assert data["tests"] == ["burst", "b"]
    assert data["first"]
    assert data["first"]["at"] == 1.0
    (row,) = csv.DictReader(io.StringIO(grades_as_csv([one])))
    assert row["found, not counted"] == "invention"
    assert says in (ET.fromstring(junit(SUITE, [one]))[0].findtext("system-out") or "")
    assert "not counted" not in junit(SUITE, [every()])
