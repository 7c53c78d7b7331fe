"""For how long programs are at rest, by the kernel: nothing more is printed until then."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from orchestrator.discovery.habits import Habits, HabitTrial
from orchestrator.discovery.raw_console import RawConsole
from orchestrator.engines.activity import Activity
from orchestrator.engines.thread_waits import ThreadWait

_NANO = 1e-9
_STILL = 0.02  # seconds in which nothing has run
_ENDING = 0.5  # the same of a virtual machine that reads nothing: it may be about to end
_LEAST = 1e-6  # seconds between two looks
_LOOKS = 3  # that find no process of a program that is gone
_AT_WORK = 4  # so many times longer may a wait take while a program is at work
_STARVED = 16  # the same while it gets no processor, or has not taken what was typed
_HABITUAL = 4  # so many times longer as it has followed its habits so far does it go on
_BRIEF = 1.0  # seconds; a thread whose wait ends after more is at rest until then
_LATEST = 0.6  # seconds that a thread with a habit has at least to print something after all

# of each console: the threads, and the bytes written and shown
_Seen = list[tuple[RawConsole, Mapping[int, ThreadWait], int, int]]


@dataclass(frozen=True, slots=True)
class _Look:
    """What several programs do at a moment.

    Attributes:
        still: what is to stay the same: the threads without habits, the bytes written and shown;
            nothing if a program is not at rest.
        restless: the threads that follow their habits.
        activities: all that is known.
    """

    still: _Seen
    restless: Mapping[int, ThreadWait]
    activities: Mapping[RawConsole, Activity | None]


class Rest:
    """Says for how long several programs are at rest after a line was typed at some of them.

    They are if those have read it, every thread of each waits, and all that they have written has
    come. What they write elsewhere than to their terminals is not told from that; then it counts as
    come once they have been silent for a while.

    A thread that runs on and on, or wakes up all the time, may follow a habit that has nothing to
    do with what was typed. If it did so before, and the program has been seen a few times to print
    nothing late, such a thread counts as at rest as well, the longer, the more it has gone on.

    Args:
        slowness: returns how many times slower than usual the machine is at the moment.
        quiet: returns the seconds of silence after which all output has come.
    """

    def __init__(self, slowness: Callable[[], float], quiet: Callable[[], float]) -> None:
        self._slowness, self._quiet = slowness, quiet
        self._consoles: list[RawConsole] = []
        # what those did at which something was typed, if it is known; and if they were at rest
        self._asked: dict[RawConsole, Activity | None] = {}
        self._before: dict[RawConsole, Activity | None] = {}
        # bytes shown less those written, when all had come
        self._drained = WeakKeyDictionary[RawConsole, int]()
        self._looked = WeakKeyDictionary[RawConsole, float]()  # the time of the last look
        # of each thread: how long it had run, and since when at most it has waited
        self._waiting: dict[int, tuple[int, float]] = {}
        self._habits, self._trial = Habits(), HabitTrial()
        self._last = _Look([], {}, {})
        self._since = 0.0  # when they last did something else
        self._ran: dict[int, int] = {}  # of each thread, when a part of the wait was counted
        self._counted = 0.0  # the time of that, on `time.monotonic`
        # what those did before a line was typed that they had not taken when its wait ended
        self._deaf = WeakKeyDictionary[RawConsole, Activity]()
        self._was_late = False  # whether one has taken such a line since

    def watch(self, consoles: Iterable[RawConsole], typed: Iterable[RawConsole] = ()) -> None:
        """Begin to watch programs, just before a line is typed at some of them."""
        self._trial.end(self._shown())
        self._consoles = list(consoles)
        found = {console: self._read(console) for console in self._consoles}
        self._find_late(found)
        for console, activity in found.items():
            is_still = activity and all(it.seconds is not None for it in activity.threads.values())
            if activity and is_still and console.silence >= self._quiet():
                self._drained[console] = console.shown - activity.written
        self._habits.begin(time.monotonic())
        self._asked = {console: found[console] for console in typed}
        self._before = {it: self._rested(activity) for it, activity in self._asked.items()}
        self._last, self._ran = _Look([], {}, found), _ran(found)
        self._counted = time.monotonic()

    def seconds(self, *, by_habit: bool = True) -> float:
        """Return for how many seconds they are at rest, at least.

        That is infinite if only input can make one of them go on. It is 0 if they are not at rest,
        or the kernel does not say.

        Args:
            by_habit: whether habits of threads may say so.
        """
        look, now = self._look(), time.monotonic()
        if look.still != self._last.still or look.restless.keys() != self._last.restless.keys():
            self._trial.check(self._shown())
            self._since = now
            self._habits.mark(now)
        self._last = look
        passed = now - self._since
        still = _STILL if all(map(_may_read, look.activities.values())) else _ENDING
        if not look.still or passed < still * self._slowness() or self._is_underway(look):
            return 0.0
        ends = (
            self._waiting[it.number][1] + it.seconds
            for _, threads, _, _ in look.still
            for it in threads.values()
            if it.seconds is not None and it.seconds < math.inf
        )
        least = max(min(ends, default=math.inf) - now, 0.0)
        habitual = self._by_habit(look, now)
        return min(least, habitual) if by_habit or not look.restless else 0.0

    def _by_habit(self, look: _Look, now: float) -> float:
        """Return for how long the threads that never rest go on as they do."""
        if not look.restless:
            return math.inf
        spent = self._habits.seconds(look.restless, now, self._slowness())
        self._trial.note(spent, self._shown())
        is_sure = self._trial.is_passed and spent >= _LATEST * self._slowness()
        return spent * _HABITUAL if is_sure else 0.0

    def counted(self, waited: float) -> float:
        """Return how much of a part of a wait counts, in seconds.

        While a thread works on a reply, that is as much as it had a processor, but a quarter at
        most; little if the line that was typed has not been taken. What else runs may be at work as
        well, until it has had a processor for as long as is waited.
        """
        before, self._ran = self._ran, _ran(self._last.activities)
        began, self._counted = self._counted, time.monotonic()
        passed = max(self._counted - began, _LEAST) / _NANO
        usual = _NANO * self._slowness()  # what is waited for takes longer, a processor does not
        counted = waited / _STARVED if self.has_untaken else waited
        known = ((console, it) for console, it in self._last.activities.items() if it)
        for console, activity in known:
            for number in activity.runs:
                had = self._ran[number] - before.get(number, self._ran[number])
                if self._may_reply(console, activity, number):
                    share = min(max(had / passed, 1 / _STARVED), 1 / _AT_WORK)
                    counted = min(counted, waited * share)
                else:
                    counted = min(counted, max(had * usual, waited / _AT_WORK))
        return counted

    @property
    def has_untaken(self) -> bool:
        """Whether a program has not taken what was typed at it, and may still do so."""
        return any(map(self._has_untaken, self._asked.keys() - self._deaf.keys()))

    def _has_untaken(self, console: RawConsole) -> bool:
        seen, before = self._last.activities.get(console), self._asked[console]
        if seen is None or before is None:
            return False
        if self._before[console]:
            return not seen.has_taken(before)
        may_read = seen.readers or any(it.seconds is None for it in seen.threads.values())
        return bool(may_read) and seen.taken == before.taken

    def give_up(self) -> None:
        """Wait no longer for programs that have not taken what was typed at them.

        They may never read again. Later waits are no longer for their sake, until they take a line.
        """
        if self.has_untaken:
            given_up = {console: before for console, before in self._asked.items() if before}
            self._deaf.update(given_up)

    def _find_late(self, found: Mapping[RawConsole, Activity | None]) -> None:
        """Look for programs that have taken a line after its wait."""
        for console, before in list(self._deaf.items()):
            activity = found.get(console)
            if activity and activity.taken > before.taken:
                del self._deaf[console]
                self._was_late = True

    def take_late(self) -> bool:
        """Return whether a line was taken after its wait, since this was last asked."""
        was_late, self._was_late = self._was_late, False
        return was_late

    def is_gone(self, console: RawConsole) -> bool:
        """Return whether a program that the kernel has shown has no process any more.

        On a busy machine, the engine says so later. One look proves nothing: it fails as well if a
        thread ends meanwhile.
        """
        was_there = console in self._looked
        return was_there and not any(console.peer.activity() for _ in range(_LOOKS))

    def _may_reply(self, console: RawConsole, activity: Activity, thread: int) -> bool:
        """Return whether a thread that runs may be at work on a reply to what was typed.

        It is not if that is its habit, or if nothing was typed and another one is there to read.
        """
        is_asked = console in self._before or not activity.readers
        return is_asked and not self._habits.has(activity.threads[thread])

    def _shown(self) -> dict[RawConsole, int]:
        return {console: console.shown for console in self._consoles}

    def _look(self) -> _Look:
        """Return what they do."""
        still: _Seen = []
        restless: dict[int, ThreadWait] = {}
        here = [console for console in self._consoles if not console.is_closed]
        activities = {console: self._read(console) for console in here}
        for console, activity in activities.items():
            if activity is None or not self._is_done(console, activity):
                return _Look([], {}, activities)
            habitual = {no: it for no, it in activity.threads.items() if self._never_rests(it)}
            others = {no: it for no, it in activity.threads.items() if no not in habitual}
            shown = console.shown
            has_come = console.silence >= self._quiet() or self._has_all(console, activity, shown)
            if not has_come or any(it.seconds is None for it in others.values()):
                return _Look([], {}, activities)
            still.append((console, others, activity.written, shown))
            restless |= habitual
        return _Look(still, restless, activities)

    def _never_rests(self, thread: ThreadWait) -> bool:
        """Return whether a thread follows a habit instead of waiting for long."""
        is_brief = thread.seconds is None or thread.seconds <= _BRIEF
        return self._habits.spins(thread) or (is_brief and self._habits.has(thread))

    @staticmethod
    def _is_underway(look: _Look) -> bool:
        return any(activity.is_underway for activity in look.activities.values() if activity)

    def _read(self, console: RawConsole) -> Activity | None:
        """Read what a program does; note the threads that have run since the last look."""
        now, activity = time.monotonic(), console.peer.activity()
        if activity:
            self._habits.note(activity, now)
            looked = self._looked.get(console, -math.inf)
            self._looked[console] = now
            for thread, it in activity.threads.items():
                if self._waiting.get(thread, (None,))[0] != it.ran:
                    self._waiting[thread] = it.ran, looked
        return activity

    def _is_done(self, console: RawConsole, activity: Activity) -> bool:
        """Return whether a program has read what was typed at it, as far as that is known."""
        if console not in self._before:
            return True
        before = self._before[console]
        if before is None:
            return False
        return activity.is_done(before) or not (activity.readers or before.readers)

    def _rested(self, activity: Activity | None) -> Activity | None:
        """Return what a program does if it is at rest, but for its habits; None if it is not."""
        if activity is None or activity.is_underway:
            return None
        found = activity.threads.values()
        is_still = all(it.seconds is not None or self._habits.has(it) for it in found)
        return activity if is_still else None

    def _has_all(self, console: RawConsole, activity: Activity, shown: int) -> bool:
        return self._drained.get(console) == shown - activity.written


def _may_read(activity: Activity | None) -> bool:
    return activity is None or not activity.is_virtual or bool(activity.readers)


def _ran(activities: Mapping[RawConsole, Activity | None]) -> dict[int, int]:
    """Return how long each thread of programs has run so far, in nanoseconds."""
    return {
        number: it.ran
        for activity in activities.values()
        if activity
        for number, it in activity.threads.items()
    }
