"""What runs are doing now: a live view on a terminal, a line for each end elsewhere."""

from __future__ import annotations

import threading
from typing import Self

from rich.console import Group
from rich.live import Live as RichLive
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from orchestrator.cancel import CancelledError
from orchestrator.checks.judged_run import Run
from orchestrator.cli.consoles import err, say
from orchestrator.grading.results import Result
from orchestrator.report import safe
from orchestrator.report.grading.tables import result_line
from orchestrator.report.run import run_line

_REFRESH = 10  # times a second; a step that is over sooner need not be seen
_LOOK_BACK = 600.0  # seconds from which the time left is estimated
_NOW = TextColumn("[dim]{task.fields[now]}")


class Live:
    """Shows a line for each scenario that is under way, and how many are done.

    Args:
        names: the scenarios, in the order in which they are numbered.
        what: what they are, in a word.

    Attributes:
        names: as given.
        ended: the runs that are over, by their numbers.
        results: how many tests have one that is kept.
    """

    def __init__(self, names: list[str], what: str = "scenarios") -> None:
        self.names = names
        self.ended: dict[int, Run] = {}
        self.results = 0
        self._lock = threading.Lock()
        self._tasks: dict[int, TaskID] = {}
        self._all = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(),
            TimeElapsedColumn(), TextColumn("[dim]left"),
            TimeRemainingColumn(elapsed_when_finished=True), _NOW, speed_estimate_period=_LOOK_BACK,
        )  # fmt: skip
        self._each = Progress(TextColumn("{task.description}"), TimeElapsedColumn(), _NOW)
        self._total = self._all.add_task(what, total=len(names), now="")
        self._view = RichLive(
            Group(self._all, self._each), console=err, transient=True, refresh_per_second=_REFRESH
        )

    def __enter__(self) -> Self:
        if err.is_terminal:
            self._view.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._view.stop()

    def phase(self, line: str) -> None:
        """Show that something begins that takes a while."""
        self._all.update(self._total, now=safe(line))
        if not err.is_terminal:
            say(line)

    def begin(self, number: int) -> None:
        """Show one scenario more."""
        with self._lock:
            self._tasks[number] = self._each.add_task(
                safe(self.names[number]), total=None, now="starting"
            )

    def step(self, number: int, line: str) -> None:
        """Show what a scenario does; what it took a while to begin is over."""
        self._all.update(self._total, now="")
        self._each.update(self._tasks[number], now=safe(line))

    def end(self, number: int, run: Run) -> None:
        """Show how a scenario ended."""
        stopped = isinstance(run.error, CancelledError)
        # One alone is reported at once, unless at Ctrl-C.
        self.over(number, run_line(run) if len(self.names) > 1 or stopped else None)
        self.ended[number] = run
        if stopped:
            err.print(f"  what happened until then is in {safe(run.folder)}", soft_wrap=True)

    def marked(self, number: int, result: Result) -> None:
        """Show what a test came to; it may never have begun."""
        self.results += result.settled
        self.over(number, result_line(self.names[number], result))

    def over(self, number: int, line: Text | None) -> None:
        """Take one off that is over, which need not have begun, and print how it ended."""
        with self._lock:
            if (task := self._tasks.pop(number, None)) is not None:
                self._each.remove_task(task)
        self._all.update(self._total, advance=1, now="")
        if line:
            err.print(line, soft_wrap=True)
