"""The record of one console: everything typed and everything seen."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from orchestrator.text import printable, shown


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
        data = b"".join(piece.data for piece in self._pieces if not piece.typed)
        lines = data.decode("utf-8", "replace").split("\n")
        return [text for line in lines if (text := printable(shown(line)).rstrip())]

    def tail(self, count: int = 5) -> list[str]:
        """Return the last `count` lines that the console showed."""
        return self.screen()[-count:]

    def write(self, path: Path) -> None:
        """Write the record to `path`: a line a piece, with seconds since the start."""
        lines = [
            f"{piece.at - self._started:10.4f} {'>' if piece.typed else '<'} {piece.data!r}\n"
            for piece in self._pieces
        ]
        path.write_text("".join(lines), encoding="utf-8")
