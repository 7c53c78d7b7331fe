"""One thread that reads the consoles that nobody is waiting at.

A console that is not read blocks its program once the kernel's buffer is full, and what
it shows could only be dated by when the lab got round to looking.
"""

from __future__ import annotations

import os
import selectors
import threading
import time
from collections.abc import Callable

_READ_SIZE = 65_536  # bytes
Take = Callable[[bytes, float], None]
"""Takes what was read and when (`time.monotonic` seconds); no bytes mean the end."""


def read(fd: int) -> bytes | None:
    """Return what `fd`, which does not block, has now: None for nothing, empty for the end."""
    try:
        return os.read(fd, _READ_SIZE)
    except BlockingIOError:
        return None
    except OSError:  # a pty whose program has ended: EIO
        return b""


class Pump:
    """Reads descriptors that were added until they end or are removed. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # a taker may remove its own descriptor
        self._takers: dict[int, Take] = {}
        # epoll and kqueue heed a change at once, though another thread is waiting.
        self._selector = selectors.DefaultSelector()
        self._thread: threading.Thread | None = None

    def add(self, fd: int, take: Take) -> None:
        """Read `fd` from now on."""
        with self._lock:
            if fd not in self._takers:
                self._selector.register(fd, selectors.EVENT_READ)
            self._takers[fd] = take
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="pump", daemon=True)
                self._thread.start()

    def remove(self, fd: int) -> None:
        """Stop reading `fd`: when this returns all that was read has been taken."""
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


PUMP = Pump()
"""The one that every terminal uses."""
