"""Giving up early: one thread asks, and whatever takes a while looks now and then."""

from __future__ import annotations

import threading

from orchestrator.errors import LabError


class CancelledError(LabError):
    """Somebody asked for the end before what was under way was done."""


class CancelToken:
    """Asked for once, seen by every thread that checks it."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def set(self) -> None:
        """Ask everybody who checks to give up."""
        self._event.set()

    @property
    def is_set(self) -> bool:
        """Whether anybody has asked."""
        return self._event.is_set()

    def check(self) -> None:
        """Return at once unless somebody has asked.

        Raises:
            StoppedError: somebody has.
        """
        if self._event.is_set():
            raise CancelledError("the run was stopped")

    def pause(self, seconds: float) -> None:
        """Let so many seconds pass, unless somebody asks before.

        Raises:
            StoppedError: somebody has.
        """
        self._event.wait(seconds)
        self.check()
