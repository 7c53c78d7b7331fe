"""Annotations of GitHub Actions: messages that its pages show beside the line they are about.

They are lines of a job's log, so called workflow commands: `::error file=…,line=…::message`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestrator.checks.judged_run import Run
from orchestrator.checks.verdict import Judgement
from orchestrator.grading.results import Grade, Outcome
from orchestrator.report.findings import first_finding, reason
from orchestrator.report.steps import WrittenSteps
from orchestrator.text import printable

_PLACED = re.compile(r"(?P<file>.+?):(?P<line>\d+):(?:(?P<column>\d+):)? (?P<what>.*)")
_IN_DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTIES = {**_IN_DATA, ":": "%3A", ",": "%2C"}


def are_wanted() -> bool:
    """Return whether this runs in a job of GitHub Actions."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def annotation(
    message: str, *, file: str = "", line: int = 0, column: int = 0, title: str = ""
) -> str:
    """Return the line that annotates an error.

    Args:
        message: it may have several lines.
        file: where the error is, from the current folder; empty if it is nowhere.
        line: counted from 1; 0 if it is not known.
        column: the same.
        title: a heading.
    """
    known = {"file": _in_workspace(file) if file else "", "line": line, "col": column,
             "title": title}  # fmt: skip
    given = ",".join(
        f"{key}={_escaped(str(value), _IN_PROPERTIES)}" for key, value in known.items() if value
    )
    return f"::error{' ' if given else ''}{given}::{_escaped(message, _IN_DATA)}"


def _escaped(text: str, escapes: dict[str, str]) -> str:
    return "".join(escapes.get(character) or printable(character) for character in text)


def _in_workspace(file: str) -> str:
    """Return a path as GitHub has it: from the folder of the checkout, if the file is there."""
    whole, root = Path(file).resolve(), os.environ.get("GITHUB_WORKSPACE", "")
    home = Path(root).resolve() if root else Path.cwd()
    return str(whole.relative_to(home)) if whole.is_relative_to(home) else file


def of_run(run: Run) -> Iterator[str]:
    """Yield the annotation of a run, at the step of its first finding; none of a valid one."""
    if run.judgement is Judgement.VALID:
        return
    steps = WrittenSteps(run)
    first = first_finding(run)
    step = steps.of(first) if first else None
    file, line = (step.file, step.line) if step else (steps.file, 0)
    yield annotation(reason(run), file=file, line=line, title=f"scenario {run.name}")


def of_grade(grade: Grade) -> Iterator[str]:
    """Yield the annotation of each test that a program did not pass, at its profile."""
    if grade.trouble:
        yield annotation(grade.trouble, file=grade.profile, title=f"{grade.program}: not graded")
    for result in grade.results:
        if result.outcome in (Outcome.FAILED, Outcome.UNKNOWN, Outcome.LACKING):
            title = f"{grade.program}: {result.test} {result.outcome}"
            yield annotation(result.reason, file=grade.profile, title=title)


def of_mistakes(mistakes: Iterable[str]) -> Iterator[str]:
    """Yield the annotation of each mistake that begins with its place, `file:line:column`."""
    for mistake in mistakes:
        if found := _PLACED.fullmatch(mistake):
            line, column = int(found["line"]), int(found["column"] or 0)
            yield annotation(found["what"], file=found["file"], line=line, column=column)
