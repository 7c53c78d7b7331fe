"""Measures how much of a processor a program uses while nothing is asked of it."""

from __future__ import annotations

import time

from orchestrator.console.session import Session
from orchestrator.engines.processor import processor_time
from orchestrator.runner.outcomes import Completion

_POLL = 0.02  # seconds between two looks at the console
_MOST_TRIES = 3  # how often a time is measured on a machine that is too busy to tell
_ALWAYS = 0.8  # of all that time: a thread that is ready to run for so long waits for nothing


def measured(session: Session, seconds: float, most: float) -> Completion:
    """Return how much of a processor a program used, or that this cannot be told.

    Args:
        session: its console, which is read meanwhile.
        seconds: for how long; up to three times that if it may have wanted more than it got.
        most: the share that it may use.
    """
    before, began = processor_time(session.peer.host_pid()), time.monotonic()
    wanted = took = 0.0
    for number in range(1, _MOST_TRIES + 1):
        _take_in_until(session, began + number * seconds)
        after, took = processor_time(session.peer.host_pid()), time.monotonic() - began
        if before is None or after is None:
            return "info", {"said": "how much of a processor it used is not known"}
        used, wanted = after.shares(before, took)
        if used > most or wanted <= most:
            return "ok", {"processor": round(used, 3), "took": round(took, 3)}
    if wanted >= _ALWAYS:
        return "ok", {"processor": round(wanted, 3), "took": round(took, 3)}
    return "info", {"said": f"it may have wanted {wanted:.0%} of a processor and got less"}


def _take_in_until(session: Session, end: float) -> None:
    while (left := end - time.monotonic()) > 0:
        session.take_in(min(_POLL, left))
