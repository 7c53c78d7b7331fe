"""One thread that reads every console as soon as it shows something.

A console that nobody reads blocks its program once the kernel's buffer is full, and what
it shows could only be dated by when the lab got round to looking.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import time
from collections.abc import Callable

_READ_SIZE = 65_536  # bytes
Take = Callable[[bytes, float], None]
"""Takes what was read and when (`time.monotonic` seconds); no bytes mean the end."""


class Pump:
    """Reads descriptors that were added until they end or are removed. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._takers: dict[int, Take] = {}
        self._poll = select.poll()
        self._awake, self._waker = os.pipe()
        self._poll.register(self._awake, select.POLLIN)
        self._thread: threading.Thread | None = None

    def add(self, fd: int, take: Take) -> None:
        """Read `fd` from now on."""
        with self._lock:
            self._takers[fd] = take
            self._poll.register(fd, select.POLLIN)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="pump", daemon=True)
                self._thread.start()
        os.write(self._waker, b"\0")

    def remove(self, fd: int) -> None:
        """Stop reading `fd`; when this returns it may be closed."""
        with self._lock:
            if self._takers.pop(fd, None):
                with contextlib.suppress(KeyError):
                    self._poll.unregister(fd)
        os.write(self._waker, b"\0")

    def _run(self) -> None:
        while True:
            for fd, _ in self._poll.poll():
                if fd == self._awake:
                    os.read(self._awake, _READ_SIZE)
                else:
                    self._read(fd)

    def _read(self, fd: int) -> None:
        with self._lock:
            take = self._takers.get(fd)
            if take is None:
                return
            try:
                data = os.read(fd, _READ_SIZE)
            except BlockingIOError:
                return
            except OSError:  # a pty whose program has ended: EIO
                data = b""
            if not data:
                del self._takers[fd]
                self._poll.unregister(fd)
        take(data, time.monotonic())


PUMP = Pump()
"""The one that every terminal uses."""
