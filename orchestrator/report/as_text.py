"""A run as plain text, for whoever has no terminal to print on."""

from __future__ import annotations

import io

from rich.console import Console

from orchestrator.checks.judged_run import Run
from orchestrator.report.run import print_run

_WIDTH = 100  # columns


def as_text(run: Run, *, details: bool = False) -> str:
    """Return what `print_run` prints, without colours."""
    file = io.StringIO()
    console = Console(
        file=file, width=_WIDTH, color_system=None, force_terminal=False, highlight=False,
        emoji=False,
    )  # fmt: skip
    print_run(console, run, details=details)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().split("\n")).rstrip() + "\n"
