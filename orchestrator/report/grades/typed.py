"""What the lab typed in a run, as somebody else would type it to see the same."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from heapq import merge
from pathlib import Path

from orchestrator.checks import judged_run
from orchestrator.checks.wording import told
from orchestrator.errors import LabError
from orchestrator.history import runs, transcript
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


def lines_until(
    folder: Path, at: float | None, without: Collection[str] = ()
) -> tuple[list[Typed | None], int]:
    """Return what was typed in a run until some time, and how many lines in all.

    Of many the first and the last ones are returned, with None between them.

    Args:
        folder: the run's.
        at: in seconds since the run began; None for its end.
        without: lines that the lab types for itself.
    """
    suffix = runs.transcript(folder, "").name
    peers = sorted(path.name.removesuffix(suffix) for path in folder.glob(f"*{suffix}"))
    every = merge(*(list(_typed(folder, peer)) for peer in peers), key=lambda line: line.at)
    found = [
        line
        for line in every
        if (at is None or line.at <= at + _A_MOMENT) and line.text not in without
    ]
    if len(found) <= _FIRST + _LAST + 1:
        return [*found], len(found)
    return [*found[:_FIRST], None, *found[-_LAST:]], len(found)


def faults_until(folder: Path, at: float | None) -> list[str]:
    """Return what the lab did to the network and to programs in a run until some time."""
    try:
        faults = judged_run.load(folder).index.faults
    except LabError:
        return []
    found = [each.given for each in faults if at is None or each.given.at <= at + _A_MOMENT]
    return [cut(printable(told(each)), _LONGEST) for each in found[:_FIRST]]


def _typed(folder: Path, peer: str) -> Iterator[Typed]:
    try:
        pieces = transcript.read(runs.transcript(folder, peer))
    except (OSError, ValueError):
        return
    for piece in pieces:
        if piece.typed:
            for line in piece.data.decode("utf-8", "replace").rstrip("\n").split("\n"):
                yield Typed(piece.at, peer, cut(printable(_KEYS.sub("", line)), _LONGEST))
