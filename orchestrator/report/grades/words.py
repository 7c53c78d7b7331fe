"""How outcomes and points are told, whatever the format."""

from __future__ import annotations

import re
import sys
from functools import cache

from orchestrator import checks
from orchestrator.grades import Grade, Outcome, Result

MARKS = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.UNKNOWN: "?",
    Outcome.LACKING: "○",
    Outcome.NOT_RUN: "·",
}

MEANINGS = {
    Outcome.PASSED: "the program did what the test asks for",
    Outcome.FAILED: "the program did not do what the test asks for",
    Outcome.UNKNOWN: "the lab cannot tell: no fault of the program is known",
    Outcome.LACKING: "the program does not have what the test is about",
    Outcome.NOT_RUN: "not tried",
}


def number(points: float) -> str:
    """Return points as people write them."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def score(grade: Grade) -> str:
    """Return what a program earned, of how much."""
    more = f", {number(grade.extra)} of them extra" if grade.extra else ""
    return f"{number(grade.points)} of {number(grade.total)} points{more}"


def kind(result: Result) -> str:
    """Return whether a test is required or extra; empty for neither."""
    return "required" if result.required else "extra" if result.extra else ""


def place(result: Result) -> str:
    """Return where the evidence of a result is, as seen from the program's folder."""
    when = f" at {result.at:.3f} s" if result.at is not None and result.run else ""
    return f"{result.run}{when}"


@cache
def promises() -> dict[str, str]:
    """Return what each check holds programs to, in a sentence: as its module says it."""
    found = {}
    for name, check in zip(checks.NAMES, checks.CHECKS, strict=True):
        says = sys.modules[check.__module__].__doc__ or name
        found[name] = re.sub(r"\s+", " ", says.partition("\n\n")[0]).strip()
    return found
