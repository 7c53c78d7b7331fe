"""The shortest impossible stretch of a history that fits no order.

A stretch is cut out by relaxing what lies outside: a read is forgotten, a write may have happened
at any time after it began. Whatever fits an order fits it still, so a stretch that is impossible
by itself is the reason why the whole history is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf

from orchestrator.checks.models.linearizability import Access, Fit, Value
from orchestrator.checks.models.orders import search

_LIMIT = 5_000  # effort of one of the many searches
_MOST = 40_000  # effort of all of them


class Stretch:
    """The shortest impossible stretch.

    It ends as early as possible, then begins as late as possible, and no operation in it can be
    left out; or nearly so, if it would take too much effort to find it.

    Args:
        accesses: operations that fit no order.
    """

    def __init__(self, accesses: Sequence[Access]) -> None:
        self._effort = 0
        required = sorted((a for a in accesses if a.is_required), key=lambda access: access.end)
        ends = [access.end for access in required]
        number = _first(len(ends), lambda i: self._is_impossible(_until(accesses, ends[i])))
        self._accesses = _until(accesses, ends[number])
        kept = required[: number + 1]
        # The first operation without which the rest is possible: there it begins at the latest.
        start = _first(number + 1, lambda i: not self._is_impossible(self._without(kept[: i + 1])))
        self.operations = self._needed(kept[start:])  # by their outcomes, the impossible one last

    def fitting(self) -> list[Value]:
        """Return the values that the last operation could have found, of those in the stretch."""
        *before, last = self.operations
        known = [value for one in before for value in (one.needs, one.leaves) if value is not None]
        others = [one for one in self._without(self._outside(self.operations)) if one is not last]
        return [
            value
            for value in dict.fromkeys([None, *known])
            if value != last.needs
            and search([*others, replace(last, needs=value)], _LIMIT)[0] is Fit.FITS
        ]

    def _is_impossible(self, accesses: Sequence[Access]) -> bool:
        left = _MOST - self._effort
        found, effort = search(accesses, min(_LIMIT, left)) if left > 0 else (Fit.TOO_MANY, 0)
        self._effort += effort
        return found is Fit.IMPOSSIBLE

    def _without(self, outside: Sequence[Access]) -> list[Access]:
        return _relaxed(self._accesses, outside)

    def _outside(self, kept: Sequence[Access]) -> list[Access]:
        ids = set(map(id, kept))
        return [a for a in self._accesses if a.is_required and id(a) not in ids]

    def _needed(self, kept: list[Access]) -> list[Access]:
        """Return those operations that are needed for the rest to be impossible."""
        outside = self._outside(kept)
        size = max(1, len(kept) // 2)
        while True:
            place = 0
            while place < len(kept):
                trial = kept[place : place + size]
                if self._is_impossible(self._without([*outside, *trial])):
                    outside += trial
                    del kept[place : place + size]
                else:
                    place += size
            if size == 1:
                return kept
            size //= 2


def _first(count: int, is_so: Callable[[int], bool]) -> int:
    """Return the first number from which on something is so; the last one if it never is."""
    low, high = 0, count - 1
    while low < high:
        middle = (low + high) // 2
        if is_so(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _until(accesses: Sequence[Access], until: float) -> list[Access]:
    """Return what had begun by a position of the history, as it was known then."""
    begun = [access for access in accesses if access.start < until]
    return _relaxed(begun, [access for access in begun if access.end > until])


def _relaxed(accesses: Sequence[Access], outside: Sequence[Access]) -> list[Access]:
    """Return the operations, with those that are outside no longer required nor bound in time."""
    gone = set(map(id, outside))
    return [
        replace(access, is_required=False, end=inf) if id(access) in gone else access
        for access in accesses
        if id(access) not in gone or access.writes
    ]
