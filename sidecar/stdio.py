"""Reads and writes lines in threads, whatever standard input and output are.

The event loop never writes itself: a reader that stalls must not delay the renewal of rules.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread

_LONGEST = 1 << 20
_FLUSH_WITHIN = 2.0  # seconds for what is still to be written at the end


def read_lines(descriptor: int, receive: Callable[[bytes | None], None]) -> None:
    """Have the running loop call `receive` with each line, and with None at the end.

    A line that is too long is cut at the limit.
    """
    loop = asyncio.get_running_loop()

    def give(line: bytes | None) -> None:
        loop.call_soon_threadsafe(receive, line)

    Thread(target=_read, args=(descriptor, give), daemon=True, name="reads lines").start()


def _read(descriptor: int, give: Callable[[bytes | None], None]) -> None:
    try:
        _split(lambda: os.read(descriptor, 1 << 16), give)
        give(None)
    except RuntimeError:
        return  # the loop has ended before the lines


def _split(read: Callable[[], bytes], give: Callable[[bytes | None], None]) -> None:
    rest = b""
    is_too_long = False
    while data := _or_end(read):
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            if not is_too_long:
                give(line)
            is_too_long = False
        if len(rest) > _LONGEST:
            if not is_too_long:
                give(rest[:_LONGEST])
            rest, is_too_long = b"", True
    if rest:
        give(rest)


def _or_end(read: Callable[[], bytes]) -> bytes:
    try:
        return read()
    except OSError:
        return b""  # a terminal or a socket that went away


class LineWriter:
    """Writes lines in order, without blocking the caller."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()
        self._thread = Thread(target=self._write_all, daemon=True, name="writes lines")
        self._thread.start()

    def write(self, line: str) -> None:
        """Queue a line."""
        self._lines.put(line.encode() + b"\n")

    def close(self) -> None:
        """Wait until all is written, but not for long."""
        self._lines.put(None)
        self._thread.join(_FLUSH_WITHIN)

    def _write_all(self) -> None:
        while line := self._lines.get():
            try:
                while line:
                    line = line[os.write(self._descriptor, line) :]
            except OSError:
                return  # the reader is gone
