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

PROGRAM_DATA = "grade.json"
"""The file of one program's grade, in its folder."""

_YES = {True: "yes", False: "no", None: ""}
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
        "folder": grade.folder,
        "summary": grade.summary,
        "start": grade.start,
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


def grade_of(data: dict[str, Any]) -> Grade:
    """Return the grade that was told as this data.

    Raises:
        KeyError, TypeError, pydantic.ValidationError: it is none.
    """
    told: dict[str, Any] = {
        key: data[key] or "" for key in ("program", "profile", "folder", "summary", "start")
    }
    results = [
        Result.model_validate({key: value for key, value in each.items() if key != "earned"})
        for each in data["results"]
    ]
    more = {"engine": data["engine"], "trouble": data["trouble"] or ""}
    return Grade(**told, **more, results=tuple(results))


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
    rows.writerow(
        ["program", "folder", "points", "total", "extra", "passes", *counted, *tests, *outcomes]
    )
    for grade in grades:
        counts = grade.counts()
        rows.writerow([
            cell(grade.program), cell(grade.folder),
            number(grade.points), number(grade.total), number(grade.extra),
            _YES[grade.passes], *(counts[outcome] for outcome in Outcome),
            *(number(result.earned) for result in grade.results),
            *(str(result.outcome) for result in grade.results),
        ])  # fmt: skip
    return text.getvalue()


def cell(text: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula."""
    flat = printable(text)
    return f"'{flat}" if flat.startswith(_FORMULA) else flat
