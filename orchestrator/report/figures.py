"""A run in a few figures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.checks.judged_run import Run
from orchestrator.history.timing import DRIVING, WAITING

_NEEDED = (DRIVING, WAITING)  # what the scenario itself takes


@dataclass(frozen=True)
class Figures:
    """The figures of a run, or of several together.

    Attributes:
        peers: their number.
        operations: at consoles, by the lab.
        sent: messages that the senders' consoles accepted.
        seen: messages that the receivers' consoles showed.
        latencies: seconds from typing a message until it was shown, sorted.
        seconds: the duration by kind, see `history/timing.py`; empty if not recorded.
    """

    peers: int
    operations: int
    sent: int
    seen: int
    latencies: Sequence[float]
    seconds: Mapping[str, float]

    def latency(self, share: float) -> str:
        """Return the milliseconds within which this share of the messages was shown."""
        if not self.latencies:
            return "-"
        index = max(0, math.ceil(share * len(self.latencies)) - 1)
        return _milliseconds(self.latencies[index])

    @property
    def total(self) -> float:
        """The whole duration in seconds."""
        return sum(self.seconds.values())

    @property
    def overhead(self) -> float:
        """The share of the time spent neither on the steps nor on waiting."""
        needed = sum(self.seconds.get(kind, 0.0) for kind in _NEEDED)
        return 1 - needed / self.total if self.total else 0.0


def of(run: Run) -> Figures:
    """Return the figures of a run."""
    operations, sent, seen = run.index.counts
    latencies = sorted(run.index.latencies)
    return Figures(len(run.peers), operations, sent, seen, latencies, run.seconds)


def together(several: Sequence[Figures]) -> Figures:
    """Return the sum of several runs."""
    kinds = dict.fromkeys(kind for one in several for kind in one.seconds)
    return Figures(
        sum(one.peers for one in several),
        sum(one.operations for one in several),
        sum(one.sent for one in several),
        sum(one.seen for one in several),
        sorted(latency for one in several for latency in one.latencies),
        {kind: sum(one.seconds.get(kind, 0.0) for one in several) for kind in kinds},
    )


def _milliseconds(seconds: float) -> str:
    """Return a time in milliseconds, with a sensible number of digits."""
    time = seconds * 1000
    return f"{time:.2f}" if time < 1 else f"{time:.1f}" if time < 99.9 else f"{time:,.0f}"  # noqa: PLR2004
