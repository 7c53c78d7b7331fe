"""Writes all files of a grading or a matrix into the folder of results."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.checks import judged_run
from orchestrator.errors import DocumentError
from orchestrator.grading.marking import without_run
from orchestrator.grading.output import write_output
from orchestrator.grading.results import Grade, Matrix, Outcome, Result
from orchestrator.grading.rubric import Suite, Task
from orchestrator.history import runs
from orchestrator.reading import read_text
from orchestrator.report.grading.formats import (
    grade_as_data,
    grade_from_data,
    grades_as_csv,
    grades_as_data,
    gradescope,
    junit,
    matrix_as_csv,
    matrix_as_data,
)
from orchestrator.report.grading.pages import (
    PROGRAM_PAGE,
    GradeCommand,
    grade_command,
    has_section,
    matrix_page,
    program_page,
    summary_page,
)
from orchestrator.report.page.page import keep_page

_PROGRAM_DATA = "grade.json"
_MOST_MEGABYTES = 10


@dataclass(frozen=True)
class GradeFiles:
    """The files that are about all programs."""

    summary: Path
    table: Path
    junit: Path
    data: Path

    @classmethod
    def into(cls, output: Path) -> GradeFiles:
        """Return the files in a folder."""
        names = ("summary.html", "grades.csv", "junit.xml", "grades.json")
        return cls(*(output / name for name in names))


def publish_grades(
    output: Path, suite: Suite, grades: Sequence[Grade], *, command: GradeCommand = grade_command
) -> GradeFiles:
    """Write everything known about these programs; return the files about all programs.

    Those keep the programs of earlier gradings into the same folder. `command` returns what
    grades a program again.

    Raises:
        LabError: a file cannot be written.
    """
    for grade in grades:
        home = output / grade.program
        keep_run_pages(home, grade.results)
        write_output(home / PROGRAM_PAGE, program_page(suite, grade, home, command(grade)))
        _write_json(home / _PROGRAM_DATA, grade_as_data(grade))
        _write_json(home / "results.json", gradescope(grade))
    files = GradeFiles.into(output)
    merged = _with_earlier(output, suite, grades)
    write_output(files.summary, summary_page(suite, merged))
    write_output(files.table, grades_as_csv(merged))
    write_output(files.junit, junit(suite, merged))
    _write_json(files.data, grades_as_data(suite, merged))
    return files


def _with_earlier(output: Path, suite: Suite, grades: Sequence[Grade]) -> list[Grade]:
    """Return these grades, and those in `output` of other programs that still exist.

    A result counts as long as the rubric's line is the same.
    """
    names, folders = {grade.program for grade in grades}, {grade.folder for grade in grades}
    others = [
        grade.model_copy(update={"results": tuple(_still_valid(suite.tasks, grade))})
        for grade in _earlier(output)
        if grade.program not in names and grade.folder not in folders
    ]
    found = [*grades, *others]
    return sorted(found, key=lambda grade: grade.folder) if others else found


def _earlier(output: Path) -> Iterator[Grade]:
    """Yield the grades on disk, without damaged files."""
    for path in sorted(output.glob(f"*/{_PROGRAM_DATA}")):
        try:
            grade = grade_from_data(json.loads(read_text(path, _MOST_MEGABYTES)))
        except (FileNotFoundError, DocumentError, RecursionError, ValueError, KeyError, TypeError):
            continue
        if grade.program == path.parent.name and Path(grade.folder).is_dir():
            yield grade


def _still_valid(tasks: Sequence[Task], grade: Grade) -> Iterator[Result]:
    known = {result.test: result for result in grade.results}
    for task in tasks:
        why = "not graded by this rubric yet"
        fresh = without_run(task, Outcome.NOT_RUN, why, asked=False)
        before = known.get(task.test.name)
        yield before if before and _rubric_line(before) == _rubric_line(fresh) else fresh


def _rubric_line(result: Result) -> tuple[object, ...]:
    return result.points, result.required, result.extra, result.checks, result.needs, result.why


def keep_run_pages(home: Path, results: Iterable[Result]) -> None:
    """Write the page of each run that says why a test did not pass, if it has none yet.

    The results count without them, so it is no error if one cannot be written.
    """
    for result in results:
        folder = home / result.run
        if has_section(result) and result.run and not (folder / runs.PAGE).exists():
            with contextlib.suppress(DocumentError):
                keep_page(judged_run.load(folder))


@dataclass(frozen=True)
class MatrixFiles:
    """The files of a matrix."""

    page: Path
    table: Path
    data: Path


def publish_matrix(output: Path, matrix: Matrix) -> MatrixFiles:
    """Write the page, the table for spreadsheets and the JSON of a matrix.

    Raises:
        LabError: a file cannot be written.
    """
    for cell in matrix.cells:
        keep_run_pages(output, cell.results)
    names = ("interop.html", "interop.csv", "interop.json")
    files = MatrixFiles(*(output / name for name in names))
    write_output(files.page, matrix_page(matrix, output))
    write_output(files.table, matrix_as_csv(matrix))
    _write_json(files.data, matrix_as_data(matrix))
    return files


def _write_json(path: Path, data: object) -> None:
    write_output(path, json.dumps(data, indent=2) + "\n")
