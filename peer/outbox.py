"""What waits to be written on a connection, and what waits to be confirmed."""

from __future__ import annotations

import sys
from collections import deque

from peer import wire
from peer.budget import PIECE, Budget
from peer.events import Sent

_OVERHEAD = 256
"""What a waiting message costs beside its text, in bytes: short ones add up, too."""


class NotOpenError(Exception):
    """The connection takes no more messages."""


class WindowFullError(Exception):
    """Too much waits for the other end already; the message was not accepted."""


class BudgetSpentError(Exception):
    """Too much waits on all connections together; the message was not accepted."""


class Outbox:
    """Bytes on their way out, and the messages among them that are not yet confirmed.

    Args:
        window: how many bytes may wait to be confirmed, overhead included.
        budget: what the connections of the process share.
    """

    def __init__(self, window: int, budget: Budget) -> None:
        self._window, self._budget = window, budget
        self._taken = 0  # bytes of the budget
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
            BudgetSpentError: it does not fit into what all connections share.
        """
        size = _cost(text)
        if not framed and self._waiting_bytes + size > self._window:
            self.confirm_written()  # a receipt may never come
        if self._waiting_bytes + size > self._window:
            raise WindowFullError
        if not self._budget.take(_memory(text), first=not self._waiting):
            raise BudgetSpentError
        self._taken += _memory(text)
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
        self._give_back(_memory(sent.text))

    def _give_back(self, size: int) -> None:
        self._budget.give(size)
        self._taken -= size

    def clear(self) -> None:
        """Drop everything: nothing will be written any more."""
        self._bytes.clear()
        self._waiting.clear()
        self._waiting_bytes = 0

    def close(self) -> None:
        """Give the budget back what was not confirmed, after it was reported."""
        self.clear()
        self._give_back(self._taken)


def _cost(text: str) -> int:
    return len(text.encode("utf-8")) + _OVERHEAD


def _memory(text: str) -> int:
    """Return what a message takes: its text, wider here than on the wire, and its line."""
    return sys.getsizeof(text) + _cost(text)
