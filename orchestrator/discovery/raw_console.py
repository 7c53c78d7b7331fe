"""Consoles of programs of which nothing is known: type, and read until they are quiet."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence

from orchestrator.console.terminal import NotReadError, StreamEndedError, Terminal
from orchestrator.engines.base import Peer
from orchestrator.errors import EngineError
from orchestrator.history.transcript import Transcript

_MOST = 200_000  # bytes; more are taken for endless output
_MANY_LINES = 100  # the same, of a console that is never quiet
_POLL, _MOST_POLL = 0.01, 0.05  # seconds between two looks; a look costs a millisecond or more
_SLOWER = 0.1  # of the time that was waited by then
_TYPE_WITHIN = 3.0  # seconds


class FloodError(Exception):
    """A program prints without end."""

    def __init__(self, peer: str) -> None:
        super().__init__(peer)
        self.peer = peer


class Floods:
    """Which peers print without end, so that what was typed before that is still read."""

    def __init__(self) -> None:
        self.peers: set[str] = set()

    def check(self, *names: str) -> None:
        """Raise a FloodError if one of these peers prints without end."""
        if found := self.peers & {*names}:
            raise FloodError(min(found))

    def wait(
        self,
        asked: str,
        consoles: Iterable[RawConsole],
        wait: Callable[[Sequence[RawConsole]], bool],
    ) -> bool:
        """Wait for consoles without those that flood; return False if the asked one does."""
        every = [*consoles]
        while asked not in self.peers:
            try:
                return wait([it for it in every if it.peer.name not in self.peers])
            except FloodError as error:
                self.peers.add(error.peer)
        return False


class _Buffer(Transcript):
    """Keeps output until it is taken, and the time of the last of it."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.last, self.ended = bytearray(), time.monotonic(), False
        self.shown = 0  # bytes, as the program writes them: a terminal makes two of a line break
        self._lock = threading.Lock()

    def seen(self, data: bytes, at: float) -> None:
        """Keep output; empty output means the end of the stream."""
        with self._lock:
            self.ended = self.ended or not data
            self.last = at
            self.shown += len(data) - data.count(b"\n")
            if len(self.text) <= _MOST:
                self.text += data

    def take(self) -> str:
        with self._lock:
            text = self.text.decode("utf-8", "replace")
            self.text.clear()
            return text


class RawConsole:
    """The console of one peer, attached."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._buffer = _Buffer()
        self._terminal = Terminal(peer.attach(), self._buffer)

    def type(self, line: str) -> bool:
        """Type a line; return whether the program could read it."""
        try:
            self._terminal.type(f"{line}\n", _TYPE_WITHIN)
        except (StreamEndedError, NotReadError):
            return False
        return True

    @property
    def ended(self) -> bool:
        """Whether the program has exited."""
        if self._buffer.ended:
            return True
        try:
            return self.peer.status().state in ("exited", "removed")
        except EngineError:
            return True

    @property
    def is_closed(self) -> bool:
        """Whether nothing more can come, because its stream has ended."""
        return self._buffer.ended

    @property
    def shown(self) -> int:
        """How many bytes of the program's have come so far."""
        return self._buffer.shown

    @property
    def has_output(self) -> bool:
        """Whether there is output that was not taken yet."""
        return bool(self._buffer.text)

    def check_flood(self) -> None:
        """Raise a FloodError if the program prints without end."""
        if len(self._buffer.text) > _MOST:
            raise FloodError(self.peer.name)

    @property
    def silence(self) -> float:
        """Seconds since the last output."""
        return time.monotonic() - self._buffer.last

    def peek(self) -> str:
        """Return the output without taking it."""
        return bytes(self._buffer.text).decode("utf-8", "replace")

    def take(self) -> str:
        """Return the output since it was last taken."""
        return self._buffer.take()

    def close(self) -> None:
        """Detach from the console."""
        self._terminal.close()


def wait_until_quiet(
    consoles: Sequence[RawConsole],
    quiet: float,
    most: float,
    is_over: Callable[[], bool] = lambda: False,
    counted: Callable[[float], float] = lambda waited: waited,
) -> bool:
    """Wait until all consoles have been silent for `quiet` seconds, but at most `most` seconds.

    Return at once, and True, when `is_over` says that nothing more will come.

    Args:
        consoles: the programs'.
        quiet: after how many seconds without output the wait ends.
        most: after how many it ends in any case.
        is_over: whether nothing more will come.
        counted: how many seconds of a part of the wait count.

    Raises:
        FloodError: a program prints without end.
    """
    began = now = time.monotonic()
    silence = passed = 0.0
    pause = threading.Event()
    while passed < most:
        for console in consoles:
            console.check_flood()
        if is_over():
            return True
        before, now = now, time.monotonic()
        waited, least = now - before, min(it.silence for it in consoles)
        count = counted(waited)
        silence = silence + count if least >= waited else min(count, least)
        passed += count if least >= waited else waited
        if silence >= quiet:
            return False
        pause.wait(min(_POLL + (now - began) * _SLOWER, _MOST_POLL))
    for console in consoles:
        if console.silence < quiet and console.peek().count("\n") > _MANY_LINES:
            raise FloodError(console.peer.name)
    return False
