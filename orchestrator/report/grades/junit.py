"""JUnit's XML, as CI servers read it: a suite for each program, a case for each test.

What failed is a failure, what is unknown an error, what was lacking or not run is skipped.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from orchestrator.grades import Grade, Outcome, Result, Suite

_TAGS = {
    Outcome.FAILED: "failure",
    Outcome.UNKNOWN: "error",
    Outcome.LACKING: "skipped",
    Outcome.NOT_RUN: "skipped",
}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(suite: Suite, grades: Sequence[Grade]) -> str:
    """Return the grades of some programs as one document."""
    whole = ET.Element("testsuites", _sums([r for grade in grades for r in grade.results]))
    whole.set("name", _clean(suite.title))
    for grade in grades:
        part = ET.SubElement(whole, "testsuite", _sums(grade.results))
        part.set("name", _clean(grade.program))
        for result in grade.results:
            _add(part, grade, result)
    ET.indent(whole)
    return ET.tostring(whole, encoding="unicode", xml_declaration=False) + "\n"


def _sums(results: Sequence[Result]) -> dict[str, str]:
    tags = [_TAGS.get(result.outcome) for result in results]
    return {
        "tests": str(len(results)),
        "failures": str(tags.count("failure")),
        "errors": str(tags.count("error")),
        "skipped": str(tags.count("skipped")),
        "time": _time(sum(result.seconds for result in results)),
    }


def _add(part: ET.Element, grade: Grade, result: Result) -> None:
    case = ET.SubElement(part, "testcase", {
        "classname": _clean(grade.program),
        "name": _clean(result.test),
        "time": _time(result.seconds),
    })  # fmt: skip
    if tag := _TAGS.get(result.outcome):
        told = ET.SubElement(case, tag, {"message": _clean(result.reason)})
        if tag != "skipped":
            told.set("type", str(result.outcome))
            told.text = _clean("\n".join(_lines(grade, result)))


def _lines(grade: Grade, result: Result) -> list[str]:
    told = [f"{f.check}: {w.says}" for f in result.findings for w in f.findings]
    where = f"evidence: {grade.program}/{result.run}" if result.run else ""
    return [result.why, *(told or [result.reason]), where]


def _time(seconds: float) -> str:
    return f"{seconds:.3f}"


def _clean(text: str) -> str:
    """Return a text without what XML cannot hold, in any way of writing it."""
    return _NOT_XML.sub("\ufffd", text)
