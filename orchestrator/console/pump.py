"""One background thread that reads every console that no other thread is waiting at.

A console that no one reads blocks its program once the kernel's buffer is full, and its output
would get the time at which the lab looked at it instead of the time at which it came.
"""

from __future__ import annotations

import os
import selectors
import threading
import time
from collections.abc import Callable

_READ_SIZE = 65_536  # bytes
Take = Callable[[bytes, float], None]
"""Takes the bytes read and the time (`time.monotonic` seconds). No bytes mean the end."""


def read(fd: int) -> bytes | None:
    """Return what the non-blocking `fd` has now: None for nothing yet, empty at the end."""
    try:
        return os.read(fd, _READ_SIZE)
    except BlockingIOError:
        return None
    except OSError:  # EIO: a pty whose program has ended
        return b""


class Pump:
    """Reads each added descriptor until it ends or is removed. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a taker may remove its own descriptor
        self._takers: dict[int, Take] = {}
        # epoll and kqueue notice a change at once, even while another thread waits in select.
        self._selector = selectors.DefaultSelector()
        self._thread: threading.Thread | None = None

    def add(self, fd: int, take: Take) -> None:
        """Read `fd` from now on and pass what comes to `take`."""
        with self._lock:
            if fd not in self._takers:
                self._selector.register(fd, selectors.EVENT_READ)
            self._takers[fd] = take
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="pump", daemon=True)
                self._thread.start()

    def remove(self, fd: int) -> None:
        """Stop reading `fd`. When this returns, `take` has got everything that was read."""
        with self._lock:
            if self._takers.pop(fd, None):
                self._selector.unregister(fd)

    def _run(self) -> None:
        while True:
            for key, _ in self._selector.select():
                self._read(key.fd)

    def _read(self, fd: int) -> None:
        with self._lock:
            take = self._takers.get(fd)
            data = read(fd) if take else None
            if take is None or data is None:
                return
            if not data:
                self.remove(fd)
            take(data, time.monotonic())


PUMP = Pump()  # the pump of this process, shared by all terminals
