"""`make bench`: what consoles, starts, watching sockets and the canary cost, as ratios.

`python -m bench.attacks` has what attacks cost a peer, `python -m bench.pages` what pages cost.

The two sides of a ratio are measured in turn, round by round, so that a noisy machine
disturbs both alike; the ratio quoted is the median of the rounds' ratios.
"""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from bench import driving, starting, watching
from bench.measure import Ratio
from orchestrator.engines.docker import client as docker_client
from orchestrator.errors import LabError


def main() -> int:
    """Measure, print a table, return 0; or 2 without Docker."""
    console = Console(highlight=False)
    try:
        client = docker_client.connect()
        docker_client.sweep(client)
        parts = (driving, starting, watching)
        ratios = [ratio for part in parts for ratio in part.measure(client, console.print)]
    except LabError as error:
        console.print(f"error: {error.what}\nhint: {error.hint}", markup=False)
        return 2
    console.print(_table(ratios))
    return 0


def _table(ratios: list[Ratio]) -> Table:
    table = Table(title="Measured in one run, medians", title_justify="left")
    for column in ("what", "the lab", "compared with", "takes", "ratio (worst round)", "wanted"):
        table.add_column(column, justify="right" if column in ("the lab", "takes") else "left")
    for ratio in ratios:
        table.add_row(*ratio.cells)
    return table


if __name__ == "__main__":
    sys.exit(main())
