"""Results for other programs: JSON, spreadsheets, CI servers (JUnit) and Gradescope."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from typing import Any

from orchestrator.grading.matrix import Matrix
from orchestrator.grading.points import Grade
from orchestrator.grading.results import Outcome, Result
from orchestrator.grading.rubric import Suite
from orchestrator.report.grading.words import MEANINGS, kind, number, promises, score
from orchestrator.text import printable

FORMAT = 1
"""The version of the JSON. A change of meaning gets a higher number."""

_YES = {True: "yes", False: "no", None: ""}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

# JSON


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
        "results": [
            {**result.model_dump(mode="json", exclude={"settled", "started"}),
             "earned": result.earned}
            for result in grade.results
        ],
    }  # fmt: skip


def grade_from_data(data: dict[str, Any]) -> Grade:
    """Return the grade that became this data.

    Raises:
        KeyError, TypeError, pydantic.ValidationError: it is not a grade.
    """
    keys = ("program", "profile", "folder", "summary", "start", "trouble")
    texts: dict[str, Any] = {key: data[key] or "" for key in keys}
    results = [
        Result.model_validate({key: value for key, value in raw.items() if key != "earned"})
        for raw in data["results"]
    ]
    return Grade(**texts, engine=data["engine"], results=tuple(results))


def matrix_as_data(matrix: Matrix) -> dict[str, Any]:
    """Return the results of every pair."""
    return {
        "format": FORMAT,
        "title": matrix.title,
        "engine": matrix.engine,
        "tests": [name for name, _ in matrix.tests],
        "programs": list(matrix.programs),
        "working": matrix.working,
        "certain": matrix.is_certain,
        "pairs": [
            {
                "dialler": cell.dialler,
                "dialled": cell.other,
                "works": cell.works,
                "results": {
                    result.test: {
                        "outcome": str(result.outcome),
                        "reason": result.reason,
                        "run": result.run,
                        "at": result.at,
                    }
                    for result in cell.results
                },
            }
            for cell in matrix.cells
        ],
    }


# Spreadsheets


def grades_as_csv(grades: Sequence[Grade]) -> str:
    """Return a row for each program: sums, then the points and the outcome of each test."""
    tests = [result.test for result in grades[0].results] if grades else []
    outcomes = [f"{test}: result" for test in tests]
    head = ["program", "folder", "points", "total", "extra", "passes", *map(str, Outcome)]
    rows: list[list[object]] = [[*head, *tests, *outcomes]]
    for grade in grades:
        counts = grade.counts()
        rows.append([
            safe_cell(grade.program), safe_cell(grade.folder),
            number(grade.points), number(grade.total), number(grade.extra),
            _YES[grade.passes], *(counts[outcome] for outcome in Outcome),
            *(number(result.earned) for result in grade.results),
            *(str(result.outcome) for result in grade.results),
        ])  # fmt: skip
    return _csv(rows)


def matrix_as_csv(matrix: Matrix) -> str:
    """Return a row for each test of each pair."""
    head = ["dialler", "dialled", "test", "result", "reason", "run"]
    rows = [
        [safe_cell(cell.dialler), safe_cell(cell.other), result.test, str(result.outcome),
         safe_cell(result.reason), safe_cell(result.run)]
        for cell in matrix.cells
        for result in cell.results
    ]  # fmt: skip
    return _csv([head, *rows])


def safe_cell(text: str) -> str:
    """Return a text as a cell that no spreadsheet takes for a formula."""
    flat = printable(text)
    return f"'{flat}" if flat.startswith(_FORMULA) else flat


def _csv(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


# JUnit's XML: a suite for each program, a case for each test

_JUNIT_TAGS = {
    Outcome.FAILED: "failure",
    Outcome.UNKNOWN: "error",
    Outcome.LACKING: "skipped",
    Outcome.NOT_RUN: "skipped",
}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(suite: Suite, grades: Sequence[Grade]) -> str:
    """Return the grades of some programs as one document for CI servers."""
    root = ET.Element("testsuites", _sums([r for grade in grades for r in grade.results]))
    root.set("name", _xml(suite.title))
    for grade in grades:
        element = ET.SubElement(root, "testsuite", _sums(grade.results))
        element.set("name", _xml(grade.program))
        for result in grade.results:
            _add_case(element, grade, result)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _sums(results: Sequence[Result]) -> dict[str, str]:
    tags = [_JUNIT_TAGS.get(result.outcome) for result in results]
    return {
        "tests": str(len(results)),
        "failures": str(tags.count("failure")),
        "errors": str(tags.count("error")),
        "skipped": str(tags.count("skipped")),
        "time": f"{sum(result.seconds for result in results):.3f}",
    }


def _add_case(element: ET.Element, grade: Grade, result: Result) -> None:
    case = ET.SubElement(element, "testcase", {
        "classname": _xml(grade.program),
        "name": _xml(result.test),
        "time": f"{result.seconds:.3f}",
    })  # fmt: skip
    if tag := _JUNIT_TAGS.get(result.outcome):
        child = ET.SubElement(case, tag, {"message": _xml(result.reason)})
        if tag != "skipped":
            child.set("type", str(result.outcome))
            says = [f"{check.check}: {f.says}" for check in result.findings for f in check.findings]
            evidence = f"evidence: {grade.program}/{result.run}" if result.run else ""
            child.text = _xml("\n".join([result.why, *(says or [result.reason]), evidence]))


def _xml(text: str) -> str:
    """Return a text without the characters that XML cannot contain, even escaped."""
    return _NOT_XML.sub("\ufffd", text)


# Gradescope's `results.json`, one file per program:
# https://gradescope-autograders.readthedocs.io/en/latest/specs/


def gradescope(grade: Grade) -> dict[str, Any]:
    """Return a program's grade as Gradescope reads it."""
    lines = [score(grade)]
    if grade.passes is not None:
        lines.append("All required tests passed." if grade.passes else "A required test failed.")
    if not grade.is_certain:
        lines.append("Some results are still unknown; see those tests.")
    return {
        "output": "\n".join(lines),
        "output_format": "text",
        "test_output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "execution_time": round(sum(result.seconds for result in grade.results)),
        "tests": [_gradescope_test(n, result) for n, result in enumerate(grade.results, 1)],
        "extra_data": {"program": grade.program, "findings": grade.findings},
    }


def _gradescope_test(position: int, result: Result) -> dict[str, Any]:
    more = f" ({kind(result)})" if kind(result) else ""
    return {
        "score": result.earned,
        # Extra points must not raise the maximum.
        "max_score": 0 if result.extra else result.points,
        # Without a status, Gradescope would derive it from the score: 0 of 0 points would pass.
        "status": "passed" if result.outcome is Outcome.PASSED else "failed",
        "number": str(position),
        "name": f"{result.test}{more}",
        "output": _gradescope_output(result),
        "tags": [str(result.outcome)],
        "visibility": "visible",
    }


def _gradescope_output(result: Result) -> str:
    lines = [result.why]
    if result.outcome is not Outcome.PASSED:
        lines += ["", f"{result.outcome}: {MEANINGS[result.outcome]}.", result.reason]
        for check in result.findings:
            lines += ["", f"{check.check}: {promises().get(check.check, '')}"]
            lines += [f"- {finding.says}" for finding in check.findings]
    return "\n".join(printable(part) for line in lines for part in line.split("\n"))
