"""How the outcomes of pairs are told, whatever the format."""

from __future__ import annotations

from collections.abc import Iterable

from orchestrator.grades import Outcome, Result
from orchestrator.grades.matrix import DIALLER, OTHER
from orchestrator.report.grades.words import MARKS as OF_GRADES

_MARKS = {**OF_GRADES, Outcome.NOT_RUN: "-"}
_NO_START = "!"

_MEANINGS = {
    Outcome.PASSED: "works",
    Outcome.FAILED: "does not",
    Outcome.UNKNOWN: "the lab cannot tell: nothing is known against either program",
    Outcome.LACKING: "one of them does not have it",
    Outcome.NOT_RUN: "not tried",
}


def mark(result: Result) -> str:
    """Return what stands in a cell for a test."""
    return _NO_START if result.is_for_want_of_a_start else _MARKS[result.outcome]


def legend(results: Iterable[Result]) -> list[tuple[str, Outcome, str]]:
    """Return each mark of these results, the outcome, and what it means."""
    used = {mark(each) for each in results}
    known = [(_MARKS[outcome], outcome, _MEANINGS[outcome]) for outcome in Outcome]
    known.append((_NO_START, Outcome.NOT_RUN, "one of the two does not start"))
    return [each for each in known if each[0] in used]


ROLES = f"the program that dials is {DIALLER}, the one that is dialled is {OTHER}"


def place(result: Result) -> str:
    """Return where the evidence of a result is, as seen from the output's folder."""
    when = f" at {result.at:.3f} s" if result.at is not None and result.run else ""
    return f"{result.run}{when}"
