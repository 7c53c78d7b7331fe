"""Where lines come from and go to when nobody is at a terminal: plain and flushed.

`terminal.py` has the console for a person.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence

LONGEST_LINE = 65_536
"""A typed line may have this many bytes; more is refused."""


class ConsoleGoneError(Exception):
    """Nobody reads what is printed any more."""


class LineTooLongError(Exception):
    """The line that was typed has more than `LONGEST_LINE` bytes."""


class Console:
    """Standard input and output as lines; notices may come from any thread."""

    prompts = False

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._gone = False

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Keep notices back, so that the reply to a quick command comes first."""
        with self._lock:
            yield

    def notice(self, lines: Sequence[str]) -> None:
        """Print lines that nobody asked for; from any thread."""
        with self._lock:
            self._write(lines)

    def reply(self, lines: Sequence[str]) -> None:
        """Print the lines of one reply together."""
        with self._lock:
            self._write(lines)

    def read(self) -> str | None:
        """Return the next line that was typed, without its newline; None at the end.

        Raises:
            LineTooLongError: that line was too long, and has been skipped.
            ConsoleGoneError: nobody reads what is printed any more.
        """
        if self._gone:
            raise ConsoleGoneError
        line = sys.stdin.buffer.readline(LONGEST_LINE)
        if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = sys.stdin.buffer.readline(LONGEST_LINE)
            raise LineTooLongError
        if not line:
            return None
        return line.removesuffix(b"\n").removesuffix(b"\r").decode("utf-8", "surrogateescape")

    def close(self) -> None:
        """Leave everything as it was found."""

    def _write(self, lines: Sequence[str]) -> None:
        """Write whole lines. A reader that went away is found out by the next `read`."""
        if self._gone:
            return
        data = "".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace")
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except (OSError, ValueError):
            self._gone = True
