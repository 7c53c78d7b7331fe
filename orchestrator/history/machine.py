"""How much a machine could do during a run, from the history's line `machine`. Pure.

Three things say so: how late the lab's own timers fired, how long the canary's bytes were on their
way, and how many threads wanted each processor. Linux lets a thread that has slept go first, so on
a busy machine the first two may be fine while programs hardly get on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

CROWDED = 1.5  # threads for each processor, from which on a machine is called busy
_MOSTLY = 0.5  # of a run's time
_NEAR = 10.0  # seconds around a doubt in which a late machine may be its reason

_BEGIN = "; the machine was "

Span = tuple[float, float]  # two times, in seconds since the run began


@dataclass(frozen=True, slots=True)
class Crowd:
    """A time in which more threads wanted to run than there are processors."""

    since: float
    until: float
    by: float  # threads for each processor


class Machine:
    """What a history says of the machine; by default it was fine all the time.

    Args:
        fields: of the line `machine`.
    """

    def __init__(self, fields: Mapping[str, Any]) -> None:
        echo = fields.get("canary", {})
        self.late = [(one["since"], one["by"]) for one in fields.get("late", ())]
        self.stuck = [(one["since"], one["by"]) for one in echo.get("late", ())]
        self.crowds = [Crowd(**one) for one in fields.get("crowded", ())]
        self._waited = fields.get("waited", 0.0)

    @property
    def was_busy(self) -> bool:
        """Whether anything was held up or crowded during the run."""
        return bool(self.late or self.stuck or self.crowds)

    @property
    def summary(self) -> str:
        """How busy it was in the run as a whole, in a sentence; empty if it was not."""
        parts = []
        if late := [by for _, by in (*self.late, *self.stuck)]:
            parts.append(f"it was up to {max(late):.1f} s late")
        if crowds := [crowd.by for crowd in self.crowds]:
            parts.append(f"up to {max(crowds):.0f} programs wanted each processor")
        return "; ".join(parts)

    def held_up(self, since: float, until: float) -> float:
        """Return for how many of these seconds timers or the canary were held up."""
        stalls = ((at, at + by) for at, by in (*self.late, *self.stuck))
        return sum(_overlap(stall, (since, until)) for stall in _joined(stalls))

    def given(self, since: float, until: float) -> float:
        """Return how many of these seconds were left to each program that wanted to run."""
        lost = sum(
            _overlap((crowd.since, crowd.until), (since, until)) * (1 - 1 / max(crowd.by, 1.0))
            for crowd in self.crowds
        )
        return max(0.0, until - since - lost - self.held_up(since, until))

    def says(self, at: float) -> str:
        """Return how late the machine was around a time, to be read behind a doubt; or nothing."""
        near = [by for when, by in (*self.late, *self.stuck) if abs(when - at) < _NEAR]
        crowds = [c.by for c in self.crowds if c.since - _NEAR < at < c.until + _NEAR]
        crowd = f"{max(crowds):.0f} programs wanted each processor" if crowds else ""
        if near:
            also = f", and {crowd}" if crowd else ""
            return f"{_BEGIN}up to {max(near):.1f} s late around then{also}"
        if crowd:
            return f"{_BEGIN}busy: {crowd}"
        if self._waited >= _MOSTLY:
            return f"{_BEGIN}busy: programs waited for a CPU {self._waited:.0%} of the run"
        return ""


def is_named(says: str) -> bool:
    """Return whether a doubt names a busy machine as its reason: see `Machine.says`."""
    return _BEGIN in says


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield spans that do not overlap and cover the same."""
    found = list(spans)
    edges = sorted({edge for span in found for edge in span})
    for since, until in pairwise(edges):
        if any(one <= since and until <= other for one, other in found):
            yield since, until


def _overlap(one: Span, other: Span) -> float:
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))
