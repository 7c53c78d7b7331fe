"""A console's stream, driven through pexpect: type text, take lines.

No other module uses pexpect.
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Self

import pexpect
from pexpect.expect import searcher_string
from pexpect.spawnbase import SpawnBase

from orchestrator.console.pump import PUMP, read
from orchestrator.history.transcript import Transcript

_MOST_PIECES = 64  # looked at after the timeout: enough for any message
_MOST_UNREAD = 4 * 1024 * 1024  # bytes; then a program that prints without end must wait
MOST_SHOWN = 8_000_000
"""Bytes that a console may show in one run: more than any that comes to an end, less than a disk
minds."""

_LINE, _TIMEOUT, _END = range(3)
# Timeout and end are awaited like a line: pexpect's exceptions describe the whole session
# in words, which costs more than the console's answer. A plain string, not a pattern,
# because only then does pexpect leave alone what it has searched before.
_AWAITED: list[Any] = [b"\n", pexpect.TIMEOUT, pexpect.EOF]


class StreamEndedError(Exception):
    """The console's stream has ended: nothing more can be typed or seen."""


class FloodedError(Exception):
    """The program prints without end."""


class NotReadError(Exception):
    """The program does not read what is typed."""


class _Stream(SpawnBase):  # type: ignore[type-arg]
    """What pexpect reads from: pieces that were read, each with its time.

    Args:
        await_more: waits so many seconds for a further piece.
    """

    def __init__(self, await_more: Callable[[float | None], None]) -> None:
        super().__init__(timeout=None)
        # pexpect's own pauses would cost more than the console's whole answer.
        self.delayafterread = None
        self.at = time.monotonic()
        self.unread = 0
        self.pieces: deque[tuple[bytes, float]] = deque()
        self._await_more = await_more

    def take(self, data: bytes, at: float) -> None:
        """Add a piece."""
        self.unread += len(data)
        self.pieces.append((data, at))

    def read_nonblocking(self, size: int = 1, timeout: float | None = None) -> bytes:
        """Return the next piece, as pexpect asks for it."""
        if not self.pieces:
            self._await_more(timeout)
        if not self.pieces:
            raise pexpect.TIMEOUT("")
        data, self.at = self.pieces[0]
        if not data:  # the end stays the end
            self.flag_eof = True
            raise pexpect.EOF("")
        self.pieces.popleft()
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
        self._stream = _Stream(self._await_more)
        self._ended = False
        self._is_incomplete = False  # there was no line break when one was looked for last
        self._shown = 0
        self._watchers = 0
        self._searcher = searcher_string(_AWAITED)  # once, not for every line
        self._readable = select.poll()
        self._readable.register(fd, select.POLLIN)
        os.set_blocking(fd, False)
        PUMP.add(fd, self._take)

    def _take(self, data: bytes, at: float) -> None:
        if self._is_flooded:  # what was on its way when it was noticed
            return
        self._ended = not data
        self._shown += len(data)
        self._transcript.seen(data, at)
        self._stream.take(data, at)
        if not self._may_be_read:
            PUMP.remove(self._fd)

    @property
    def _is_flooded(self) -> bool:
        return self._shown > MOST_SHOWN

    @property
    def _may_be_read(self) -> bool:
        """Whether what comes can be taken in by somebody who does not need it now."""
        return not self._ended and not self._is_flooded and self._stream.unread <= _MOST_UNREAD

    def _await_more(self, timeout: float | None) -> None:
        """Read in this thread: handing a piece over from the pump's would cost more."""
        if self._readable.poll(None if timeout is None else timeout * 1000):
            data = read(self._fd)
            if data is not None:
                self._take(data, time.monotonic())

    def record(self, transcript: Transcript) -> None:
        """Record what passes from now on in another transcript."""
        self._transcript = transcript
        self._shown = 0

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
        """Wait until something can be typed; read meanwhile, if nobody else does.

        A program whose output is not read does not read what is typed.
        """
        reads = self._watchers and self._may_be_read
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT | (select.POLLIN if reads else 0))
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise NotReadError
        if reads:
            self._await_more(0.0)

    def __enter__(self) -> Self:
        """Let nobody else read the console in this block, in which `line` may be called."""
        self._watchers += 1
        if self._watchers == 1:
            PUMP.remove(self._fd)
        return self

    def __exit__(self, *_: object) -> None:
        self._watchers -= 1
        if not self._watchers:
            self._give_back()

    def _give_back(self) -> None:
        if self._may_be_read:
            PUMP.add(self._fd, self._take)

    def line(self, timeout: float) -> str | None:
        """Return the next complete line, as it came; None after `timeout` seconds.

        Only within a `with` block.

        Raises:
            StreamEndedError: the stream ended before another line was complete.
            FloodedError: the program has printed more than any that comes to an end.
        """
        if self._is_flooded:
            raise FloodedError(f"printed more than {MOST_SHOWN // 1_000_000} MB")
        if timeout <= 0 and not self.has_line():
            return None
        index = self._expect(max(timeout, 0.0))
        if index == _END:
            raise StreamEndedError
        if index == _TIMEOUT:
            return None
        data: Any = self._stream.before
        return bytes(data).decode("utf-8", "surrogateescape") + "\n"

    def has_line(self) -> bool:
        """Tell whether `line` would return or raise at once; only within a `with` block.

        It does without pexpect: most of the time there is a prompt, and no more.
        """
        self._await_more(0.0)
        pieces = self._stream.pieces
        return (
            self._is_flooded
            or any(not data or b"\n" in data for data, _ in pieces)
            or b"\n" in self._stream.buffer
        )

    def await_more(self, timeout: float) -> None:
        """Wait until something more has come, a line or less; only within a `with` block."""
        if not self._is_flooded:
            self._await_more(max(timeout, 0.0))

    def rest(self) -> str:
        """Return what has come behind the last line that was taken, as far as it is known."""
        # pexpect forgets in `buffer` what it has searched in vain; then `before` has all of it.
        known: Any = self._stream.before if self._is_incomplete else self._stream.buffer
        data = bytes(known or b"") + b"".join(data for data, _ in self._stream.pieces)
        return data.rpartition(b"\n")[2].decode("utf-8", "surrogateescape")

    def _expect(self, timeout: float) -> int:
        index = self._stream.expect_loop(self._searcher, timeout)
        # After the timeout pexpect looks at one piece, and a line may be in several.
        for _ in range(_MOST_PIECES):
            if index != _TIMEOUT or not (self._stream.pieces or self._readable.poll(0)):
                break
            index = self._stream.expect_loop(self._searcher, 0.0)
        self._is_incomplete = index == _TIMEOUT
        return index
