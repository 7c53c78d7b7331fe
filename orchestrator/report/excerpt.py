"""What a console showed around some time, out of a transcript of any size."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from pathlib import Path
from typing import AnyStr

from orchestrator.history.transcript import Line, Piece, dialogue
from orchestrator.text import printable

_BEFORE, _AFTER = 3, 6  # lines; what was asked at a time is answered after it
_SPARE = 3  # line ends that may belong to lines without anything to show
_MOST_BYTES = 65_536  # of the file, on either side: a program may print without ever ending a line
_FURTHEST = 5_000  # pieces on either side among which a text is looked for
_MOST_SEARCHED = 4_000_000  # bytes
_LONGEST = 60  # characters of a text that are looked for: a console may break what is longer
_FIRST_NON_ASCII = 0x80
_AS_WRITTEN = 0.00005  # seconds: times are written no more exactly


@dataclass(frozen=True, slots=True)
class Sight:
    """What is looked for: a time, and the texts of which the first that is there counts."""

    at: float
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """A part of a transcript: the first piece, and the one after the last."""

    first: int
    after: int

    def meets(self, other: Window) -> bool:
        """Tell whether nothing lies between this and another."""
        return self.first <= other.after and other.first <= self.after

    def joined(self, other: Window) -> Window:
        """Return what reaches over both."""
        return Window(min(self.first, other.first), max(self.after, other.after))


class Excerpts:
    """One console's transcript, read once, of which parts alone are taken apart.

    Args:
        path: its file; may be missing, or cut off anywhere.
    """

    def __init__(self, path: Path) -> None:
        self._raw: list[bytes] = []
        self._times: list[float] = []
        try:
            *whole, _cut_off = path.read_bytes().split(b"\n")
        except OSError:
            whole = []
        self.is_missing = not whole
        for line in whole:
            self._index(line)

    def _index(self, line: bytes) -> None:
        """Take a line in."""
        at, _, _ = line.strip().partition(b" ")
        try:
            time = float(at)
        except ValueError:
            return
        self._raw.append(line)
        # Times hardly ever go back, and then by next to nothing.
        self._times.append(max(time, self._times[-1] if self._times else time))

    def around(self, sight: Sight) -> Window:
        """Return the part with the lines before and after what is looked for."""
        middle = bisect_right(self._times, sight.at + _AS_WRITTEN)
        found = self._look(sight, middle)
        after = self._reach(middle if found is None else found + 1, 1, _AFTER * _SPARE)
        first = self._reach((middle if found is None else found) - 1, -1, _BEFORE * _SPARE)
        return Window(first + 1, after)

    def _look(self, sight: Sight, middle: int) -> int | None:
        """Return the index of the piece with a text, nearest in time; the first text goes first."""
        for text in sight.texts:
            wanted = _in_a_piece(text)
            there = (i for i in self._further(sight.at, middle) if _has(wanted, self._raw[i]))
            if (index := next(there, None)) is not None:
                return index
        return None

    def _further(self, at: float, middle: int) -> Iterator[int]:
        """Yield the indexes of pieces near a time, the nearest first."""
        before = range(middle - 1, max(-1, middle - 1 - _FURTHEST), -1)
        after = range(middle, min(len(self._raw), middle + _FURTHEST))
        size = 0
        for index in merge(before, after, key=lambda index: abs(self._times[index] - at)):
            size += len(self._raw[index])
            if size > _MOST_SEARCHED:
                return
            yield index

    def _reach(self, index: int, step: int, wanted: int) -> int:
        """Return the index beyond the pieces with so many ends of lines."""
        ends = size = 0
        while 0 <= index < len(self._raw) and ends <= wanted and size < _MOST_BYTES:
            ends += self._raw[index].count(rb"\n")
            size += len(self._raw[index])
            index += step
        return index

    def lines(self, window: Window, sights: Iterable[Sight]) -> list[Line | None]:
        """Return some lines before what is looked for, it, and some after; None for a gap."""
        found = dialogue(self._pieces(window))
        wanted: set[int] = set()
        for sight in sights:
            middle = _middle(found, sight)
            wanted |= {*range(max(0, middle - _BEFORE), min(len(found), middle + _AFTER))}
        lines: list[Line | None] = []
        for index in sorted(wanted):
            if lines and index - 1 not in wanted:
                lines.append(None)
            lines.append(found[index])
        return lines

    def _pieces(self, window: Window) -> list[Piece]:
        read = (_piece(self._raw[index]) for index in range(window.first, window.after))
        return [piece for piece in read if piece]


def _middle(lines: Sequence[Line], sight: Sight) -> int:
    """Return the index behind the line that is looked for."""
    for text in sight.texts:
        wanted = [_whole(printable(form), text) for form in _forms(text)]
        there = [n for n, line in enumerate(lines) if _has(wanted, line.text)]
        if there:
            return min(there, key=lambda n: abs(lines[n].at - sight.at)) + 1
    return bisect_right([line.at for line in lines], sight.at + _AS_WRITTEN)


def _forms(text: str) -> set[str]:
    """Return what a console may show a text as: as it is, or with backslashes."""
    start = text[:_LONGEST]
    escaped = "".join(c if c.isprintable() else _escaped(c) for c in start.replace("\\", r"\\"))
    return {start, escaped}


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < _FIRST_NON_ASCII else f"\\u{{{code:x}}}"


def _in_a_piece(text: str) -> list[tuple[bytes, re.Pattern[bytes]]]:
    """Return what finds a text in a line of a transcript, which is as `repr` writes it."""
    written = [w for f in _forms(text) for w in _written(f.encode("utf-8", "surrogatepass"))]
    wanted = (_whole(each, text) for each in written)
    return [(w.encode("ascii"), re.compile(p.pattern.encode("ascii"))) for w, p in wanted]


def _written(data: bytes) -> set[str]:
    """Return how `repr` may write some bytes in the middle of others."""
    inner = repr(data)[2:-1]
    return {inner, inner.replace("'", r"\'")}


def _whole(form: str, text: str) -> tuple[str, re.Pattern[str]]:
    """Return a form with what finds it, but not in a longer number: `1 of 2` in `11 of 2`."""
    after = r"(?![0-9A-Za-z])" if len(text) <= _LONGEST else ""
    return form, re.compile(rf"(?:(?<![0-9A-Za-z])|(?<=\\[nrt])){re.escape(form)}{after}")


def _has(wanted: Iterable[tuple[AnyStr, re.Pattern[AnyStr]]], there: AnyStr) -> bool:
    return any(form in there and pattern.search(there) for form, pattern in wanted)


def _piece(line: bytes) -> Piece | None:
    """Return the piece that a line is; None where somebody has edited the file."""
    try:
        piece = Piece.from_line(line.decode("ascii", "replace"))
    except (ValueError, TypeError, MemoryError, RecursionError):
        return None
    return piece if isinstance(piece.data, bytes) else None
