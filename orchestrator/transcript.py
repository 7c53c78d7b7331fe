"""The record of one console: everything typed and everything seen."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestrator.text import printable, shown

_LOOK_BACK = 20_000  # bytes; more than the longest message


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes, when they passed (`time.monotonic` seconds), and which way."""

    at: float
    typed: bool
    data: bytes


class Transcript:
    """Pieces in order; kept in memory, written to a file at the end."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._pieces: list[Piece] = []

    def typed(self, data: bytes) -> None:
        """Record bytes that the lab typed."""
        self._pieces.append(Piece(time.monotonic(), typed=True, data=data))

    def seen(self, data: bytes, at: float) -> None:
        """Record bytes that the console showed at `at`; from any thread."""
        self._pieces.append(Piece(at, typed=False, data=data))

    def screen(self) -> list[str]:
        """Return the lines that the console showed, fit for any terminal."""
        return _screen([piece.data for piece in self._pieces if not piece.typed])

    def tail(self, count: int = 5) -> list[str]:
        """Return the last `count` lines that the console showed, looking back so far only."""
        size, last = 0, []
        for piece in reversed(self._pieces):
            if size > _LOOK_BACK:
                break
            if not piece.typed:
                size += len(piece.data)
                last.append(piece.data)
        return [line[-_LOOK_BACK:] for line in _screen(last[::-1])[-count:]]

    def write(self, path: Path) -> None:
        """Write the record to `path`: a line a piece, with seconds since the start."""
        lines = [
            f"{piece.at - self._started:10.4f} {'>' if piece.typed else '<'} {piece.data!r}\n"
            for piece in self._pieces
        ]
        path.write_text("".join(lines), encoding="utf-8")


def _screen(pieces: Iterable[bytes]) -> list[str]:
    lines = b"".join(pieces).decode("utf-8", "replace").split("\n")
    return [text for line in lines if (text := printable(shown(line)).rstrip())]
