"""What the lab typed in a run, as somebody else would type it to see the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import merge
from pathlib import Path

from orchestrator import runs, transcript
from orchestrator.text import cut, printable

_KEYS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # what clears a line, and the like
_FIRST, _LAST = 12, 12  # lines that are shown of many
_A_MOMENT = 0.5  # seconds; a witness may tell of what was typed a little later
_LONGEST = 200  # characters of a line


@dataclass(frozen=True, slots=True)
class Typed:
    """One line, typed at a peer's console so many seconds after the beginning."""

    at: float
    peer: str
    text: str


def lines_until(folder: Path, at: float | None) -> tuple[list[Typed | None], int]:
    """Return what was typed in a run until some time, and how many lines in all.

    Of many the first and the last ones are returned, with None between them.
    """
    suffix = runs.transcript(folder, "").name
    peers = sorted(path.name.removesuffix(suffix) for path in folder.glob(f"*{suffix}"))
    every = merge(*(list(_typed(folder, peer)) for peer in peers), key=lambda line: line.at)
    found = [line for line in every if at is None or line.at <= at + _A_MOMENT]
    if len(found) <= _FIRST + _LAST + 1:
        return [*found], len(found)
    return [*found[:_FIRST], None, *found[-_LAST:]], len(found)


def _typed(folder: Path, peer: str) -> Iterator[Typed]:
    try:
        pieces = transcript.read(runs.transcript(folder, peer))
    except (OSError, ValueError):
        return
    for piece in pieces:
        if piece.typed:
            for line in piece.data.decode("utf-8", "replace").rstrip("\n").split("\n"):
                yield Typed(piece.at, peer, cut(printable(_KEYS.sub("", line)), _LONGEST))
