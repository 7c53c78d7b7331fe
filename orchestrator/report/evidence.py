"""The witnesses of a check, each with what the consoles showed around that time."""

from __future__ import annotations

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from orchestrator.checks.judged_run import Run
from orchestrator.checks.verdict import Finding, Verdict
from orchestrator.report.scenes import Scene, Scenes, Sighting
from orchestrator.report.text import Trimmed, marked, plain, shortened

_MOST_WITNESSES = 5
_LONGEST_LINE = 200  # characters
_LONGEST_SENTENCE = 600


class Evidence:
    """Prints what speaks against a run; each transcript is read once.

    Args:
        console: where to.
        run: the run.
    """

    def __init__(self, console: Console, run: Run) -> None:
        self._console, self._scenes = console, Scenes(run.folder)

    def print(self, verdict: Verdict) -> None:
        """Print a check's findings."""
        title = marked(verdict.judgement, f"{verdict.check}: {verdict.judgement.word}")
        self._console.print(title.append(f", {plain(verdict.says)}"))
        number = 0
        for scene in self._scenes.of(verdict.findings[:_MOST_WITNESSES]):
            for finding in scene.findings:
                number += 1
                self._say(number, finding)
            self._show(scene)
        if (more := len(verdict.findings) - _MOST_WITNESSES) > 0:
            self._console.print(Padding(plain(f"… and {more:,} more"), (0, 0, 0, 2)))

    def _say(self, number: int, finding: Finding) -> None:
        grid = Table.grid(padding=(0, 1))
        grid.add_row(plain(f"{number}."), plain(shortened(finding.says, _LONGEST_SENTENCE)))
        self._console.print(Trimmed(Padding(grid, (0, 0, 0, 2))))

    def _show(self, scene: Scene) -> None:
        """Print what the consoles showed, one below the other."""
        grid = Table.grid(padding=(0, 1))
        grid.add_column(style="bold", no_wrap=True)
        grid.add_column(style="dim", justify="right", no_wrap=True)
        grid.add_column(style="dim", no_wrap=True)
        grid.add_column(overflow="fold")
        for sighting in self._scenes.shown(scene):
            _add(grid, sighting)
        self._console.print(Trimmed(Padding(grid, (0, 0, 0, 5))))


def _add(grid: Table, sighting: Sighting) -> None:
    for number, line in enumerate(sighting.lines):
        name = "" if number else sighting.peer
        if line:
            text = plain(shortened(line.text, _LONGEST_LINE))
            grid.add_row(plain(name), f"{line.at:.3f}", "│", text)
        else:
            grid.add_row("", "…", "│", "")
    if sighting.empty:
        grid.add_row(plain(sighting.peer), "", "│", plain(f"({sighting.empty})", "dim"))
