"""The matrix of programs for people and for other programs: tables, a page, CSV and JSON."""

from orchestrator.report.interop.data import matrix_as_data
from orchestrator.report.interop.table import print_matrix
from orchestrator.report.interop.writing import Written, write_all

__all__ = ["Written", "matrix_as_data", "print_matrix", "write_all"]
