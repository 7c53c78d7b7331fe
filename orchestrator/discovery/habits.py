"""Threads that never rest: they run on and on, or wake up again and again and do nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.engines.activity import Activity
from orchestrator.engines.thread_waits import ThreadWait

_NANO = 1e-9
_LONG = 1.0  # seconds for which a thread has to do the same until that is its habit
_BEATS = 3  # times that it has to wake up meanwhile, and that count afterwards
_MORE, _LITTLE = 3, 0.005  # so much more than usual, and so many seconds more, is still usual
_MOST_SLEEP = 0.1  # of the time: a thread that sleeps less runs without a pause
_UNCOUNTED = 0.05  # seconds that may lie between a look and what the kernel counts
_TRIALS = 3  # waits that have to show first that no habit ends in output
_LATE, _LONG_AFTER = 0.3, 0.8  # seconds after which output is late, and none comes any more


@dataclass(slots=True)
class _Spell:
    """A time in which a thread did the same over and over.

    Attributes:
        since: when it began, on `time.monotonic`.
        first: what the kernel said of the thread then.
        last: what it said of it last.
        active: when it was last seen to have run. From then on it may have waited for a processor:
            the kernel counts that only once it gets one.
        beats: how often it was seen to have woken up, at least.
    """

    since: float
    first: ThreadWait
    last: ThreadWait
    active: float
    beats: int = 0

    @property
    def spins(self) -> bool:
        """Whether the thread runs without a pause."""
        return self.first.place is None

    @property
    def ran(self) -> float:
        """For how many seconds it has run."""
        return (self.last.ran - self.first.ran) * _NANO

    def goes_on(self, seen: ThreadWait, now: float) -> bool:
        """Note what a thread does now; return whether that is the same."""
        if seen.ran != self.last.ran:
            self.beats, self.active = self.beats + 1, now
        self.last = seen
        if not self.spins:
            return seen.runs or (seen.place, seen.seconds) == (self.first.place, self.first.seconds)
        used = (seen.ran + seen.starved - self.first.ran - self.first.starved) * _NANO
        passed = (self.active if seen.runs else now) - self.since
        return passed - used <= _MOST_SLEEP * passed + _UNCOUNTED


@dataclass(frozen=True, slots=True)
class _Mark:
    """What a thread had done by some moment.

    Attributes:
        spell: what it does.
        at: the moment, on `time.monotonic`.
        beats: how often it had woken up until then.
        ran: for how many seconds it had run.
    """

    spell: _Spell
    at: float
    beats: int
    ran: float

    def is_usual(self, now: float) -> bool:
        """Return whether a thread has woken up since, and done no more work than it always does."""
        if self.spell.beats - self.beats < _BEATS:
            return False
        share = self.ran / max(self.at - self.spell.since, _UNCOUNTED)
        return self.spell.ran - self.ran <= _MORE * share * (now - self.at) + _LITTLE


class Habits:
    """What the threads of programs do over and over, as it was seen from look to look."""

    def __init__(self) -> None:
        self._spells: dict[int, _Spell] = {}  # by thread
        self._known: Mapping[int, _Spell] = {}  # those that were long ones when a wait began
        self._marks: dict[int, _Mark] = {}  # the same, since when all else rests

    def note(self, activity: Activity, now: float) -> None:
        """Note what each thread of a program does."""
        for number, seen in activity.threads.items():
            spell = self._spells.get(number)
            if spell is None or not spell.goes_on(seen, now):
                self._spells[number] = _Spell(now, seen, seen, now)

    def begin(self, now: float) -> None:
        """Begin a wait: what threads have long done by now is their habit."""
        long = {it: one for it, one in self._spells.items() if now - one.since >= _LONG}
        self._known = {
            number: one
            for number, one in long.items()
            if (one.ran >= _LONG if one.spins else one.beats >= _BEATS)
        }
        self.mark(now)

    def mark(self, now: float) -> None:
        """Note that from now on, nothing but habits is seen."""
        known = self._known.items()
        self._marks = {number: _Mark(it, now, it.beats, it.ran) for number, it in known}

    def has(self, thread: ThreadWait) -> bool:
        """Return whether a thread follows a habit: it may be awake or asleep at the moment."""
        spell = self._known.get(thread.number)
        return spell is not None and self._spells.get(thread.number) is spell

    def spins(self, thread: ThreadWait) -> bool:
        """Return whether the habit of a thread is to run without a pause."""
        return self.has(thread) and self._known[thread.number].spins

    def seconds(self, threads: Mapping[int, ThreadWait], now: float, slowness: float) -> float:
        """Return for how long these threads have followed their habits since the mark.

        For one that runs without a pause, that is how long it has run: if it has to wait for a
        processor, it could not do anything else either. It is 0 while that one pauses, or another
        one is awake or has done more than usual.

        Args:
            threads: all of them have habits.
            now: the time.
            slowness: how many times slower than usual they come to pass.
        """
        marks = {number: self._marks[number] for number in threads}
        is_sure = all(
            threads[number].runs == it.spell.spins and (it.spell.spins or it.is_usual(now))
            for number, it in marks.items()
        )
        ran = [(it.spell.ran - it.ran) * slowness for it in marks.values() if it.spell.spins]
        return min([*ran, *(now - it.at for it in marks.values())]) if is_sure else 0.0


class HabitTrial:
    """Finds out whether something comes on a console after nothing but habits was seen."""

    def __init__(self) -> None:
        self._passed, self._is_late = 0, False
        self._longest = 0.0  # seconds, in this wait
        self._shown: Mapping[Any, int] | None = None  # bytes, once there was nothing but habits

    @property
    def is_passed(self) -> bool:
        """Whether a few waits have shown that nothing comes late."""
        return self._passed >= _TRIALS and not self._is_late

    def note(self, seconds: float, shown: Mapping[Any, int]) -> None:
        """Note for how long nothing but habits has been seen, and how much is on each console."""
        if seconds >= _LATE:
            self._shown = self._shown or shown
            self._longest = max(self._longest, seconds)

    def check(self, shown: Mapping[Any, int]) -> None:
        """Note how much is on each console by now."""
        if self._shown is not None and self._shown != shown:
            self._is_late = True

    def end(self, shown: Mapping[Any, int]) -> None:
        """End a wait."""
        self.check(shown)
        self._passed += self._longest >= _LONG_AFTER
        self._longest, self._shown = 0.0, None
