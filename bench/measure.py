"""A ratio of two costs, measured round by round."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ratio:
    """What was measured, in seconds a round on either side; `wanted` is the goal in words."""

    what: str
    ours: list[float]
    against: str
    theirs: list[float]
    wanted: str

    @property
    def rounds(self) -> list[float]:
        """The ratios, by round."""
        return [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    @property
    def cells(self) -> tuple[str, ...]:
        """A row for the table."""
        median, worst = statistics.median(self.rounds), max(self.rounds)
        return (
            self.what,
            _duration(statistics.median(self.ours)),
            self.against,
            _duration(statistics.median(self.theirs)),
            f"{median:.3f} ({worst:.3f})",
            self.wanted,
        )


def _duration(seconds: float) -> str:
    return f"{seconds * 1000:.3f} ms" if seconds < 1 else f"{seconds:.2f} s"


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
