"""What the consoles showed around findings, read from transcripts of any size."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from pathlib import Path
from typing import AnyStr

from orchestrator.checks.verdict import Finding
from orchestrator.errors import DocumentError
from orchestrator.history import runs
from orchestrator.history.transcript import Line, Piece, dialogue
from orchestrator.reading import read_bytes
from orchestrator.text import printable

_BEFORE, _AFTER = 3, 6  # lines; a command is answered after the time it was given
_SPARE = 3  # line ends that may belong to lines with nothing to show
_MOST_BYTES = 65_536  # of the file, on either side: a program may print without ever ending a line
_FURTHEST = 5_000  # pieces on either side that are searched for a text
_MOST_SEARCHED = 4_000_000  # bytes
_LONGEST = 60  # characters of a text that are searched: a console may break a longer one
_FIRST_NON_ASCII = 0x80
_MOST_MEGABYTES = 100  # of a transcript
_NEAR = 1.0  # seconds between a finding and what a log must show to be quoted
_AS_WRITTEN = 0.00005  # seconds; the precision of times in the file


@dataclass(frozen=True)
class ConsoleExcerpt:
    """What one console showed around a moment."""

    peer: str  # whose console; for the log of a server with a client, its name in the run's folder
    lines: Sequence[Line | None]  # what it showed, None for a gap
    empty: str = ""  # why there are no lines; else empty


@dataclass(frozen=True)
class Moment:
    """Findings that are close together at the same consoles, and what those showed."""

    findings: Sequence[Finding]
    consoles: Sequence[ConsoleExcerpt]


class Excerpts:
    """The consoles of one run; each transcript is read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._transcripts: dict[str, TranscriptIndex] = {}

    def moments(
        self, findings: Iterable[Finding], before: int = _BEFORE, after: int = _AFTER
    ) -> list[Moment]:
        """Return the findings, those at the same place together, with what consoles showed.

        Args:
            findings: in the order in which they are shown.
            before: how many lines before each are shown.
            after: how many lines from each on.
        """
        groups: list[tuple[list[Finding], dict[str, PieceRange]]] = []
        for finding in findings:
            shown = [name for peer in finding.peers for name in self._shown(peer, finding.at)]
            ranges = {name: self._at(name).around(_target(finding)) for name in shown}
            if groups and ranges and _touch(groups[-1][1], ranges):
                found, known = groups[-1]
                merged = {peer: ranges[peer].merged(known[peer]) for peer in ranges}
                groups[-1] = ([*found, finding], merged)
            else:
                groups.append(([finding], ranges))
        return [
            Moment(found, [self._excerpt(p, r, found, (before, after)) for p, r in ranges.items()])
            for found, ranges in groups
        ]

    def _shown(self, peer: str, at: float) -> list[str]:
        """Return a peer, and its log if its program printed something near a time."""
        log = runs.log_name(peer)
        return [peer, log] if self._at(log).is_near(at) else [peer]

    def _excerpt(
        self, peer: str, pieces: PieceRange, findings: Sequence[Finding], extent: tuple[int, int]
    ) -> ConsoleExcerpt:
        lines = self._at(peer).lines(pieces, map(_target, findings), *extent)
        missing = self._at(peer).is_missing
        why = "no transcript is kept" if missing else "nothing was shown"
        return ConsoleExcerpt(peer, lines, "" if lines else why)

    def _at(self, peer: str) -> TranscriptIndex:
        if peer not in self._transcripts:
            self._transcripts[peer] = TranscriptIndex(runs.transcript(self._folder, peer))
        return self._transcripts[peer]


def _touch(some: Mapping[str, PieceRange], others: Mapping[str, PieceRange]) -> bool:
    """Return whether two places are at the same consoles with nothing between them."""
    return some.keys() == others.keys() and all(some[p].touches(others[p]) for p in some)


def _target(finding: Finding) -> SearchTarget:
    return SearchTarget(finding.at, tuple(filter(None, (finding.text, finding.near))))


@dataclass(frozen=True, slots=True)
class SearchTarget:
    """A time, and the texts to search for near it; the first that is found counts."""

    at: float
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PieceRange:
    """Part of a transcript: the index of the first piece, and of the one after the last."""

    first: int
    after: int

    def touches(self, other: PieceRange) -> bool:
        """Return whether nothing lies between this and another."""
        return self.first <= other.after and other.first <= self.after

    def merged(self, other: PieceRange) -> PieceRange:
        """Return the range that covers both."""
        return PieceRange(min(self.first, other.first), max(self.after, other.after))


class TranscriptIndex:
    """One console's transcript, which may be missing or cut off; only parts of it are parsed."""

    def __init__(self, path: Path) -> None:
        self._raw: list[bytes] = []
        self._times: list[float] = []
        try:
            *whole, _cut_off = read_bytes(path, _MOST_MEGABYTES).split(b"\n")
        except (FileNotFoundError, DocumentError):
            whole = []
        self.is_missing = not whole
        for line in whole:
            at, _, _ = line.strip().partition(b" ")
            try:
                time = float(at)
            except ValueError:
                continue
            self._raw.append(line)
            # Times hardly ever go back, and then by next to nothing.
            self._times.append(max(time, self._times[-1] if self._times else time))

    def is_near(self, at: float) -> bool:
        """Return whether there is something at most a second before or after a time."""
        first = bisect_right(self._times, at - _NEAR)
        return first < len(self._times) and self._times[first] <= at + _NEAR

    def around(self, target: SearchTarget) -> PieceRange:
        """Return the part with the lines before and after a target."""
        middle = bisect_right(self._times, target.at + _AS_WRITTEN)
        found = self._find(target, middle)
        after = self._skip_lines(middle if found is None else found + 1, 1, _AFTER * _SPARE)
        before = (middle if found is None else found) - 1
        return PieceRange(self._skip_lines(before, -1, _BEFORE * _SPARE) + 1, after)

    def lines(
        self,
        pieces: PieceRange,
        targets: Iterable[SearchTarget],
        before: int = _BEFORE,
        after: int = _AFTER,
    ) -> list[Line | None]:
        """Return each target's line with some lines before and after it; None for a gap."""
        parsed = map(_piece, self._raw[pieces.first : pieces.after])
        found = dialogue(piece for piece in parsed if piece)
        wanted: set[int] = set()
        for target in targets:
            middle = _middle(found, target)
            wanted |= {*range(max(0, middle - before), min(len(found), middle + after))}
        lines: list[Line | None] = []
        for index in sorted(wanted):
            if lines and index - 1 not in wanted:
                lines.append(None)
            lines.append(found[index])
        return lines

    def _find(self, target: SearchTarget, middle: int) -> int | None:
        """Return the index of the piece with a text, nearest in time; the first text goes first."""
        for text in target.texts:
            wanted = _in_a_piece(text)
            for index in self._nearest_first(target.at, middle):
                if _contains(self._raw[index], wanted):
                    return index
        return None

    def _nearest_first(self, at: float, middle: int) -> Iterator[int]:
        """Yield the indexes of pieces by their distance from a time."""
        before = range(middle - 1, max(-1, middle - 1 - _FURTHEST), -1)
        after = range(middle, min(len(self._raw), middle + _FURTHEST))
        size = 0
        for index in merge(before, after, key=lambda index: abs(self._times[index] - at)):
            size += len(self._raw[index])
            if size > _MOST_SEARCHED:
                return
            yield index

    def _skip_lines(self, index: int, step: int, count: int) -> int:
        """Return the index beyond the pieces with this many line ends."""
        ends = size = 0
        while 0 <= index < len(self._raw) and ends <= count and size < _MOST_BYTES:
            ends += self._raw[index].count(rb"\n")
            size += len(self._raw[index])
            index += step
        return index


def _middle(lines: Sequence[Line], target: SearchTarget) -> int:
    """Return the index behind the line of a target."""
    for text in target.texts:
        wanted = [_pattern(printable(form), text) for form in _forms(text)]
        matches = [n for n, line in enumerate(lines) if _contains(line.text, wanted)]
        if matches:
            return min(matches, key=lambda n: abs(lines[n].at - target.at)) + 1
    return bisect_right([line.at for line in lines], target.at + _AS_WRITTEN)


def _forms(text: str) -> set[str]:
    """Return how a console may show a text: as it is, or with backslash escapes."""
    start = text[:_LONGEST]
    escaped = "".join(c if c.isprintable() else _escaped(c) for c in start.replace("\\", r"\\"))
    return {start, escaped}


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < _FIRST_NON_ASCII else f"\\u{{{code:x}}}"


def _in_a_piece(text: str) -> list[tuple[bytes, re.Pattern[bytes]]]:
    """Return patterns of a text in a line of a transcript, which contains the `repr` of bytes."""
    encoded = [form.encode("utf-8", "surrogatepass") for form in _forms(text)]
    patterns = [_pattern(form, text) for data in encoded for form in _reprs(data)]
    return [(form.encode("ascii"), re.compile(p.pattern.encode("ascii"))) for form, p in patterns]


def _reprs(data: bytes) -> set[str]:
    """Return how `repr` may write some bytes in the middle of others."""
    inner = repr(data)[2:-1]
    return {inner, inner.replace("'", r"\'")}


def _pattern(form: str, text: str) -> tuple[str, re.Pattern[str]]:
    """Return a form with its pattern, which does not match within a word: `1 of 2` in `11 of 2`."""
    after = r"(?![0-9A-Za-z])" if len(text) <= _LONGEST else ""
    return form, re.compile(rf"(?:(?<![0-9A-Za-z])|(?<=\\[nrt])){re.escape(form)}{after}")


def _contains(line: AnyStr, wanted: Iterable[tuple[AnyStr, re.Pattern[AnyStr]]]) -> bool:
    # The plain search is much faster, and rules most lines out.
    return any(form in line and pattern.search(line) for form, pattern in wanted)


def _piece(line: bytes) -> Piece | None:
    """Return the piece in a line; None if the line is damaged."""
    try:
        return Piece.from_line(line.decode("ascii", "replace"))
    except ValueError:
        return None
