"""The record of one console: everything typed and everything seen, written as it happens."""

from __future__ import annotations

import ast
import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from orchestrator.text import CONTROL, cut, printable, shown, squeeze

_LOOK_BACK = 20_000  # bytes; more than the longest message
_ECHO_WITHIN = 64  # lines that are shown after a line was typed
_QUOTED = 300  # characters of a line that an error quotes
_TYPED_QUOTED = 80  # of one that was typed: the reader knows the rest


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes, when they passed (seconds since the run began), and which way."""

    at: float
    typed: bool
    data: bytes

    def as_line(self) -> str:
        """Return the piece as one line of a file."""
        return f"{self.at:10.4f} {'>' if self.typed else '<'} {self.data!r}\n"

    @classmethod
    def from_line(cls, line: str) -> Piece:
        """Return the piece that `as_line` wrote.

        Raises:
            ValueError: it did not.
        """
        at, way, literal = line.split(maxsplit=2)
        try:
            data = ast.literal_eval(literal)
        except (SyntaxError, TypeError, MemoryError, RecursionError) as error:
            raise ValueError(str(error)) from error
        if not isinstance(data, bytes):
            raise ValueError(f"not bytes: {literal}")  # noqa: TRY004 - one kind for any damage
        return cls(float(at), way == ">", data)


@dataclass(frozen=True, slots=True)
class Line:
    """One line that a console showed, and when it was complete, in seconds."""

    at: float
    text: str


TYPED = "» "  # the mark of a line that was typed, if no echo shows it


class Transcript:
    """Pieces in order. Any thread may add some.

    Args:
        path: the file to write to; only the last pieces are then kept in memory.
        started: when the run began, on `time.monotonic`.
    """

    def __init__(self, path: Path | None = None, started: float | None = None) -> None:
        self._started = time.monotonic() if started is None else started
        self._path = path
        self._file = path.open("w", encoding="utf-8", buffering=1) if path else None
        self._lock = threading.Lock()
        self._pieces: deque[Piece] = deque()
        self._size = 0

    def typed(self, data: bytes) -> None:
        """Record bytes that the lab typed."""
        self._add(Piece(time.monotonic() - self._started, typed=True, data=data))

    def seen(self, data: bytes, at: float) -> None:
        """Record bytes that the console showed at `at`, on `time.monotonic`."""
        self._add(Piece(at - self._started, typed=False, data=data))

    def _add(self, piece: Piece) -> None:
        with self._lock:
            self._pieces.append(piece)
            if self._file is None:
                return
            self._size += len(piece.data)
            while self._size - len(self._pieces[0].data) > _LOOK_BACK:
                self._size -= len(self._pieces.popleft().data)
            if not self._file.closed:
                _write(self._file, piece)

    def pieces(self) -> list[Piece]:
        """Return everything that passed."""
        with self._lock:
            return list(self._pieces) if self._path is None else read(self._path)

    def lines(self) -> list[Line]:
        """Return the lines that the console showed, fit for any terminal."""
        return screen(self.pieces())

    def screen(self) -> list[str]:
        """Return the texts of `lines`."""
        return [line.text for line in self.lines()]

    def tail(self, count: int = 5) -> list[str]:
        """Return the last `count` lines that the console showed within the last 20,000 bytes."""
        size, last = 0, []
        with self._lock:
            for piece in reversed(self._pieces):
                if size > _LOOK_BACK:
                    break
                size += 0 if piece.typed else len(piece.data)
                last.append(piece)
        return [_quoted(line.text) for line in dialogue(last[::-1])[-count:]]

    def close(self) -> None:
        """Close the file; what comes later is not recorded there."""
        with self._lock:
            if self._file:
                with contextlib.suppress(OSError):
                    self._file.close()


def _write(file: TextIO, piece: Piece) -> None:
    """Write a piece; a full disk must not end the thread that reads consoles."""
    try:
        file.write(piece.as_line())
    except OSError:  # the history is on the same disk, and reports it
        with contextlib.suppress(OSError):
            file.close()


def read(path: Path) -> list[Piece]:
    """Return the pieces in a transcript's file; a last line that was cut off is left out.

    Raises:
        OSError: it cannot be read.
    """
    *whole, _cut_off = path.read_text(encoding="utf-8").split("\n")
    return [Piece.from_line(line) for line in whole]


def screen(pieces: Iterable[Piece]) -> list[Line]:
    """Return the lines that these pieces show, without blank ones."""
    lines = (
        Line(at, printable(shown(raw.decode("utf-8", "replace")).expandtabs()).rstrip())
        for at, raw in _split(piece for piece in pieces if not piece.typed)
    )
    return [line for line in lines if line.text]


def dialogue(pieces: Iterable[Piece]) -> list[Line]:
    """Return the lines that were shown, and between them those that were typed and not echoed."""
    pieces = list(pieces)
    lines = screen(pieces)
    typed = [line for piece in pieces if piece.typed for line in _typed_lines(piece)]
    seen = [(line.at, squeeze(line.text)) for line in lines]
    begin, unseen = 0, []
    for line in typed:
        while begin < len(seen) and seen[begin][0] < line.at:
            begin += 1
        wanted = squeeze(line.text.removeprefix(TYPED))
        if not any(text.endswith(wanted) for _, text in seen[begin : begin + _ECHO_WITHIN]):
            unseen.append(line)
    return sorted([*unseen, *lines], key=lambda line: line.at)


def _quoted(text: str) -> str:
    return cut(text, _TYPED_QUOTED) if text.startswith(TYPED) else text[-_QUOTED:]


def _typed_lines(piece: Piece) -> Iterator[Line]:
    for raw in piece.data.decode("utf-8", "replace").split("\n"):
        if text := CONTROL.sub("", raw):
            yield Line(piece.at, TYPED + printable(text))


def _split(pieces: Iterable[Piece]) -> Iterator[tuple[float, bytes]]:
    open_line, at = b"", 0.0
    for piece in pieces:
        at = piece.at
        *whole, rest = piece.data.split(b"\n")
        for line in whole:
            yield at, open_line + line
            open_line = b""
        open_line += rest
    if open_line:
        yield at, open_line
