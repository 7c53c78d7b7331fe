"""Consoles of which nothing is known: type, and take what comes until it is quiet."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from orchestrator.console.terminal import NotReadError, StreamEndedError, Terminal
from orchestrator.engines.base import Peer
from orchestrator.errors import EngineError
from orchestrator.history.transcript import Transcript

_MOST = 1_000_000  # characters; a program that prints more prints without end
_LOOK = 0.02  # seconds between two looks
_TYPE_WITHIN = 3.0  # seconds


class FloodError(Exception):
    """A program prints without end."""


class _Record(Transcript):
    """Keeps what was shown, and when the last of it came."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.last, self.ended = bytearray(), time.monotonic(), False
        self._guard = threading.Lock()

    def seen(self, data: bytes, at: float) -> None:
        """Keep bytes; none mean the end."""
        with self._guard:
            self.ended = self.ended or not data
            self.last = at
            if len(self.text) <= _MOST:
                self.text += data

    def taken(self) -> str:
        """Return what has come since the last time."""
        with self._guard:
            text = self.text.decode("utf-8", "replace")
            self.text.clear()
            return text


class RawConsole:
    """The console of one peer.

    Args:
        peer: where it runs.
    """

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._record = _Record()
        self._terminal = Terminal(peer.attach(), self._record)

    def type(self, line: str) -> bool:
        """Type a line; return whether anybody could read it."""
        try:
            self._terminal.type(f"{line}\n", _TYPE_WITHIN)
        except (StreamEndedError, NotReadError):
            return False
        return True

    @property
    def ended(self) -> bool:
        """Whether the program has gone."""
        return self._record.ended or self._is_over()

    def _is_over(self) -> bool:
        try:
            return self.peer.status().state in ("exited", "removed")
        except EngineError:
            return True

    @property
    def pending(self) -> int:
        """How many bytes have come that were not taken."""
        if len(self._record.text) > _MOST:
            raise FloodError(self.peer.name)
        return len(self._record.text)

    @property
    def silence(self) -> float:
        """For how many seconds nothing has come."""
        return time.monotonic() - self._record.last

    def peek(self) -> str:
        """Return what has come, without taking it."""
        return bytes(self._record.text).decode("utf-8", "replace")

    def take(self) -> str:
        """Return what has come since it was taken last."""
        return self._record.taken()

    def close(self) -> None:
        """Let go of the console."""
        self._terminal.close()


def settle(consoles: Sequence[RawConsole], quiet: float, most: float) -> None:
    """Wait until all consoles have been quiet for a while, or for so long at most.

    Raises:
        FloodError: one is never quiet.
    """
    began = time.monotonic()
    pause = threading.Event()
    while (now := time.monotonic()) - began < most:
        for each in consoles:
            _ = each.pending
        if now - began >= quiet and all(each.silence >= quiet for each in consoles):
            return
        pause.wait(_LOOK)
