"""All files of a matrix, in its folder."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from orchestrator.grades.matrix import Matrix
from orchestrator.grades.store import write_whole
from orchestrator.report.interop.data import as_csv, matrix_as_data
from orchestrator.report.interop.page import page


@dataclass(frozen=True)
class Written:
    """Where the files are."""

    page: Path
    table: Path
    data: Path


def write_all(output: Path, matrix: Matrix) -> Written:
    """Write the page, the table for spreadsheets and the data.

    Raises:
        LabError: one cannot be written.
    """
    written = Written(output / "interop.html", output / "interop.csv", output / "interop.json")
    write_whole(written.page, page(matrix, output))
    write_whole(written.table, as_csv(matrix))
    write_whole(written.data, json.dumps(matrix_as_data(matrix), indent=2) + "\n")
    return written
