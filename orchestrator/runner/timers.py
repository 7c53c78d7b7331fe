"""Waits at the end of a run for what programs do later by themselves, by the kernel's word.

A thread that sleeps, or waits with a deadline, may still print a traceback, say, or a message for
the second time. A program whose threads all wait for input costs no time.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator

from orchestrator.engines.activity import Activity
from orchestrator.runner.peers import PeerGroup

_LONGEST = 2.5  # seconds that a run waits at most
_MOST_IN_VAIN = 6.0  # seconds that all runs of one program wait in which nothing is shown
_MOST_IN_ALL = 20.0  # seconds that they wait at most: some programs print without end
_POLL = 0.02  # seconds between two looks


class Timers:
    """Knows which threads of programs only poll. One for all runs on an engine."""

    def __init__(self) -> None:
        # of each program: the waits of threads that come back to them without a word, by their
        # lengths in seconds, and threads whose waits have no known length
        self._polls: defaultdict[str, set[float]] = defaultdict(set)
        self.in_vain: defaultdict[str, float] = defaultdict(float)  # seconds waited, by program
        self.waited: defaultdict[str, float] = defaultdict(float)  # the same, also if not in vain

    def wait(self, peers: PeerGroup, pause: Callable[[float], None]) -> None:
        """Wait until no thread goes on by itself soon, at most as long as that is worth.

        Args:
            peers: the peers of a run that is quiet.
            pause: sleeps for so many seconds.
        """
        look = _Look(peers, self._polls, self._is_worth_it)
        began, seen = time.monotonic(), len(peers.history.entries)
        while (found := look.programs()) and time.monotonic() - began < _LONGEST:
            pause(_POLL)
            peers.catch_up()
            has_shown = len(peers.history.entries) != seen
            seen = len(peers.history.entries)
            if has_shown:
                look.forget()
            for program in found:
                self.waited[program] += _POLL
                self.in_vain[program] += 0.0 if has_shown else _POLL
        if look.has_waited:  # what was written last is on its way
            pause(_POLL)
            peers.catch_up()

    def _is_worth_it(self, program: str) -> bool:
        """Return whether the runs of a program have not waited too long yet."""
        return self.in_vain[program] < _MOST_IN_VAIN and self.waited[program] < _MOST_IN_ALL


class _Look:
    """Looks again and again at the threads of a run's peers."""

    def __init__(
        self,
        peers: PeerGroup,
        polls: defaultdict[str, set[float]],
        is_worth_it: Callable[[str], bool],
    ) -> None:
        self._peers, self._polls, self._is_worth_it = peers, polls, is_worth_it
        self._ran: dict[int, int] = {}  # for how long each thread had run
        self.has_waited = False  # whether there was anything to wait for

    def forget(self) -> None:
        """Take no thread that has run by now for one that polls: something was shown."""
        self._ran.clear()

    def programs(self) -> set[str]:
        """Return the programs that have a thread that goes on by itself soon."""
        found = {program for program, activity in self._activities()
                 if self._goes_on(program, activity)}  # fmt: skip
        self.has_waited = self.has_waited or bool(found)
        return found

    def _activities(self) -> Iterator[tuple[str, Activity]]:
        for name, session in self._peers.sessions.items():
            program = session.profile.name
            is_out = name in self._peers.ended or name in self._peers.paused
            if is_out or not self._is_worth_it(program):
                continue
            if activity := session.peer.activity():
                yield program, activity

    def _goes_on(self, program: str, activity: Activity) -> bool:
        """Return whether a thread goes on by itself soon; note those that only poll."""
        polls, soon = self._polls[program], False
        for thread, seconds in {**activity.sleeps, **activity.deadlines}.items():
            ran, length = activity.threads[thread].ran, activity.deadlines.get(thread, thread)
            if self._ran.setdefault(thread, ran) != ran:
                polls.add(length)
            soon = soon or (length not in polls and seconds < _LONGEST)
        return soon or bool(activity.runs)
