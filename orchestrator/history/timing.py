"""Where the time of a run goes."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from orchestrator import parallel as together

STARTING, DRIVING, WAITING, PROVING, JUDGING, TIDYING = KINDS = (
    "starting", "driving", "waiting", "proving", "judging", "tidying",
)  # fmt: skip
"""Until the peers are ready; the steps; in the steps and after them, for something to appear;
letting faults of the network hold and lifting them, with the proof of both; checks and tables;
making the peers fit for the next scenario."""


@dataclass
class _Sheet:
    """What one thread has measured: seconds by kind, and of what is within each open block."""

    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(KINDS, 0.0))
    inner: list[float] = field(default_factory=lambda: [0.0])

    def take(self, other: _Sheet) -> None:
        """Count what another thread has measured while this one waited for it."""
        for kind, seconds in other.seconds.items():
            self.seconds[kind] += seconds
        self.inner[-1] += sum(other.seconds.values())


class Stopwatch:
    """Adds up seconds by kind; what is measured within something else is taken off it.

    Only the thread that made it is measured: the others do their work beside it. Of acts that
    go on side by side, that is the one for which all wait in the end: see `side_by_side`.
    """

    def __init__(self) -> None:
        self._own = threading.local()
        self._own.sheet = sheet = _Sheet()
        self.seconds: dict[str, float] = sheet.seconds

    @contextlib.contextmanager
    def measure(self, kind: str) -> Iterator[None]:
        """Measure what happens in this block as time of a kind."""
        sheet: _Sheet | None = getattr(self._own, "sheet", None)
        if sheet is None:
            yield
            return
        began = time.monotonic()
        sheet.inner.append(0.0)
        try:
            yield
        finally:
            took = time.monotonic() - began
            sheet.seconds[kind] += took - sheet.inner.pop()
            sheet.inner[-1] += took

    def side_by_side(self, acts: Sequence[Callable[[], object]]) -> None:
        """Do all of these at once; what is measured of the one that ends last counts.

        Raises:
            BaseException: what one of them raised first; what others did is noted there.
        """
        sheets: list[_Sheet] = []  # in the order in which they end

        def measured(act: Callable[[], object]) -> None:
            self._own.sheet = sheet = _Sheet()
            try:
                act()
            finally:
                sheets.append(sheet)

        try:
            together.side_by_side([functools.partial(measured, act) for act in acts])
        finally:
            own: _Sheet | None = getattr(self._own, "sheet", None)
            if own and sheets:
                own.take(sheets[-1])
