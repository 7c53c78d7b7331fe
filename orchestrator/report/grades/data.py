"""Grades as data: for `--json`, for the file of a program, and as rows for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from orchestrator.grades import Grade, Outcome, Result, Suite
from orchestrator.report.grades.words import number
from orchestrator.text import printable

FORMAT = 1
"""Of this data: what means something else than before is written under a higher number."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def grades_as_data(suite: Suite, grades: Sequence[Grade]) -> dict[str, Any]:
    """Return the grades of some programs."""
    return {
        "format": FORMAT,
        "title": suite.title,
        "total": suite.total,
        "programs": [grade_as_data(grade) for grade in grades],
    }


def grade_as_data(grade: Grade) -> dict[str, Any]:
    """Return one program's grade, with every result."""
    return {
        "program": grade.program,
        "profile": grade.profile,
        "summary": grade.summary,
        "engine": grade.engine,
        "trouble": grade.trouble or None,
        "points": grade.points,
        "total": grade.total,
        "extra": grade.extra,
        "passes": grade.passes,
        "certain": grade.is_certain,
        "findings": grade.findings,
        "results": [_result_as_data(result) for result in grade.results],
    }


def _result_as_data(result: Result) -> dict[str, Any]:
    kept = result.model_dump(mode="json", exclude={"settled", "started"})
    return {**kept, "earned": result.earned}


def as_csv(grades: Sequence[Grade]) -> str:
    """Return a row for each program: sums, then the points and the outcome of each test."""
    tests = [result.test for result in grades[0].results] if grades else []
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    counted = [str(outcome) for outcome in Outcome]
    outcomes = [f"{test}: result" for test in tests]
    rows.writerow(["program", "points", "total", "extra", "passes", *counted, *tests, *outcomes])
    for grade in grades:
        counts = grade.counts()
        rows.writerow([
            cell(grade.program), number(grade.points), number(grade.total), number(grade.extra),
            "yes" if grade.passes else "no", *(counts[outcome] for outcome in Outcome),
            *(number(result.earned) for result in grade.results),
            *(str(result.outcome) for result in grade.results),
        ])  # fmt: skip
    return text.getvalue()


def cell(text: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula."""
    flat = printable(text)
    return f"'{flat}" if flat.startswith(_FORMULA) else flat
