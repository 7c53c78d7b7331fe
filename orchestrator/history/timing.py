"""Where the time of a run goes."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator import parallel

STARTING, DRIVING, WAITING, PROVING, JUDGING, TIDYING = KINDS = (
    "starting", "driving", "waiting", "proving", "judging", "tidying",
)  # fmt: skip
"""Until the peers are ready; the steps; waiting for something to appear, in the steps and after
them; applying and lifting faults of the network, with the proof of both; checks and tables;
preparing the peers for the next scenario."""


@dataclass
class _Tally:
    """What one thread has measured: seconds by kind, and those within each open block."""

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(KINDS, 0.0))
    inner: list[float] = field(default_factory=lambda: [0.0])

    def add(self, other: _Tally) -> None:
        """Add what another thread has measured while this one waited for it."""
        for kind, seconds in other.seconds.items():
            self.seconds[kind] += seconds
        self.inner[-1] += sum(other.seconds.values())


class Stopwatch:
    """Adds up seconds by kind; time measured within another block is subtracted from it.

    Only the thread that made it is measured, and of acts that run side by side the one that
    ends last, for which the others wait: see `side_by_side`.
    """

    def __init__(self) -> None:
        self._own = threading.local()
        self._own.tally = tally = _Tally()
        self.seconds: dict[str, float] = tally.seconds

    @contextlib.contextmanager
    def measure(self, kind: str) -> Iterator[None]:
        """Count the time of this block as a kind."""
        tally: _Tally | None = getattr(self._own, "tally", None)
        if tally is None:
            yield
            return
        began = time.monotonic()
        tally.inner.append(0.0)
        try:
            yield
        finally:
            took = time.monotonic() - began
            tally.seconds[kind] += took - tally.inner.pop()
            tally.inner[-1] += took

    def side_by_side(self, acts: Sequence[Callable[[], object]]) -> None:
        """Do all of these at once, and count the time of the one that ends last.

        Raises:
            BaseException: what one of them raised first, with notes about the others.
        """
        if len(acts) == 1:  # in this thread, which may hold a lock that the act takes again
            acts[0]()
            return
        tallies: list[_Tally] = []  # in the order in which they end

        def measured(act: Callable[[], object]) -> None:
            self._own.tally = tally = _Tally()
            try:
                act()
            finally:
                tallies.append(tally)

        try:
            parallel.run_together([functools.partial(measured, act) for act in acts])
        finally:
            own: _Tally | None = getattr(self._own, "tally", None)
            if own and tallies:
                own.add(tallies[-1])
