"""The queue of runs that parallel jobs share. A job stays with its program if it can."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence

from orchestrator.cancel import CancelToken

_SLICE = 0.2  # seconds between two looks at the cancel token


class RunQueue:
    """The runs that have not started. Thread-safe.

    Args:
        programs: the program of each run, by the run's number.
        cancel: ends every wait.
        serial: the programs of which only one job may have runs, in their order: the first runs
            may decide on the others, and that must not depend on which job was faster.
        order: the numbers of the runs in the order in which they start; ascending by default.
    """

    def __init__(
        self,
        programs: Sequence[str],
        cancel: CancelToken,
        serial: Sequence[str] = (),
        order: Sequence[int] | None = None,
    ) -> None:
        self._programs, self._cancel = programs, cancel
        self._waiting = list(range(len(programs)) if order is None else order)
        self._active: Counter[str] = Counter()
        self._serial = set(serial)
        self._changed = threading.Condition()

    def take(self, last: str = "") -> int | None:
        """Wait for the next run and return its number; None if there is none, or on cancel.

        A job prefers the program of its last run, whose peers are still up.
        """
        with self._changed:
            while self._waiting and not self._cancel.is_set:
                number = self._next(last)
                if number is not None:
                    self._waiting.remove(number)
                    self._active[self._programs[number]] += 1
                    return number
                self._changed.wait(_SLICE)
        return None

    def _next(self, last: str) -> int | None:
        """Return a run: of the job's own program, else of an idle one, else of any."""
        programs = self._programs
        free = [
            number
            for number in self._waiting
            if programs[number] not in self._serial or not self._active[programs[number]]
        ]
        own = (number for number in free if programs[number] == last)
        idle = (number for number in free if not self._active[programs[number]])
        return next(own, next(idle, free[0] if free else None))

    def done(self, number: int) -> None:
        """Note that a run is over."""
        with self._changed:
            self._active[self._programs[number]] -= 1
            self._changed.notify_all()

    def allow_parallel(self, program: str) -> None:
        """Allow several jobs to run a serial program at once from now on."""
        with self._changed:
            self._serial.discard(program)
            self._changed.notify_all()
