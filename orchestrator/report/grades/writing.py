"""All files of a grading, in its folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.grades import Grade, Suite
from orchestrator.grades.store import write_whole
from orchestrator.report.grades.data import PROGRAM_DATA, as_csv, grade_as_data, grades_as_data
from orchestrator.report.grades.earlier import with_earlier
from orchestrator.report.grades.gradescope import results_json
from orchestrator.report.grades.junit import junit
from orchestrator.report.grades.pages import (
    PROGRAM_PAGE,
    SUMMARY_PAGE,
    Again,
    alone,
    program_page,
    summary_page,
)


@dataclass(frozen=True)
class Written:
    """Where to begin to read."""

    summary: Path
    table: Path
    junit: Path

    @classmethod
    def into(cls, output: Path) -> Written:
        """Return the files in a folder."""
        return cls(output / SUMMARY_PAGE, output / "grades.csv", output / "junit.xml")


def write_all(
    output: Path, suite: Suite, grades: Sequence[Grade], *, again: Again = alone
) -> Written:
    """Write what is known of these programs; return the files that are for all of them.

    There stand also the programs of earlier gradings in the same folder.

    Args:
        output: the folder; each program has one in it.
        suite: the tests.
        grades: what became of all of them.
        again: tells what grades a program again.

    Raises:
        LabError: one cannot be written.
    """
    for grade in grades:
        home = output / grade.program
        write_whole(home / PROGRAM_PAGE, program_page(suite, grade, home, again(grade)))
        write_whole(home / PROGRAM_DATA, _json(grade_as_data(grade)))
        write_whole(home / "results.json", _json(results_json(grade)))
    written = Written.into(output)
    every = with_earlier(output, suite, grades)
    write_whole(written.summary, summary_page(suite, every))
    write_whole(written.table, as_csv(every))
    write_whole(written.junit, junit(suite, every))
    write_whole(output / "grades.json", _json(grades_as_data(suite, every)))
    return written


def _json(data: object) -> str:
    return json.dumps(data, indent=2) + "\n"
