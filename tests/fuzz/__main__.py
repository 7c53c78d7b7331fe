"""`python -m tests.fuzz --minutes 10`: a peer's port and its console, fuzzed at the same time.

Half of the time the peer's console is a terminal, half of the time a pipe. Exit status 1 if it
ended without having been told to, did not answer its console within a second, took more than
100 MB, or showed a traceback or a control character. A seed repeats the choices, not the order in
which threads make them.
"""

from __future__ import annotations

import random
import sys
import time
from typing import Annotated

import typer

from tests import trials
from tests.fuzz.trial import LONGEST_ANSWER, MOST_MEMORY, Found, fuzz


def report(found: Found) -> list[str]:
    """Return what was done and found, a line each."""
    done = sorted(found.done.items())
    return [
        *(f"  {count:>14,} {what}" for what, count in done),
        f"  peak memory {found.peak:.0f} MB (< {MOST_MEMORY:g})",
        f"  slowest answer of {found.answers:,}: {found.slowest:.2f} s (< {LONGEST_ANSWER:g})",
        f"  the same, with the time that other programs had: {found.slowest_in_all:.2f} s",
        f"  answers later than {LONGEST_ANSWER:g} s only with that time: {found.late}",
        f"  deaths: {found.deaths}; started {found.starts} times, as it was told to leave",
    ]


def main(
    minutes: Annotated[float, typer.Option(min=0.01)] = 10.0,
    seed: Annotated[int | None, typer.Option(help="repeats the choices of a run")] = None,
) -> None:
    """Fuzz a peer on a terminal, then one on pipes; print what was done and found."""
    console, wrong = trials.console(), 0
    chosen = random.randrange(10**6) if seed is None else seed
    console.print(f"seed {chosen}")
    for terminal in (True, False):
        began = time.monotonic()
        found = fuzz(minutes * 30, chosen, terminal=terminal)
        where = "a terminal" if terminal else "pipes"
        console.print(f"a peer on {where}, {time.monotonic() - began:.0f} s:")
        for line in (*report(found), *(f"✗ {what}" for what in found.wrong)):
            console.print(line, soft_wrap=True)
        wrong += len(found.wrong)
    console.print(f"seed {chosen}: {wrong} went wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    trials.run(main)
