"""`python -m tests.interleaved --runs 10000`: two peers dial, end and exit in any order of threads.

Each run has a seed, printed when something is wrong; `--first <seed> --runs 1` shows it again.
Exit status 0 only if consoles, lists and both ends agreed every time, and nothing was left.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from typing import Annotated

import typer

from tests import trials
from tests.interleaved.trial import failure


def main(
    runs: Annotated[int, typer.Option(min=1)] = 10_000,
    first: Annotated[int, typer.Option(help="the first run's seed; the next has the next")] = 1,
    jobs: Annotated[int, typer.Option(min=1, max=64)] = 2,
) -> None:
    """Run one seed after the other, and print what went wrong."""
    console, began, wrong = trials.console(), time.monotonic(), 0
    with multiprocessing.Pool(jobs) as pool:
        for failed in pool.imap(failure, range(first, first + runs), chunksize=20):
            if failed:
                wrong += 1
                console.print(failed, soft_wrap=True)
    took = time.monotonic() - began
    console.print(f"seeds {first} to {first + runs - 1}: {wrong} went wrong, in {took:.0f} s")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    trials.run(main)
