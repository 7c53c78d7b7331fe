"""Waking a thread that waits in `poll`."""

from __future__ import annotations

import contextlib
import select
import socket


class Waker:
    """A pair of sockets: any thread calls `wake`, one thread polls `fileno`."""

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def fileno(self) -> int:
        """Return the descriptor that is readable after `wake`."""
        return self._reader.fileno()

    def wake(self) -> None:
        """Make the descriptor readable; harmless after `close`."""
        with contextlib.suppress(OSError):  # full means awake already
            self._writer.send(b"\0")

    def wait(self, timeout: float) -> bool:
        """Wait for a `wake` since the last `clear`, so many seconds; return whether there was."""
        poll = select.poll()
        poll.register(self, select.POLLIN)
        return bool(poll.poll(max(0.0, timeout) * 1000))

    def clear(self) -> None:
        """Take note: forget every `wake` so far."""
        with contextlib.suppress(BlockingIOError):
            while self._reader.recv(4096):
                pass

    def close(self) -> None:
        """Give the descriptors back."""
        self._reader.close()
        self._writer.close()
