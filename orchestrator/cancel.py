"""Cancelling a run: one thread asks, slow work in other threads checks now and then."""

from __future__ import annotations

import signal
import threading

from orchestrator.errors import LabError

ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""Signals that end a command: Ctrl-C, a polite kill, a closed terminal, Ctrl-\\."""


def status_of(number: int) -> int:
    """Return the exit status of a command that a signal has ended, as in shells."""
    return 128 + number


class RunCancelledError(LabError):
    """The run was cancelled before it was done."""


class CancelToken:
    """A request to give up, set once and seen by every thread that checks it."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask all threads that check to give up."""
        self._event.set()

    @property
    def is_set(self) -> bool:
        """Whether the run was cancelled."""
        return self._event.is_set()

    def check(self) -> None:
        """Return unless the run was cancelled.

        Raises:
            CancelledError: it was.
        """
        if self._event.is_set():
            raise RunCancelledError("the run was stopped")

    def pause(self, seconds: float) -> None:
        """Sleep for so many seconds, or until the run is cancelled.

        Raises:
            CancelledError: it was.
        """
        self._event.wait(seconds)
        self.check()
