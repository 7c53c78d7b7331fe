"""The pages of runs: written when a run is over, and opened in a browser."""

from __future__ import annotations

import threading
import webbrowser
from pathlib import Path

from rich.console import Console

from orchestrator.checks.judged_run import Run
from orchestrator.cli.consoles import err, print_warning
from orchestrator.cli.live import LiveView
from orchestrator.errors import LabError


class PagedView(LiveView):
    """Shows what runs are doing, and writes the page of each when it ends.

    Args:
        names: of the scenarios; their indices are their numbers.
        lines: as of a `LiveView`.
    """

    def __init__(self, names: list[str], *, lines: Console | None = err) -> None:
        super().__init__(names, lines=lines)
        self._warning = ""  # the first one; the others would say the same
        self._pages = threading.Lock()

    def end(self, number: int, run: Run) -> None:
        """Write the page of a scenario that has ended, and show how it ended."""
        # Most commands write no page, and what it takes to write one takes a while to import.
        from orchestrator.report.page.page import keep_page

        with self._pages:  # one at a time: other jobs need the processor to be on time
            warning = keep_page(run)
        if warning and not self._warning:
            self._warning = warning
            print_warning(warning)
        super().end(number, run)


def open_page(path: Path) -> None:
    """Open a page in the user's browser.

    Raises:
        LabError: there is none.
    """
    if not webbrowser.open(path.resolve().as_uri()):
        raise LabError(
            f"no browser was found to open {path}",
            hint="copy this one file to a machine with a browser; it needs nothing else",
        )
