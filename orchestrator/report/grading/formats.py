"""Results for other programs: JSON, spreadsheets, CI servers (JUnit) and Gradescope."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from orchestrator.grading.results import Grade, Matrix, Outcome, Result
from orchestrator.grading.rubric import Suite
from orchestrator.report.grading.words import (
    MEANINGS,
    kind,
    number,
    promises,
    score,
    uncounted,
    untested,
)
from orchestrator.report.output_format import FORMAT, GradeOutput, GradesOutput, MatrixOutput
from orchestrator.text import count, printable

_YES = {True: "yes", False: "no", None: ""}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")

# JSON


def grades_as_data(suite: Suite, grades: Sequence[Grade]) -> GradesOutput:
    """Return the grades of some programs."""
    return {
        "format": FORMAT,
        "title": suite.title,
        "total": suite.total,
        "programs": [grade_as_data(grade) for grade in grades],
    }


def grade_as_data(grade: Grade) -> GradeOutput:
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
        "not_tested": {
            cause: {"tests": [r.test for r in several], "points": sum(r.points for r in several)}
            for cause, several in grade.depending.items()
        },
        "uncounted": {
            kind: {"tests": [result.test for result, _ in several], "says": several[0][1].says,
                   "first": asdict(several[0][1].findings[0]) if several[0][1].findings else None}
            for kind, several in grade.uncounted.items()
        },
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


def matrix_as_data(matrix: Matrix) -> MatrixOutput:
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
    head = [
        "program",
        "folder",
        "points",
        "total",
        "extra",
        "passes",
        *map(str, Outcome),
        "found, not counted",
    ]
    rows: list[list[object]] = [[*head, *tests, *outcomes]]
    for grade in grades:
        counts = grade.counts()
        rows.append([
            safe_cell(grade.program), safe_cell(grade.folder),
            number(grade.points), number(grade.total), number(grade.extra),
            _YES[grade.passes], *(counts[outcome] for outcome in Outcome),
            "; ".join(grade.uncounted),
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
    Outcome.NOT_TESTED: "skipped",
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
        if lines := uncounted(grade):
            text = "\n".join(["found, not counted here:", *lines])
            ET.SubElement(element, "system-out").text = _xml(text)
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


_DECIDED = (Outcome.PASSED, Outcome.FAILED)


def gradescope(grade: Grade) -> dict[str, Any]:
    """Return a program's grade as Gradescope reads it."""
    lines = [score(grade)]
    if grade.passes is not None:
        lines.append("All required tests passed." if grade.passes else "A required test failed.")
    lines += [f"{line[0].upper()}{line[1:]}." for line in untested(grade)]
    lines += [printable(f"Found, not counted here: {line}") for line in uncounted(grade)]
    if not grade.is_certain:
        unknown = [r for r in grade.results if r.outcome is Outcome.UNKNOWN]
        points = number(sum(result.points for result in unknown))
        lines.append(
            f"Still unknown: {count(len(unknown), 'test')} for {points} points, which do not count"
            " against you. They are marked (unknown) and have no score yet."
        )
    if untried := [r for r in grade.results if _is_untried(r)]:
        points = number(sum(result.points for result in untried))
        lines.append(
            f"Not run: {count(len(untried), 'test')} for {points} points, for no reason that is"
            " yours. They are marked (not run) and have no score."
        )
    return {
        # The sum of the tests, in which those without points would be missing.
        "score": grade.points,
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
    words = [kind(result), "" if result.outcome in _DECIDED else str(result.outcome)]
    more = ", ".join(filter(None, words))
    return {
        **_gradescope_marks(result),
        "number": str(position),
        "name": f"{result.test} ({more})" if more else result.test,
        "output": _gradescope_output(result),
        "tags": [str(result.outcome)],
        "visibility": "visible",
    }


def _gradescope_marks(result: Result) -> dict[str, Any]:
    """Return the points and the status of a test as Gradescope has them.

    It knows `passed` and `failed` only, and derives one of them from points if it is not told. A
    test that is neither has no points and no status, so that it is shown without a colour.
    """
    if result.outcome is Outcome.UNKNOWN or result.left_out or _is_untried(result):
        return {}
    return {
        "score": result.earned,
        # Extra points must not raise the maximum.
        "max_score": 0 if result.extra else result.points,
        # Without a status, Gradescope would derive it from the score: 0 of 0 points would pass.
        "status": "passed" if result.outcome is Outcome.PASSED else "failed",
    }


def _is_untried(result: Result) -> bool:
    """Return whether a test was not run, though its program starts as far as is known."""
    return result.outcome is Outcome.NOT_RUN and not result.is_blocked


def _gradescope_output(result: Result) -> str:
    lines = [result.why]
    if result.outcome is not Outcome.PASSED:
        lines += ["", f"{result.outcome}: {MEANINGS[result.outcome]}.", result.reason]
        for check in result.findings:
            lines += ["", f"{check.check}: {promises().get(check.check, '')}"]
            lines += [f"- {finding.says}" for finding in check.findings]
    return "\n".join(printable(part) for line in lines for part in line.split("\n"))
