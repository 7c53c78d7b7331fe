"""Cancelling a run: one thread asks, slow work in other threads checks now and then."""

from __future__ import annotations

import threading

from orchestrator.errors import LabError


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
