"""Grades for people and for other programs: tables, pages, and the formats of course tools."""

from orchestrator.report.grades.data import grades_as_data
from orchestrator.report.grades.pages import Again
from orchestrator.report.grades.table import print_grades, print_overview, result_line
from orchestrator.report.grades.writing import Written, write_all

__all__ = [
    "Again", "Written", "grades_as_data", "print_grades", "print_overview", "result_line",
    "write_all",
]  # fmt: skip
