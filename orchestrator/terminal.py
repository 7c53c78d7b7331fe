"""A console's stream, driven through pexpect: type text, take lines.

This module and `session.py` are the only ones that use pexpect.
"""

from __future__ import annotations

import os
import select
import threading
import time
from collections import deque
from typing import Any

import pexpect
from pexpect.spawnbase import SpawnBase

from orchestrator.pump import PUMP
from orchestrator.transcript import Transcript

_MOST_PIECES = 64  # looked at after the timeout: enough for any message
_MOST_UNREAD = 16 * 1024 * 1024  # bytes; then a program that prints without end must wait
_LINE, _TIMEOUT, _END = range(3)
# Timeout and end are awaited like a line: pexpect's exceptions describe the whole session
# in words, which costs more than the console's answer. A plain string, not a pattern,
# because only then does pexpect leave alone what it has searched before.
_AWAITED: list[Any] = [b"\n", pexpect.TIMEOUT, pexpect.EOF]


class StreamEndedError(Exception):
    """The console's stream has ended: nothing more can be typed or seen."""


class NotReadError(Exception):
    """The program does not read what is typed."""


class _Stream(SpawnBase):  # type: ignore[type-arg]
    """What pexpect reads from: pieces that the pump brings, each with its time."""

    def __init__(self) -> None:
        super().__init__(timeout=None)
        # pexpect's own pauses would cost more than the console's whole answer.
        self.delayafterread = None
        self.at = time.monotonic()
        self._pieces: deque[tuple[bytes, float]] = deque()
        self._changed = threading.Condition()
        self.unread = 0

    def take(self, data: bytes, at: float) -> None:
        """Add a piece; called by the pump."""
        with self._changed:
            self._pieces.append((data, at))
            self.unread += len(data)
            self._changed.notify()

    @property
    def waiting(self) -> int:
        """How many pieces nobody has looked at."""
        return len(self._pieces)

    def read_nonblocking(self, size: int = 1, timeout: float | None = None) -> bytes:
        """Return the next piece, as pexpect asks for it."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._pieces, timeout):
                raise pexpect.TIMEOUT("")
            data, self.at = self._pieces[0]
            if not data:  # the end stays the end
                self.flag_eof = True
                raise pexpect.EOF("")
            self._pieces.popleft()
            self.unread -= len(data)
        return data


class Terminal:
    """One console.

    Args:
        fd: a pty's or a socket's descriptor; whoever opened it closes it, after `close`.
        transcript: records all that passes.
    """

    def __init__(self, fd: int, transcript: Transcript) -> None:
        self._fd, self._transcript = fd, transcript
        self._stream = _Stream()
        self._held = False
        os.set_blocking(fd, False)
        PUMP.add(fd, self._take)

    def _take(self, data: bytes, at: float) -> None:
        self._transcript.seen(data, at)
        self._stream.take(data, at)
        if self._stream.unread > _MOST_UNREAD:
            PUMP.remove(self._fd)
            self._held = True

    def close(self) -> None:
        """Leave the descriptor alone from now on."""
        PUMP.remove(self._fd)

    @property
    def at(self) -> float:
        """When the last line returned by `line` was shown, `time.monotonic` seconds."""
        at: float = self._stream.at
        return at

    def type(self, text: str, timeout: float) -> None:
        """Type `text`, surrogate-escaped bytes as themselves.

        Raises:
            StreamEndedError: nobody is there to read it.
            NotReadError: it was not all taken within `timeout` seconds.
        """
        data = text.encode("utf-8", "surrogateescape")
        self._transcript.typed(data)
        deadline = time.monotonic() + timeout
        while data:
            try:
                data = data[os.write(self._fd, data) :]
            except BlockingIOError:
                self._await_room(deadline)
            except OSError as error:
                raise StreamEndedError from error

    def _await_room(self, deadline: float) -> None:
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise NotReadError

    def line(self, timeout: float) -> str | None:
        """Return the next complete line, as it came; None after `timeout` seconds.

        Raises:
            StreamEndedError: the stream ended before another line was complete.
        """
        if self._held and self._stream.unread < _MOST_UNREAD // 2:
            self._held = False
            PUMP.add(self._fd, self._take)
        index = self._stream.expect_exact(_AWAITED, timeout=max(timeout, 0.0))
        # After the timeout pexpect looks at one piece, and a line may be in several.
        for _ in range(min(self._stream.waiting, _MOST_PIECES)):
            if index != _TIMEOUT:
                break
            index = self._stream.expect_exact(_AWAITED, timeout=0.0)
        if index == _END:
            raise StreamEndedError
        if index == _TIMEOUT:
            return None
        data: Any = self._stream.before
        return bytes(data).decode("utf-8", "surrogateescape") + "\n"
