"""Faults at their times: what begins when, and when it is lifted."""

from __future__ import annotations

import functools
import heapq
import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Lift = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault that is to hold at some time.

    Attributes:
        when: seconds from the beginning.
        hold: seconds until it is lifted; None for when all else is over.
        begin: lets it hold; returns what lifts it.
    """

    when: float
    hold: float | None
    begin: Callable[[], Lift]


def keep_to(plan: Iterable[Planned], wait: Callable[[float], None]) -> None:
    """Begin each fault at its time, and lift it at its; what is late is done at once.

    Args:
        plan: what is to hold when.
        wait: lets so many seconds pass; raises where all of it must be broken off.
    """
    order = itertools.count()  # of what is due at the same time
    due: list[tuple[float, int, Callable[[], None]]] = []
    at_the_end: list[Lift] = []

    def begin(planned: Planned) -> None:
        lift = planned.begin()
        if planned.hold is None:
            at_the_end.append(lift)
        else:
            heapq.heappush(due, (planned.when + planned.hold, next(order), lift))

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
