"""Lines in and out without a terminal: plain, and flushed at once.

`terminal.py` has the console for a person.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import threading
from collections.abc import Callable, Iterator, Sequence

_STDOUT = 1
LONGEST_LINE = 65_536
"""A typed line may have this many bytes; more is refused."""


class ConsoleGoneError(Exception):
    """The reader of the output has gone."""


class LineTooLongError(Exception):
    """The line that was typed has more than `LONGEST_LINE` bytes."""


class Console:
    """Standard input and output as lines; notices may come from any thread."""

    buffers_in_c = False  # a library writes for it, and loses what a signal cuts short
    interactive = False  # a person is there, to be greeted, and asked before the peer leaves

    def __init__(self) -> None:
        self.gone = False  # whether the reader of the output has gone
        self._lock = threading.RLock()

    def stop_reading(self, error: Exception) -> None:
        """Make `read` raise `error`; called while it runs, in a signal's handler."""
        raise error

    @property
    def columns(self) -> int:
        """How wide the terminal is now; 0 if there is none, or it does not know."""
        return 0

    def complete_with(self, complete: Callable[[str, str], list[str]]) -> None:
        """Complete words with Tab, where that is possible.

        Args:
            complete: returns what a word may become; takes what stands before it, and the word.
        """

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Keep notices back, so that the reply to a quick command comes first."""
        with self._lock:
            yield

    def notice(self, lines: Sequence[str]) -> None:
        """Print notices: lines that answer no command. Safe from any thread.

        Raises:
            ConsoleGoneError: the reader has gone.
        """
        with self._lock:
            self._write(lines)
            self._check()

    def reply(self, lines: Sequence[str]) -> None:
        """Print the lines of one reply together."""
        with self._lock:
            self._write(lines)

    def read(self) -> str | None:
        """Return the next line that was typed, without its newline; None at the end.

        Raises:
            LineTooLongError: that line was too long, and has been skipped.
            ConsoleGoneError: the reader of the output has gone.
        """
        self._check()
        try:
            line = self._read_bytes()
        except OSError as error:  # a terminal that was hung up, for one
            raise ConsoleGoneError from error
        if not line:
            return None
        return line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")

    def _read_bytes(self) -> bytes:
        line = sys.stdin.buffer.readline(LONGEST_LINE + 1)
        if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = sys.stdin.buffer.readline(LONGEST_LINE)
            raise LineTooLongError
        return line

    def _check(self) -> None:
        if self.gone:
            raise ConsoleGoneError

    def close(self) -> None:
        """Leave everything as it was found."""

    def _write(self, lines: Sequence[str]) -> None:
        """Write whole lines. If the reader has gone, the next `read` finds out."""
        self._print("".join(f"{line}\n" for line in lines))

    def _print(self, text: str) -> None:
        """Write to the descriptor itself.

        A buffer of Python's would have a lock that a thread stuck in a write keeps when
        the process ends, and what it could not write it would try again then.
        """
        data = memoryview(text.encode("utf-8", "backslashreplace"))
        while data and not self.gone:
            try:
                data = data[os.write(_STDOUT, data) :]
            except BlockingIOError:  # another process has made the descriptor non-blocking
                select.select([], [_STDOUT], [])
            except OSError:
                self.gone = True
