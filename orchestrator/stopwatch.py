"""Where the time of a run goes."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator

STARTING, DRIVING, WAITING, JUDGING, TIDYING = KINDS = (
    "starting", "driving", "waiting", "judging", "tidying",
)  # fmt: skip
"""Until the peers are ready; the steps; in the steps and after them, for something to appear;
checks and tables; making the peers fit for the next scenario."""


class Stopwatch:
    """Adds up seconds by kind; what is measured within something else is taken off it.

    Only the thread that made it is measured: the others do their work beside it.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = dict.fromkeys(KINDS, 0.0)
        self._thread = threading.get_ident()
        self._inner = [0.0]

    @contextlib.contextmanager
    def measure(self, kind: str) -> Iterator[None]:
        """Measure what happens in this block as time of a kind."""
        if threading.get_ident() != self._thread:
            yield
            return
        began = time.monotonic()
        self._inner.append(0.0)
        try:
            yield
        finally:
            took = time.monotonic() - began
            self.seconds[kind] += took - self._inner.pop()
            self._inner[-1] += took
