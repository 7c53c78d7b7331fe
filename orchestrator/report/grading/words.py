"""The wording of outcomes and points, whatever the format."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from functools import cache

from orchestrator import checks
from orchestrator.grading.results import DIALLER, OTHER, Grade, Outcome, Result
from orchestrator.text import count

MARKS = {
    Outcome.PASSED: "✓",
    Outcome.FAILED: "✗",
    Outcome.NOT_TESTED: "\N{EN DASH}",
    Outcome.UNKNOWN: "?",
    Outcome.LACKING: "○",
    Outcome.NOT_RUN: "·",
}

MEANINGS = {
    Outcome.PASSED: "the program did what the test asks for",
    Outcome.FAILED: "the program did not do what the test asks for",
    Outcome.NOT_TESTED: "it needs what a more basic test shows to be wrong, so it shows nothing",
    Outcome.UNKNOWN: "the lab does not know, and nothing counts against the program",
    Outcome.LACKING: "the program does not have the command or notice that is tested",
    Outcome.NOT_RUN: "not tried",
}

_PAIR_MARKS = {**MARKS, Outcome.NOT_RUN: "-"}
_BLOCKED = "!"
_PAIR_MEANINGS = {
    Outcome.PASSED: "works",
    Outcome.FAILED: "does not work",
    Outcome.NOT_TESTED: "there was nothing to judge",
    Outcome.UNKNOWN: "the lab does not know, and nothing counts against either program",
    Outcome.LACKING: "one of them does not have it",
    Outcome.NOT_RUN: "not tried",
}

ROLES = f"the program that dials is {DIALLER}, the one that is dialled is {OTHER}"


def number(points: float) -> str:
    """Return points as people write them."""
    return f"{points:.2f}".rstrip("0").rstrip(".")


def earned(result: Result) -> str:
    """Return the points of a test and what it is worth; a dash if it was not run."""
    if result.outcome is Outcome.NOT_RUN:
        return MARKS[Outcome.NOT_TESTED]
    return f"{number(result.earned)} / {number(result.points)}"


def points(grade: Grade) -> str:
    """Return the points of a program and the total; a dash if nothing is known of it."""
    if not _is_known(grade):
        return MARKS[Outcome.NOT_TESTED]
    return f"{number(grade.points)} / {number(grade.total)}"


def _is_known(grade: Grade) -> bool:
    """Return whether any test says anything about a program."""
    return any(r.outcome not in (Outcome.NOT_RUN, Outcome.UNKNOWN) for r in grade.results)


def score(grade: Grade) -> str:
    """Return the points a program earned, and the total."""
    if not _is_known(grade):
        return "no points yet: no test has a result"
    more = f", {number(grade.extra)} of them extra" if grade.extra else ""
    return f"{number(grade.points)} of {number(grade.total)} points{more}"


def dependants(results: Sequence[Result]) -> str:
    """Return how many tests are not tested because of another, and their points."""
    points, lost = (sum(r.points for r in results if r.left_out is out) for out in (True, False))
    outs = [f"{number(points)} left out of the total"] if points else []
    losses = [f"{number(lost)} lost"] if lost else []
    return f"{count(len(results), 'test')} (points: {', '.join([*outs, *losses]) or '0'})"


def untested(grade: Grade) -> list[str]:
    """Return a line for each test because of which others are not tested."""
    return [
        f"not tested because of {cause}: {dependants(results)}"
        for cause, results in grade.depending.items()
    ]


def uncounted(grade: Grade) -> list[str]:
    """Return a line for each sort of thing that was found and costs no points in any test."""
    lines = []
    for kind, several in grade.uncounted.items():
        (first, check), *others = several
        says = check.findings[0].says if check.findings else check.says
        where = f"{first.test} and {count(len(others), 'other test')}" if others else first.test
        lines.append(f"{kind}, in {where}: {says}")
    return lines


def kind(result: Result) -> str:
    """Return whether a test is required or extra; empty for neither."""
    return "required" if result.required else "extra" if result.extra else ""


def place(result: Result) -> str:
    """Return the run with the evidence, relative to the results' folder, and the time in it."""
    when = f" at {result.at:.3f} s" if result.at is not None and result.run else ""
    return f"{result.run}{when}"


def pair_mark(result: Result) -> str:
    """Return the mark of a test in the cell of a matrix."""
    return _BLOCKED if result.is_blocked else _PAIR_MARKS[result.outcome]


def legend(results: Iterable[Result]) -> list[tuple[str, Outcome, str]]:
    """Return the marks that occur in cells, each with its outcome and what it means."""
    used = {pair_mark(result) for result in results}
    known = [(_PAIR_MARKS[outcome], outcome, _PAIR_MEANINGS[outcome]) for outcome in Outcome]
    known.append((_BLOCKED, Outcome.NOT_RUN, "one of the two does not start"))
    return [row for row in known if row[0] in used]


@cache
def promises() -> dict[str, str]:
    """Return what each check demands of a program: the first sentence of its module."""
    found = {}
    for name, check in checks.CHECKS.items():
        says = sys.modules[check.__module__].__doc__ or name
        found[name] = re.sub(r"\s+", " ", says.partition("\n\n")[0]).strip()
    return found
