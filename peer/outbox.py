"""What waits to be written on a connection, and what waits to be confirmed."""

from __future__ import annotations

from collections import deque

from peer import wire
from peer.events import Sent

PIECE = 65_536
"""Largest piece handed out for one write, in bytes."""


_OVERHEAD = 256
"""What a waiting message costs beside its text, in bytes: short ones add up, too."""


class WindowFullError(Exception):
    """Too much waits for the other end already; the message was not accepted."""


class Outbox:
    """Bytes on their way out, and the messages among them that are not yet confirmed.

    Args:
        window: how many bytes may wait to be confirmed, overhead included.
    """

    def __init__(self, window: int) -> None:
        self._window = window
        self._bytes = bytearray()
        self._queued = self._written = 0  # bytes since the start
        self._waiting: deque[tuple[Sent, int]] = deque()  # each with its end in _queued
        self._waiting_bytes = 0

    def __len__(self) -> int:
        return len(self._bytes)

    @property
    def unconfirmed(self) -> tuple[Sent, ...]:
        """The messages without a receipt, oldest first."""
        return tuple(sent for sent, _ in self._waiting)

    def put(self, item: wire.Greeting | wire.Frame) -> None:
        """Queue a greeting or a frame that needs no receipt."""
        self._put(wire.encode(item))

    def put_message(self, number: int, text: str, *, framed: bool) -> None:
        """Queue a message, as a frame or as a bare line.

        Raises:
            WindowFullError: it does not fit into the window.
        """
        size = _cost(text)
        if not framed and self._waiting_bytes + size > self._window:
            self.confirm_written()  # a receipt may never come
        if self._waiting_bytes + size > self._window:
            raise WindowFullError
        line = wire.encode(wire.Message(number, text)) if framed else text.encode("utf-8") + b"\n"
        self._put(line)
        self._waiting.append((Sent(number, text), self._queued))
        self._waiting_bytes += size

    def _put(self, data: bytes) -> None:
        self._bytes += data
        self._queued += len(data)

    def piece(self) -> bytes:
        """Return what to write next; empty when nothing waits."""
        return bytes(self._bytes[:PIECE])

    def wrote(self, count: int) -> None:
        """Drop the first `count` bytes, which were written."""
        del self._bytes[:count]
        self._written += count

    def confirm(self, number: int) -> int:
        """Drop the messages up to `number`; return the first of them, 0 for none."""
        first = self._waiting[0][0].number if self._waiting else number + 1
        while self._waiting and self._waiting[0][0].number <= number:
            self._drop_oldest()
        return first if first <= number else 0

    def confirm_written(self) -> None:
        """Drop the messages that were written: a plain program confirms nothing more."""
        while self._waiting and self._waiting[0][1] <= self._written:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        sent, _ = self._waiting.popleft()
        self._waiting_bytes -= _cost(sent.text)

    def clear(self) -> None:
        """Drop everything: nothing will be written any more."""
        self._bytes.clear()
        self._waiting.clear()
        self._waiting_bytes = 0


def _cost(text: str) -> int:
    return len(text.encode("utf-8")) + _OVERHEAD
