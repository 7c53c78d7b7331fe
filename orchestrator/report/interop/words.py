"""How the outcomes of pairs are told, whatever the format."""

from __future__ import annotations

from orchestrator.grades import Outcome, Result
from orchestrator.grades.matrix import DIALLER, OTHER
from orchestrator.report.grades.words import MARKS as OF_GRADES

MARKS = {**OF_GRADES, Outcome.NOT_RUN: "-"}

MEANINGS = {
    Outcome.PASSED: "works",
    Outcome.FAILED: "does not",
    Outcome.UNKNOWN: "the lab cannot tell: nothing is known against either program",
    Outcome.LACKING: "one of them does not have it",
    Outcome.NOT_RUN: "not tried",
}

ROLES = f"the program that dials is {DIALLER}, the one that is dialled is {OTHER}"


def place(result: Result) -> str:
    """Return where the evidence of a result is, as seen from the output's folder."""
    when = f" at {result.at:.3f} s" if result.at is not None and result.run else ""
    return f"{result.run}{when}"
