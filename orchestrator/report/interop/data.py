"""The matrix as data, and as rows for spreadsheets."""

from __future__ import annotations

import csv
import io
from typing import Any

from orchestrator.grades.matrix import Matrix
from orchestrator.report.grades.data import cell as safe_cell

FORMAT = 1
"""Of this data: what means something else than before is written under a higher number."""


def matrix_as_data(matrix: Matrix) -> dict[str, Any]:
    """Return what became of every pair."""
    return {
        "format": FORMAT,
        "title": matrix.title,
        "engine": matrix.engine,
        "tests": [name for name, _ in matrix.tests],
        "programs": list(matrix.programs),
        "working": matrix.working,
        "certain": matrix.is_certain,
        "pairs": [
            {
                "dialler": cell.dialler,
                "dialled": cell.other,
                "works": cell.works,
                "results": {
                    each.test: {
                        "outcome": str(each.outcome),
                        "reason": each.reason,
                        "run": each.run,
                        "at": each.at,
                    }
                    for each in cell.results
                },
            }
            for cell in matrix.cells
        ],
    }


def as_csv(matrix: Matrix) -> str:
    """Return a row for each test of each pair."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")
    rows.writerow(["dialler", "dialled", "test", "result", "reason", "run"])
    for pair in matrix.cells:
        names = [safe_cell(pair.dialler), safe_cell(pair.other)]
        for each in pair.results:
            told = [safe_cell(each.reason), safe_cell(each.run)]
            rows.writerow([*names, each.test, str(each.outcome), *told])
    return text.getvalue()
