"""All files of a grading, in its folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.grades import Grade, Suite
from orchestrator.grades.store import write_whole
from orchestrator.report.grades.data import as_csv, grade_as_data, grades_as_data
from orchestrator.report.grades.gradescope import results_json
from orchestrator.report.grades.junit import junit
from orchestrator.report.grades.pages import (
    PROGRAM_PAGE,
    SUMMARY_PAGE,
    program_page,
    summary_page,
)


@dataclass(frozen=True)
class Written:
    """Where to begin to read."""

    summary: Path
    table: Path
    junit: Path


def write_all(output: Path, suite: Suite, grades: Sequence[Grade]) -> Written:
    """Write what is known of all programs; return the files that are for all of them.

    Raises:
        LabError: one cannot be written.
    """
    for grade in grades:
        home = output / grade.program
        write_whole(home / PROGRAM_PAGE, program_page(suite, grade, home))
        write_whole(home / "grade.json", _json(grade_as_data(grade)))
        write_whole(home / "results.json", _json(results_json(grade)))
    written = Written(output / SUMMARY_PAGE, output / "grades.csv", output / "junit.xml")
    write_whole(written.summary, summary_page(suite, grades))
    write_whole(written.table, as_csv(grades))
    write_whole(written.junit, junit(suite, grades))
    write_whole(output / "grades.json", _json(grades_as_data(suite, grades)))
    return written


def _json(data: object) -> str:
    return json.dumps(data, indent=2) + "\n"
