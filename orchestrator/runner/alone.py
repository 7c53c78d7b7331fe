"""Runs go on side by side, or one alone: then no other job of this command has one."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from orchestrator.cancel import CancelToken

_SLICE = 0.2  # seconds between two looks at the cancel token


class RunsBeside:
    """Knows which runs are going on. Thread-safe.

    Args:
        cancel: ends every wait.
    """

    def __init__(self, cancel: CancelToken) -> None:
        self._cancel = cancel
        self._active = self._alone = 0  # runs, and those that wait to be alone or are
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def run(self, *, alone: bool) -> Iterator[None]:
        """Wait until a run may begin, and note that it goes on.

        Raises:
            RunCancelledError: all runs were cancelled.
        """
        with self._changed:
            self._alone += alone
            try:
                while self._active if alone else self._alone:
                    self._cancel.check()
                    self._changed.wait(_SLICE)
                self._active += 1
            except BaseException:
                self._alone -= alone
                raise
        try:
            yield
        finally:
            with self._changed:
                self._active -= 1
                self._alone -= alone
                self._changed.notify_all()
