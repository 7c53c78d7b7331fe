"""Terminal, JSON and HTML output. It reads runs and never sees an engine."""

from __future__ import annotations

from orchestrator.report.mesh_tables import FaultRow, PeerRow, print_active_faults, print_peers
from orchestrator.report.printing import safe, safe_lines
from orchestrator.report.run_report import as_text, print_run, run_line, runs_as_data
from orchestrator.report.summary import print_summary

__all__ = [
    "FaultRow", "PeerRow", "as_text", "print_active_faults", "print_peers", "print_run",
    "print_summary", "run_line", "runs_as_data", "safe", "safe_lines",
]  # fmt: skip
