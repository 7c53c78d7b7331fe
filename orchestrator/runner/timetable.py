"""Runs planned faults: each begins at its time and is lifted at its end."""

from __future__ import annotations

import functools
import heapq
import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Lift = Callable[[], None]


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault with its time.

    Attributes:
        when: seconds from the start of the timetable.
        lasts: seconds until it is lifted; None for the end of the timetable.
        begin: injects it, and returns what lifts it.
    """

    when: float
    lasts: float | None
    begin: Callable[[], Lift]


def run_timetable(plan: Iterable[PlannedFault], wait: Callable[[float], None]) -> None:
    """Begin and lift every fault at its time; what is late is done at once.

    Args:
        plan: the faults.
        wait: waits some seconds; raises if the run is cancelled.
    """
    order = itertools.count()  # of what is due at the same time
    due: list[tuple[float, int, Callable[[], None]]] = []
    at_the_end: list[Lift] = []

    def begin(planned: PlannedFault) -> None:
        lift = planned.begin()
        if planned.lasts is None:
            at_the_end.append(lift)
        else:
            heapq.heappush(due, (planned.when + planned.lasts, next(order), lift))

    for planned in plan:
        act: Callable[[], None] = functools.partial(begin, planned)
        heapq.heappush(due, (planned.when, next(order), act))
    began = time.monotonic()
    while due:
        when, _, act = heapq.heappop(due)
        wait(max(0.0, began + when - time.monotonic()))
        act()
    for lift in reversed(at_the_end):
        lift()
