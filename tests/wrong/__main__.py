"""`python -m tests.wrong --times 20`: every wrong peer again and again, each check's verdicts.

Exit status 0 only if every check said of every run what it must, 1 otherwise, 2 if the lab
itself failed.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator.checks import CHAT
from orchestrator.checks.judged_run import Run
from orchestrator.engines.choose import choose
from orchestrator.report.marks import marked
from orchestrator.runner.jobs import Plan, run_all
from orchestrator.scenario import EngineName
from tests import trials
from tests.wrong.trial import EVERY, Variant, found

Runs = dict[Variant, list[Run]]


class _Progress:
    """Prints which variant is next, and what broke a run off."""

    def __init__(self, console: Console, variants: Sequence[Variant]) -> None:
        self._console, self._variants = console, variants

    def phase(self, line: str) -> None:
        """Print nothing."""

    def begin(self, number: int) -> None:
        """Print a variant's name the first time."""
        variant = self._variants[number]
        if variant not in self._variants[:number]:
            self._console.print(f"{variant.name} …")

    def step(self, number: int, line: str) -> None:
        """Print nothing."""

    def end(self, number: int, run: Run) -> None:
        """Print what broke a run off, if anything did."""
        if run.error:
            self._console.print(f"{self._variants[number].name}: {run.error.what}")


def main(
    times: Annotated[int, typer.Option(min=1, help="How often each runs.")] = 1,
    engine: Annotated[list[EngineName] | None, typer.Option(help="Where; may be repeated.")] = None,
) -> None:
    """Run the right peer and every wrong one, and print the verdicts of each check."""
    console = trials.console()
    folder = Path(mkdtemp(prefix="peerlab-wrong-"))
    console.print(f"the runs are kept in {folder}")
    right = [_try(console, name, times, folder) for name in engine or [EngineName.AUTO]]
    raise typer.Exit(0 if all(right) else 1)


def _try(console: Console, name: EngineName, times: int, folder: Path) -> bool:
    """Run everything on an engine; return whether every verdict was right."""
    variants = [variant for variant in EVERY for _ in range(times)]
    sources = [variant.source(folder) for variant in variants]
    progress = _Progress(console, variants)
    began = time.monotonic()
    plan = Plan(sources, name, lambda kind: choose(kind, progress.phase), folder)
    done = run_all(plan, progress)
    title = f"{done[0].engine}: {len(done)} runs in {time.monotonic() - began:.0f} s"
    runs: Runs = {variant: [] for variant in EVERY}
    for variant, run in zip(variants, done, strict=True):
        runs[variant].append(run)
    console.print(_table(title, runs))
    return all(_is_right(variant, run) for variant in EVERY for run in runs[variant])


def _is_right(variant: Variant, run: Run) -> bool:
    return not run.error and found(run) == variant.wanted


def _table(title: str, runs: Runs) -> Table:
    table = Table(title=title, title_justify="left")
    for name in ("", *(variant.name for variant in runs)):
        table.add_column(name, no_wrap=True)
    for check in CHAT:
        table.add_row(check, *(_cell(check, variant, runs[variant]) for variant in runs))
    table.add_section()
    right = [sum(_is_right(variant, run) for run in runs[variant]) for variant in runs]
    table.add_row("right", *map(str, right))
    for what, of in (("median, s", statistics.median), ("longest, s", max)):
        table.add_row(what, *(f"{of(_seconds(runs[variant])):.1f}" for variant in runs))
    return table


def _cell(check: str, variant: Variant, runs: Sequence[Run]) -> Text:
    """Return a check's verdicts: in brackets if they follow from another, red if wrong."""
    said = Counter(found(run)[check] for run in runs)
    wanted = variant.wanted[check]
    shown = " ".join(f"{marked(judgement).plain[0]}{count}" for judgement, count in said.items())
    if said.keys() != {wanted}:
        return Text(shown, style="reverse red")
    return Text(f"({shown})" if check in variant.also else shown)


def _seconds(runs: Sequence[Run]) -> list[float]:
    return [sum(run.seconds.values()) for run in runs]


if __name__ == "__main__":
    trials.run(main)
