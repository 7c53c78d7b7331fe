"""`python -m tests.gossip --times 10`: the store and its variants in all scenarios, repeatedly.

Exit status 0 only if the store kept all promises each time, and each broken variant broke its own
and no other; 1 otherwise, 2 if the lab itself failed.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from orchestrator.checks.judged_run import Run
from orchestrator.scenario import EngineName
from tests import trials
from tests.gossip.trial import Trial, tried
from tests.gossip.trial import trials as all_trials


def main(
    times: Annotated[int, typer.Option(min=1, help="How often each runs.")] = 1,
    engine: Annotated[list[EngineName] | None, typer.Option(help="Where; may be repeated.")] = None,
    jobs: Annotated[int, typer.Option(min=1, max=16, help="Runs side by side.")] = 2,
    only: Annotated[list[str] | None, typer.Option(help="A scenario; may be repeated.")] = None,
) -> None:
    """Run the store and every broken variant, and print every difference from what must be."""
    console = trials.console()
    folder = Path(mkdtemp(prefix="peerlab-gossip-"))
    console.print(f"the runs are kept in {folder}")
    engines = [trials.engine_here(name, console) for name in engine or [EngineName.AUTO]]
    right = [_try(console, name, times, jobs, only or [], folder) for name in engines]
    raise typer.Exit(0 if all(right) else 1)


def _try(
    console: Console, engine: EngineName, times: int, jobs: int, only: list[str], folder: Path
) -> bool:
    """Run everything on an engine; return whether all of it was right."""
    chosen = [trial for trial in all_trials(engine) if not only or trial.scenario in only]
    rounds = [trial for _ in range(times) for trial in chosen]
    seconds, right = defaultdict[Trial, list[float]](list), defaultdict[Trial, int](int)

    def note(number: int, run: Run) -> None:
        trial = rounds[number]
        differs = trial.differences(run)
        right[trial] += not differs
        seconds[trial].append(sum(run.seconds.values()))
        for line in differs:
            console.print(line, soft_wrap=True)

    began = time.monotonic()
    tried(rounds, engine, folder, jobs=jobs, done=note)
    title = f"{engine}: {len(rounds)} runs in {time.monotonic() - began:.0f} s"
    table = Table(title=title, title_justify="left")
    for name in ("", "breaks", "as it must be", "median, s", "longest, s"):
        table.add_column(name, no_wrap=True)
    for trial in chosen:
        took = seconds[trial] or [0.0]
        figures = f"{statistics.median(took):.1f}", f"{max(took):.1f}"
        table.add_row(trial.name, trial.store.breaks, f"{right[trial]} of {times}", *figures)
    console.print(table)
    return sum(right.values()) == len(rounds)


if __name__ == "__main__":
    trials.run(main)
