"""Programs with a verified truth: take them without it, grade them, and compare.

A subject is a folder with what a student would hand in, and `truth.yaml`. Under `tests`, that
file says what a right lab finds in each test of the suite: `pass`, `fail`, `only_by` (it goes
wrong, but by a fault that another test is for) or `unsure` (nobody can tell).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from orchestrator.grading.results import Grade, Outcome, Result
from tests.orchestrator.support import ROOT

HOME = ROOT / "tests/subjects/programs"
PROFILES = ROOT / "tests/subjects/profiles"
TRUTH = "truth.yaml"

_LEFT_OUT = (TRUTH, "profile.yaml", "__pycache__")


class Truth(StrEnum):
    """What is true of a program in one test."""

    PASS = "pass"
    FAIL = "fail"
    ONLY_BY = "only_by"
    UNSURE = "unsure"


class Match(StrEnum):
    """How a result and the truth go together; the worst comes last."""

    AGREES = "agrees"
    UNJUDGED = "unjudged"  # the truth is known, and the lab says that it is not
    MISSED = "missed"  # a fault that passed
    SECOND_HAND = "second-hand"  # blamed again for a fault that another test is for
    FALSE = "false"  # a fault that is not there

    @property
    def rank(self) -> int:
        """The higher, the worse."""
        return [*Match].index(self)


def truth_of(folder: Path) -> dict[str, Truth]:
    """Return what is true of a program, by test."""
    data: dict[str, Any] = YAML(typ="safe").load(folder / TRUTH)
    return {test: kind for kind in Truth for test in data["tests"].get(kind) or ()}


def match(truth: Truth, outcome: Outcome) -> Match:
    """Compare a result with the truth.

    A test that lacks something gives no points, as one that is failed.
    """
    blamed = outcome in {Outcome.FAILED, Outcome.LACKING}
    if truth is Truth.UNSURE:
        return Match.AGREES
    if truth is Truth.ONLY_BY:
        return Match.SECOND_HAND if blamed else Match.AGREES
    if not blamed and outcome is not Outcome.PASSED:
        return Match.UNJUDGED
    if truth is Truth.PASS:
        return Match.FALSE if blamed else Match.AGREES
    return Match.AGREES if blamed else Match.MISSED


def not_graded(grade: Grade) -> str:
    """Return why a program was not graded, as where it cannot be built; empty if it was."""
    unstarted = (result.reason for result in grade.results if result.started is False)
    return grade.trouble or next(unstarted, "")


def compared(grade: Grade, truth: dict[str, Truth]) -> dict[str, Match]:
    """Return how the results of the tests that were run go together with the truth."""
    return {
        result.test: Match.AGREES if _follows(result, truth) else match(is_true, result.outcome)
        for result in grade.results
        if (is_true := truth.get(result.test))
    }


def _follows(result: Result, truth: dict[str, Truth]) -> bool:
    """Return whether a result refers to a true fault, for a test that the fault makes fail."""
    faulty = {Truth.FAIL, Truth.ONLY_BY}
    return truth[result.test] in faulty and truth.get(result.because) is Truth.FAIL


def differences(grade: Grade, found: dict[str, Match]) -> Iterator[str]:
    """Yield a line for each result that does not agree with the truth."""
    for result in grade.results:
        kind = found.get(result.test, Match.AGREES)
        if kind is not Match.AGREES:
            reason = result.reason or "passed"
            yield f"{grade.program} {result.test}: {kind}: {reason} ({result.run})"


def handed_in(folder: Path, target: Path) -> Path:
    """Copy a program without its truth and any profile; return the copy."""
    copy = target / folder.name
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    return copy
