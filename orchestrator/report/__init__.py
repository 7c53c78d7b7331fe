"""The only place that prints tables. It reads runs; it never sees an engine."""

from __future__ import annotations

from orchestrator.report.as_text import as_text
from orchestrator.report.data import runs_as_data
from orchestrator.report.held import HeldRow, print_held
from orchestrator.report.mesh import PeerRow, print_peers
from orchestrator.report.run import print_run, run_line
from orchestrator.report.summary import print_summary
from orchestrator.report.text import safe, safe_lines

__all__ = [
    "HeldRow", "PeerRow", "as_text", "print_held", "print_peers", "print_run", "print_summary",
    "run_line", "runs_as_data", "safe", "safe_lines",
]  # fmt: skip
