"""For how long programs are at rest, by the kernel: nothing more is printed until then."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from weakref import WeakKeyDictionary

from orchestrator.discovery.raw_console import RawConsole
from orchestrator.engines.activity import Activity

_STILL = 0.02  # seconds in which nothing has run
_Seen = list[tuple[RawConsole, Activity, int]]  # what each does, and how many bytes it has shown


class Rest:
    """Says for how long several programs are at rest after a line was typed at some of them.

    They are if those have read it, every thread of each waits, and all that they have written has
    come. What they write elsewhere than to their terminals is not told from that; then it counts as
    come once they have been silent for a while.

    Args:
        slowness: returns how many times slower than usual the machine is at the moment.
        quiet: returns the seconds of silence after which all output has come.
    """

    def __init__(self, slowness: Callable[[], float], quiet: Callable[[], float]) -> None:
        self._slowness, self._quiet = slowness, quiet
        self._consoles: list[RawConsole] = []
        self._before: dict[RawConsole, Activity | None] = {}  # where something was typed
        # bytes shown less those written, when all had come
        self._drained = WeakKeyDictionary[RawConsole, int]()
        self._looked = WeakKeyDictionary[RawConsole, float]()  # the time of the last look
        # of each thread: how long it had run, and since when at most it has waited
        self._waiting: dict[int, tuple[int, float]] = {}
        self._seen: _Seen = []  # when they last did something else
        self._since = 0.0

    def watch(self, consoles: Iterable[RawConsole], typed: Iterable[RawConsole] = ()) -> None:
        """Begin to watch programs, just before a line is typed at some of them."""
        self._consoles, self._seen = list(consoles), []
        found = {console: self._read(console) for console in self._consoles}
        for console, activity in found.items():
            if activity and activity.waits and console.silence >= self._quiet():
                self._drained[console] = console.shown - activity.written
        self._before = {console: found[console] for console in typed}

    def seconds(self) -> float:
        """Return for how many seconds they are at rest, at least.

        That is infinite if only input can make one of them go on. It is 0 if they are not at rest,
        or the kernel does not say.
        """
        seen, now = self._look(), time.monotonic()
        if seen != self._seen:
            self._seen, self._since = seen, now
        if not seen or now - self._since < _STILL * self._slowness():
            return 0.0
        ends = (
            self._waiting[thread][1] + seconds
            for _, activity, _ in seen
            for thread, seconds in activity.deadlines.items()
        )
        return max(min(ends, default=math.inf) - now, 0.0)

    def is_running(self) -> bool:
        """Return whether one of them runs, or would if a processor were free."""
        found = (one.peer.activity() for one in self._consoles if not one.is_closed)
        return any(activity is not None and activity.runs for activity in found)

    def _look(self) -> _Seen:
        """Return what they do if all are at rest; else nothing."""
        seen: _Seen = []
        for console in self._consoles:
            if console.is_closed:
                continue
            activity = self._read(console)
            if activity is None or not activity.waits or not self._is_done(console, activity):
                return []
            shown = console.shown
            if console.silence < self._quiet() and not self._has_all(console, activity, shown):
                return []
            seen.append((console, activity, shown))
        return seen

    def _read(self, console: RawConsole) -> Activity | None:
        """Read what a program does; note the threads that have run since the last look."""
        now, activity = time.monotonic(), console.peer.activity()
        if activity:
            looked = self._looked.get(console, -math.inf)
            self._looked[console] = now
            for thread, ran in activity.threads.items():
                if self._waiting.get(thread, (None,))[0] != ran:
                    self._waiting[thread] = ran, looked
        return activity

    def _is_done(self, console: RawConsole, activity: Activity) -> bool:
        if console not in self._before:
            return True
        before = self._before[console]
        return before is not None and before.waits and activity.is_done(before)

    def _has_all(self, console: RawConsole, activity: Activity, shown: int) -> bool:
        return self._drained.get(console) == shown - activity.written
