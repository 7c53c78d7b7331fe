"""What runs are doing: a live view on a terminal, else a line when each ends."""

from __future__ import annotations

import threading
from typing import Self

from rich.console import Console, Group
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

from orchestrator.cancel import RunCancelledError
from orchestrator.checks import Judgement
from orchestrator.checks.judged_run import Run
from orchestrator.cli.consoles import SECONDS_BETWEEN_LINES, err, say
from orchestrator.engines.counting import Occasionally
from orchestrator.grading.results import Result
from orchestrator.report.findings import reason
from orchestrator.report.grading.tables import result_line
from orchestrator.report.printing import plain, safe
from orchestrator.report.run_report import run_line, valid_lines
from orchestrator.text import cut

_REFRESH = 10  # times a second
_LONGEST = 200  # characters of why a scenario is not valid
_SPEED_OVER = 600.0  # seconds; the time left is estimated from the speed over this time
_NOW = TextColumn("[dim]{task.fields[now]}")


class LiveView:
    """Shows a line for each running scenario, and how many are done.

    Args:
        names: of the scenarios; their indices are their numbers.
        what: `scenarios` or `tests`.
        lines: where a line is printed when one ends; None for nowhere.
    """

    def __init__(
        self, names: list[str], what: str = "scenarios", lines: Console | None = err
    ) -> None:
        self.names, self._lines = names, lines
        self.ended: dict[int, Run] = {}  # the finished runs, by number
        self.results = 0  # the number of tests with a settled result
        self._lock = threading.Lock()
        self._now_and_then = Occasionally(say, SECONDS_BETWEEN_LINES)
        self._tasks: dict[int, TaskID] = {}
        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(bar_width=20), MofNCompleteColumn(),
            TimeElapsedColumn(), TextColumn("[dim]left"),
            TimeRemainingColumn(elapsed_when_finished=True), _NOW,
            speed_estimate_period=_SPEED_OVER,
        )  # fmt: skip
        self._running = Progress(TextColumn("{task.description}"), TimeElapsedColumn(), _NOW)
        self._total = self._progress.add_task(what, total=len(names), now="")
        self._view = RichLive(
            Group(self._progress, self._running),
            console=err,
            transient=True,
            refresh_per_second=_REFRESH,
        )

    def __enter__(self) -> Self:
        if err.is_terminal:
            self._view.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._view.stop()

    def phase(self, line: str) -> None:
        """Show that something has begun that takes a while."""
        self._progress.update(self._total, now=safe(line))
        if not err.is_terminal:
            say(line)

    def begin(self, number: int) -> None:
        """Add a scenario."""
        with self._lock:
            self._tasks[number] = self._running.add_task(
                safe(self.names[number]), total=None, now="starting"
            )

    def step(self, number: int, line: str) -> None:
        """Show what a scenario does; the phase before it is over."""
        self._progress.update(self._total, now="")
        self._running.update(self._tasks[number], now=safe(line))
        if not err.is_terminal:
            self._now_and_then(f"{self.names[number]}: {line}")

    def end(self, number: int, run: Run) -> None:
        """Show how a scenario ended."""
        stopped = isinstance(run.error, RunCancelledError)
        # The result of a single one is printed anyway, unless it was interrupted.
        self.remove(number, _line(run) if len(self.names) > 1 or stopped else None)
        self.ended[number] = run
        if stopped:
            err.print(f"  what happened until then is in {safe(run.folder)}", soft_wrap=True)

    def marked(self, number: int, result: Result) -> None:
        """Show the result of a test, which may never have begun."""
        self.results += result.settled
        self.remove(number, result_line(self.names[number], result))

    def remove(self, number: int, line: Text | None) -> None:
        """Remove a scenario, which may never have begun, and print how it ended."""
        with self._lock:
            if (task := self._tasks.pop(number, None)) is not None:
                self._running.remove_task(task)
        self._progress.update(self._total, advance=1, now="")
        if self._progress.finished:
            self._progress.update(self._total, now="removing what was started")
        if line and self._lines:
            self._lines.print(line, soft_wrap=True)
            self._now_and_then.postpone()


def _line(run: Run) -> Text:
    """Return how a scenario ended, on one line."""
    if run.judgement is Judgement.VALID:
        return next(valid_lines(run))
    why = reason(run).partition(": ")[2]
    return run_line(run).append_text(plain(f": {cut(why, _LONGEST)}"))
