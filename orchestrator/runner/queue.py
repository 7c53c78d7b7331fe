"""Which script comes next, where several jobs share them: a job stays with its program."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

from orchestrator.cancel import CancelToken

_SLICE = 0.2  # seconds between two looks whether the end was asked for


class RunQueue:
    """The scripts that wait. Thread-safe.

    A program that is not yet opened is tried by one job at a time, in the order of its scripts:
    what its first ones come to may decide on the others, and must not hang on who was quicker.

    Args:
        programs: the program of each script, by the script's number.
        stop: ends every wait.
        closed: the programs that are not open at the start.
        order: the numbers of the scripts in the order in which they are taken, where that is
            not theirs.
    """

    def __init__(
        self,
        programs: Sequence[str],
        stop: CancelToken,
        closed: Sequence[str] = (),
        order: Sequence[int] | None = None,
    ) -> None:
        self._programs, self._stop = programs, stop
        self._waiting = list(range(len(programs)) if order is None else order)
        self._busy: Counter[str] = Counter()
        self._closed = set(closed)
        self._changed = threading.Condition()

    def take(self, last: str = "") -> int | None:
        """Return the number of the next script; None once there is none, or all must end.

        Args:
            last: the program that the job had last: it has peers of it ready.
        """
        with self._changed:
            while self._waiting and not self._stop.is_set:
                number = self._next(last)
                if number is not None:
                    self._waiting.remove(number)
                    self._busy[self._programs[number]] += 1
                    return number
                self._changed.wait(_SLICE)
        return None

    def _next(self, last: str) -> int | None:
        """Return a script: of the job's own program, of one that nobody has, of any."""
        free = [each for each in self._waiting if self._is_free(self._programs[each])]
        own = (each for each in free if self._programs[each] == last)
        untouched = (each for each in free if not self._busy[self._programs[each]])
        return next(own, next(untouched, free[0] if free else None))

    def _is_free(self, program: str) -> bool:
        return program not in self._closed or not self._busy[program]

    def done(self, number: int) -> None:
        """Take note that a script is over."""
        with self._changed:
            self._busy[self._programs[number]] -= 1
            self._changed.notify_all()

    def open(self, program: str) -> None:
        """Let several jobs at once have scripts of a program."""
        with self._changed:
            self._closed.discard(program)
            self._changed.notify_all()
