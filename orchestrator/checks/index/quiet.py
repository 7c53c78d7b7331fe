"""When two peers were left alone by the lab, so that what is missing proves something."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from math import inf

from orchestrator.checks.index.fault_windows import ENDING, FaultWindow
from orchestrator.checks.index.invocations import LONGEST
from orchestrator.faults.kinds import NETWORK


class QuietPeriods:
    """The times at which no fault came between two peers.

    That is a fault on a link between them, or a pause of one of them. What was sent during a
    fault may be sent again as long after it as it lasted, for that is how TCP spaces its
    attempts; and a program needs some time to notice that the other end is gone if its last
    word was lost. So quiet begins that much later.

    A kill excuses no one else: the other peers must report it.

    Args:
        faults: those of the run.
    """

    def __init__(self, faults: Iterable[FaultWindow]) -> None:
        self._spans: dict[object, list[tuple[float, float]]] = defaultdict(list)
        for fault in faults:
            if fault.given.status != "fail" and fault.kind not in ENDING:
                for place in _places(fault):
                    self._spans[place].append((fault.began, _quiet_after(fault)))

    @property
    def since_all(self) -> float:
        """Since when all have been left alone; 0 without faults, infinite during one."""
        return max((until for spans in self._spans.values() for _, until in spans), default=0.0)

    def since(self, one: str, other: str, before: float) -> float:
        """Return since when two peers have been left alone, as seen at a time.

        0 if they always were; a time in the future if they are not yet.
        """
        spans = self._between(one, other)
        return max((until for began, until in spans if began <= before), default=0.0)

    def longest(self, one: str, other: str, since: float, until: float) -> float:
        """Return the longest time in an interval that two peers were left alone, in seconds."""
        longest, at = 0.0, since
        for began, quiet in sorted(self._between(one, other)):
            if began < until and quiet > at:
                longest, at = max(longest, began - at), quiet
        return max(longest, until - at)

    def _between(self, one: str, other: str) -> Iterator[tuple[float, float]]:
        for place in {one, other, frozenset((one, other))}:
            yield from self._spans.get(place, ())


def _places(fault: FaultWindow) -> set[object]:
    if fault.kind in NETWORK:
        return {frozenset(link) for link in fault.links}
    return {fault.peer}


def _quiet_after(fault: FaultWindow) -> float:
    if fault.until is None:
        return inf
    return fault.until + max(fault.until - fault.began, LONGEST)
