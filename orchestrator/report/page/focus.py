"""What of a long run a page has: what is nearest to its findings and faults, its begin and end."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import inf


@dataclass(frozen=True)
class Focus:
    """The times of a run that its page shows.

    Attributes:
        moments: what the run is about, sorted, in seconds since it began.
        within: how far from one of them the page goes; infinite if it shows everything.
    """

    moments: Sequence[float]
    within: float = inf

    def has(self, at: float) -> bool:
        """Return whether the page shows what happened at a time."""
        return self.within == inf or self._distance(at) <= self.within

    def limited(self, sizes: Iterable[tuple[float, int]], most: int) -> Focus:
        """Return this focus, or a narrower one that has at most so much.

        Args:
            sizes: when something happened, and how much there is to show of it.
            most: how much is shown at most.
        """
        known = [*sizes] if self.within == inf else [one for one in sizes if self.has(one[0])]
        if sum(size for _, size in known) <= most:
            return self
        left, within, nearer = most, 0.0, 0.0
        for distance, size in sorted((self._distance(at), size) for at, size in known):
            if distance > within:
                within, nearer = distance, within
            left -= size
            if left < 0:  # what is as far as this does not fit
                break
        return replace(self, within=nearer)

    def _distance(self, at: float) -> float:
        place = bisect_left(self.moments, at)
        near = self.moments[max(0, place - 1) : place + 1]
        return min((abs(at - moment) for moment in near), default=0.0)
