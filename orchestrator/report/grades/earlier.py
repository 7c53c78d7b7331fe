"""The programs of earlier gradings in the same folder: they stay in the tables for all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic import ValidationError

from orchestrator.grades import Grade, Result, Suite, Task, unasked
from orchestrator.report.grades.data import PROGRAM_DATA, grade_of


def with_earlier(output: Path, suite: Suite, grades: Sequence[Grade]) -> list[Grade]:
    """Return these grades and those that `output` has of other programs which are still there.

    What is known of a test counts as long as its line in the rubric is the same.
    """
    names, folders = {each.program for each in grades}, {each.folder for each in grades}
    others = [
        each.model_copy(update={"results": tuple(_results(suite.tasks, each))})
        for each in _earlier(output)
        if each.program not in names and each.folder not in folders
    ]
    found = [*grades, *others]
    return sorted(found, key=lambda each: each.folder) if others else found


def _earlier(output: Path) -> Iterator[Grade]:
    """Yield the grades on disk; a file that somebody damaged is none."""
    for path in sorted(output.glob(f"*/{PROGRAM_DATA}")):
        try:
            grade = grade_of(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError, ValidationError, KeyError, TypeError):
            continue
        if grade.program == path.parent.name and Path(grade.folder).is_dir():
            yield grade


def _results(tasks: Sequence[Task], grade: Grade) -> Iterator[Result]:
    known = {each.test: each for each in grade.results}
    for task in tasks:
        fresh, before = unasked(task, "not graded by this rubric yet"), known.get(task.test.name)
        same = before and _line(before) == _line(fresh)
        yield before if before and same else fresh


def _line(result: Result) -> tuple[object, ...]:
    """Return what the rubric says of a test."""
    return result.points, result.required, result.extra, result.checks, result.why
