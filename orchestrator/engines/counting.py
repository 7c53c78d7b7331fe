"""Progress with counts: how many of several things are done, and how long the rest may take."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from orchestrator import parallel
from orchestrator.engines.base import Progress, Say

_WORTH_A_WORD = 1.0  # seconds; what is done sooner is not counted

Clock = Callable[[], float]


@contextlib.contextmanager
def counted(progress: Progress, clock: Clock = time.monotonic) -> Iterator[Progress]:
    """Count what is done side by side in this block: see `parallel.map_parallel`.

    Yields:
        what to report to in the block, in place of `progress`: its last line gets the count.
    """
    counter = ItemCounter(progress, clock)
    with parallel.watched(counter.count):
        yield Progress(counter.phase, counter.step)


class ItemCounter:
    """Adds counts to the last line of some progress. Any thread may report.

    Args:
        progress: where the lines go.
        clock: in seconds.
    """

    def __init__(self, progress: Progress, clock: Clock = time.monotonic) -> None:
        self._progress, self._clock = progress, clock
        self._line, self._began = "", clock()
        self._lock = threading.Lock()

    def phase(self, line: str) -> None:
        """Report that something begins."""
        self._begin(line)
        self._progress.phase(line)

    def step(self, line: str) -> None:
        """Report what is done now."""
        self._begin(line)
        self._progress.step(line)

    def _begin(self, line: str) -> None:
        with self._lock:
            self._line, self._began = line, self._clock()

    def count(self, done: int, total: int) -> None:
        """Report that so many of several things are done; what takes no time is left out."""
        with self._lock:
            if not done:
                self._began = self._clock()
            line, took = self._line, self._clock() - self._began
        if total > 1 and 0 < done < total and took >= _WORTH_A_WORD:
            left = max(1.0, took / done * (total - done))
            self._progress.step(f"{line}: {done:,} of {total:,}, about {left:.0f} s left")


class Occasionally:
    """Passes a line on if none was for a while: for logs, which keep every line.

    Args:
        say: where it goes.
        every: seconds between two lines.
        clock: in seconds.
    """

    def __init__(self, say: Say, every: float, clock: Clock = time.monotonic) -> None:
        self._say, self._every, self._clock = say, every, clock
        self._due = clock() + every
        self._lock = threading.Lock()

    def __call__(self, line: str) -> None:
        """Pass a line on, or drop it."""
        with self._lock:
            now = self._clock()
            if now < self._due:
                return
            self._due = now + self._every
        self._say(line)

    def postpone(self) -> None:
        """Note that something else was printed."""
        with self._lock:
            self._due = self._clock() + self._every
