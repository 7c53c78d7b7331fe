"""The byte stream of one console: type text, take lines. The only module that uses pexpect.

pexpect does what it is good at: it searches the bytes so far for a line break, waits for more,
and reports a timeout or the end of the stream. It does not look for prompts and replies. A
pattern for those would skip what stands in front of them, and between a command and its reply
there may be notices, which all count and each have a time. So the unit is the line, and `lines`
and `dialogue` match whole lines. `_PieceStream` is an adapter like pexpect's own `fdpexpect` and
`socket_pexpect`. It differs because the pump's thread reads as well, and because every piece
keeps the time at which it came.
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Self

import pexpect
from pexpect.spawnbase import SpawnBase

from orchestrator.console.pump import PUMP, read
from orchestrator.history.transcript import Transcript

_MOST_UNREAD = 4 * 1024 * 1024  # bytes; a program that has printed more has to wait
MOST_SHOWN = 8_000_000
"""Bytes that a console may show in one run: more than any sane program prints, and little enough
for any disk."""

_LINE, _TIMEOUT, _END = range(3)
# Timeout and end are awaited like a line: as exceptions, pexpect would format the whole session
# into their messages, which takes longer than the program takes to answer.
_AWAITED: list[Any] = [b"\n", pexpect.TIMEOUT, pexpect.EOF]


class StreamEndedError(Exception):
    """The console's stream has ended."""


class FloodedError(Exception):
    """The program has printed more than `MOST_SHOWN` bytes."""


class NotReadError(Exception):
    """The program does not read what is typed."""


class _PieceStream(SpawnBase):  # type: ignore[type-arg]
    """Gives pexpect the pieces that were read."""

    def __init__(self, await_more: Callable[[float | None], None]) -> None:
        super().__init__(timeout=None)
        self.delayafterread = None  # a pause of 0.1 ms for slow ptys, longer than our round trip
        self.at = time.monotonic()  # when the last piece that pexpect took was read
        self.unread = 0  # bytes that pexpect has not taken
        # those bytes, each piece with its time; an empty piece is the end
        self.pieces: deque[tuple[bytes, float]] = deque()
        self._await_more = await_more

    def add(self, data: bytes, at: float) -> None:
        self.unread += len(data)
        self.pieces.append((data, at))

    def read_nonblocking(self, size: int = 1, timeout: float | None = None) -> bytes:
        """Return what has come, up to the first piece with a line break.

        After the timeout pexpect reads only once, so this must be all that there is.
        """
        if not self.pieces:
            self._await_more(timeout)
        if not self.pieces:
            raise pexpect.TIMEOUT("")
        taken: list[bytes] = []
        while self.pieces and self.pieces[0][0]:
            data, self.at = self.pieces.popleft()
            self.unread -= len(data)
            taken.append(data)
            if b"\n" in data:
                break
            if not self.pieces:
                self._await_more(0.0)
        if not taken:  # the end, which stays there to be read again
            self.at = self.pieces[0][1]
            self.flag_eof = True
            raise pexpect.EOF("")
        return b"".join(taken)


class Terminal:
    """The terminal of one peer.

    Args:
        fd: the descriptor of a pty or socket. Its opener closes it, after `close`.
        transcript: records everything that passes.
    """

    def __init__(self, fd: int, transcript: Transcript) -> None:
        self._fd, self._transcript = fd, transcript
        self._stream = _PieceStream(self._await_more)
        self._ended = False
        self._is_incomplete = False  # the last search found no line break
        self._shown = 0  # bytes
        # called when the stream has ended, by the thread that has read it
        self.on_end: Callable[[], None] = lambda: None
        self.last_at = time.monotonic()  # when anything was last shown
        self._owners = 0  # nested `with` blocks
        self._readable = select.poll()
        self._readable.register(fd, select.POLLIN)
        os.set_blocking(fd, False)
        PUMP.add(fd, self._take)

    def _take(self, data: bytes, at: float) -> None:
        if self._is_flooded:
            return
        self._ended = not data
        if self._ended:
            self.on_end()
        self._shown += len(data)
        self.last_at = at
        self._transcript.seen(data, at)
        self._stream.add(data, at)
        if not self._has_room:
            PUMP.remove(self._fd)

    @property
    def _is_flooded(self) -> bool:
        return self._shown > MOST_SHOWN

    @property
    def _has_room(self) -> bool:
        return not self._ended and not self._is_flooded and self._stream.unread <= _MOST_UNREAD

    def _await_more(self, timeout: float | None) -> None:
        """Read in this thread, which is faster than a handover from the pump's."""
        if self._readable.poll(None if timeout is None else timeout * 1000):
            data = read(self._fd)
            if data is not None:
                self._take(data, time.monotonic())

    def record(self, transcript: Transcript) -> None:
        """Record what passes in another transcript from now on."""
        self._transcript = transcript
        self._shown = 0

    def close(self) -> None:
        """Stop reading the descriptor."""
        PUMP.remove(self._fd)

    @property
    def at(self) -> float:
        """When the last line that `line` returned was shown, in `time.monotonic` seconds."""
        at: float = self._stream.at
        return at

    def type(self, text: str, timeout: float) -> None:
        """Type `text`; surrogate-escaped bytes are typed as the bytes that they stand for.

        Raises:
            StreamEndedError: the program has ended.
            NotReadError: the program did not read it all within `timeout` seconds.
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
        """Wait until more can be typed. Read meanwhile if the pump does not.

        A program that blocks on its output does not read its input.
        """
        reads = self._owners and self._has_room
        poll = select.poll()
        poll.register(self._fd, select.POLLOUT | (select.POLLIN if reads else 0))
        left = deadline - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise NotReadError
        if reads:
            self._await_more(0.0)

    def __enter__(self) -> Self:
        """Keep the pump away in this block, so that lines can be taken."""
        self._owners += 1
        if self._owners == 1:
            PUMP.remove(self._fd)
        return self

    def __exit__(self, *_: object) -> None:
        self._owners -= 1
        if not self._owners and self._has_room:
            PUMP.add(self._fd, self._take)

    def line(self, timeout: float) -> str | None:
        """Return the next complete line, unchanged, or None after `timeout` seconds.

        Only in a `with` block.

        Raises:
            StreamEndedError: the stream ended before another line was complete.
            FloodedError: the program has printed too much.
        """
        if self._is_flooded:
            raise FloodedError(f"printed more than {MOST_SHOWN // 1_000_000} MB")
        if timeout <= 0 and not self.has_line():
            return None
        found = self._stream.expect_exact(_AWAITED, max(timeout, 0.0))
        self._is_incomplete = found == _TIMEOUT
        if found == _END:
            raise StreamEndedError
        if found == _TIMEOUT:
            return None
        before: Any = self._stream.before
        return bytes(before).decode("utf-8", "surrogateescape") + "\n"

    def has_line(self) -> bool:
        """Return whether `line` would return or raise at once. Only in a `with` block.

        Usually there is only a prompt, so this is worth answering without a search.
        """
        self._await_more(0.0)
        pieces = self._stream.pieces
        return (
            self._is_flooded
            or any(not data or b"\n" in data for data, _ in pieces)
            or b"\n" in self._stream.buffer
        )

    def await_more(self, timeout: float) -> None:
        """Wait until anything has come, even part of a line. Only in a `with` block."""
        if not self._is_flooded:
            self._await_more(max(timeout, 0.0))

    def rest(self) -> str:
        """Return what has come after the last complete line."""
        # After a search in vain, `before` has everything and `buffer` may not.
        known: Any = self._stream.before if self._is_incomplete else self._stream.buffer
        data = bytes(known or b"") + b"".join(data for data, _ in self._stream.pieces)
        return data.rpartition(b"\n")[2].decode("utf-8", "surrogateescape")
