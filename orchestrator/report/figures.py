"""A run in a few figures."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from orchestrator.checks.judged_run import Run
from orchestrator.history.timing import DRIVING, WAITING

_NEEDED = (DRIVING, WAITING)  # what the scenario takes, whatever drives it


@dataclass(frozen=True)
class Figures:
    """What a run amounts to, or several together.

    Attributes:
        peers: who took part.
        operations: what the lab did at consoles.
        sent: messages that the senders' consoles took.
        seen: messages that the receivers' consoles showed.
        latencies: seconds from typing a message until it was shown, the shortest first.
        seconds: where the time went, by the kinds of `stopwatch`; empty where nobody knows.
    """

    peers: int
    operations: int
    sent: int
    seen: int
    latencies: Sequence[float]
    seconds: Mapping[str, float]

    def latency(self, share: float) -> str:
        """Return within how many milliseconds that share of the messages was shown."""
        if not self.latencies:
            return "-"
        index = max(0, math.ceil(share * len(self.latencies)) - 1)
        return _milliseconds(self.latencies[index])

    @property
    def total(self) -> float:
        """How long all of it took, in seconds."""
        return sum(self.seconds.values())

    @property
    def overhead(self) -> float:
        """The share of the time that went neither into driving nor into waiting."""
        needed = sum(self.seconds.get(kind, 0.0) for kind in _NEEDED)
        return 1 - needed / self.total if self.total else 0.0


def of(run: Run) -> Figures:
    """Return the figures of a run."""
    operations, sent, seen = run.index.counts
    latencies = sorted(run.index.latencies)
    return Figures(len(run.peers), operations, sent, seen, latencies, run.seconds)


def together(several: Sequence[Figures]) -> Figures:
    """Return the figures of several runs in one."""
    kinds = dict.fromkeys(kind for each in several for kind in each.seconds)
    return Figures(
        sum(each.peers for each in several),
        sum(each.operations for each in several),
        sum(each.sent for each in several),
        sum(each.seen for each in several),
        sorted(_all(each.latencies for each in several)),
        {kind: sum(each.seconds.get(kind, 0.0) for each in several) for kind in kinds},
    )


def _all(several: Iterable[Sequence[float]]) -> list[float]:
    return [one for each in several for one in each]


def _milliseconds(seconds: float) -> str:
    """Return a time in milliseconds, with as many digits as mean something."""
    time = seconds * 1000
    return f"{time:.2f}" if time < 1 else f"{time:.1f}" if time < 99.9 else f"{time:,.0f}"  # noqa: PLR2004
