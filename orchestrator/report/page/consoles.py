"""What the consoles showed and what was typed there, byte by byte, from the transcripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.errors import DocumentError
from orchestrator.history import runs
from orchestrator.history.transcript import Piece
from orchestrator.reading import read_bytes
from orchestrator.report.page.focus import Focus
from orchestrator.report.page.rows import ConsoleData, PieceRow
from orchestrator.report.page.view import View
from orchestrator.report.page.wording import moment

_MOST_BYTES = 4_000_000  # of all transcripts of a run that a page has
_MOST_MEGABYTES = 100  # of one transcript that are read


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a transcript that is not parsed yet."""

    at: float
    raw: bytes


def console_data(view: View) -> list[ConsoleData]:
    """Return every console of a run that has a transcript.

    Damaged lines are left out, as is what is far from anything of interest in a run with too much.
    """
    folder = view.run.folder
    files = [
        (name, is_log, [*_lines(path)])
        for name in view.run.peers
        for is_log, path in ((False, runs.transcript(folder, name)), (True, runs.log(folder, name)))
    ]
    sizes = [(line.at, len(line.raw)) for _, _, lines in files for line in lines]
    focus = view.focus.limited(sizes, _MOST_BYTES)
    return [
        _console(view.peer(name), lines, focus, is_log=is_log)
        for name, is_log, lines in files
        if lines
    ]


def _console(peer: int, lines: Sequence[_Line], focus: Focus, *, is_log: bool) -> ConsoleData:
    kept = [line for line in lines if focus.has(line.at)]
    pieces = [piece for line in kept if (piece := _piece(line.raw))]
    return {"peer": peer, "log": is_log, "pieces": pieces, "cut": len(kept) < len(lines)}


def _lines(path: Path) -> Iterator[_Line]:
    """Yield the whole lines of a transcript; none if there is no such file."""
    try:
        *whole, _cut_off = read_bytes(path, _MOST_MEGABYTES).split(b"\n")
    except (FileNotFoundError, DocumentError):
        return
    for raw in whole:
        try:
            yield _Line(float(raw.lstrip().partition(b" ")[0]), raw)
        except ValueError:  # damaged
            continue


def _piece(raw: bytes) -> PieceRow | None:
    """Return the piece in a line; None if the line is damaged."""
    try:
        piece = Piece.from_line(raw.decode("ascii", "replace"))
    except ValueError:
        return None
    return PieceRow(moment(piece.at), int(piece.typed), piece.data.decode("latin-1"))
