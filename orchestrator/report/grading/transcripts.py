"""What the pages have of one run: what was typed and shown, its faults, and the first finding."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from pathlib import Path

from orchestrator import chat
from orchestrator.checks import Finding, HistoryIndex
from orchestrator.checks.index import UNASKED
from orchestrator.checks.index.invocations import Operation
from orchestrator.checks.judged_run import Run
from orchestrator.checks.phrases import done
from orchestrator.errors import LabError
from orchestrator.grading.results import CheckResult
from orchestrator.history import entries as history
from orchestrator.history import runs, transcript
from orchestrator.report.grading.diagram import Diagram, diagram
from orchestrator.report.steps import WrittenStep, WrittenSteps
from orchestrator.text import cut, printable

_KEYS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # control keys, such as the one that clears a line
_FIRST, _LAST = 12, 12  # typed lines that are shown if there are many
_AS_WRITTEN = 0.0001  # seconds; twice the precision of times in a transcript
_A_MOMENT = 0.5  # seconds; what a finding is about may have been typed a little later
_LONGEST = 200  # characters of a line
_FIRST_SHOWN, _LAST_SHOWN = 30, 30  # lines of a whole console


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A line that the lab typed at a peer's console, with the seconds since the run began."""

    at: float
    peer: str
    text: str


@dataclass(frozen=True, slots=True)
class ConsoleLine:
    """A line of a console."""

    at: float  # when, in seconds since the run began
    text: str  # the line
    typed: bool = False  # whether the lab typed it and the console did not echo it


def typed_until(
    folder: Path, at: float | None, without: Collection[str] = ()
) -> tuple[list[TypedLine | None], int]:
    """Return the lines typed for the scenario up to some time, and how many there are in all.

    If there are many, the middle is left out, with None in its place. What the lab types to see
    how things are is no step; it is not told apart if the history does not say what a step is.

    Args:
        folder: the run's.
        at: in seconds since the run began; None for its end.
        without: lines to leave out.
    """
    suffix = runs.transcript(folder, "").name
    peers = sorted(path.name.removesuffix(suffix) for path in folder.glob(f"*{suffix}"))
    steps = _Steps(_index(folder).operations)
    typed = (steps.asked_for([*_typed(folder, peer)]) for peer in peers)
    in_order = merge(*typed, key=lambda line: line.at)
    found = [
        line
        for line in in_order
        if (at is None or line.at <= at + _A_MOMENT) and line.text not in without
    ]
    if len(found) <= _FIRST + _LAST + 1:
        return [*found], len(found)
    return [*found[:_FIRST], None, *found[-_LAST:]], len(found)


class _Steps:
    """Which operation each line was typed for.

    Args:
        operations: all of a run.
    """

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._at: defaultdict[str, list[Operation]] = defaultdict(list)
        for operation in operations:
            if operation.verb not in UNASKED:  # nothing is typed for these
                self._at[operation.peer].append(operation)
        several = (one for at_one in self._at.values() for one in at_one)
        self._are_known = any(one.invoked.number("step") for one in several)

    def asked_for(self, lines: Sequence[TypedLine]) -> list[TypedLine]:
        """Return those lines of a console that the steps of the scenario are about.

        A list that is read to find an id, or to see whether it has changed, is the lab's own.
        """
        if not self._are_known:
            return [*lines]
        known = [(line, one) for line in lines if (one := self._at_moment(line))]
        listing = {line.text for line, one in known if one.verb == chat.LIST}
        return [
            line
            for line, one in known
            if one.invoked.number("step") and (one.verb == chat.LIST or line.text not in listing)
        ]

    def _at_moment(self, line: TypedLine) -> Operation | None:
        """Return the operation that was under way at a console when a line was typed there."""
        several = self._at[line.peer]
        place = bisect_right(several, line.at + _AS_WRITTEN, key=lambda one: one.at)
        last = several[place - 1] if place else None
        is_over = last and last.done and last.done.at + _AS_WRITTEN < line.at
        return None if is_over else last


def faults_until(folder: Path, at: float | None) -> list[str]:
    """Return the faults injected in a run up to some time, each in a phrase."""
    faults = _index(folder).faults
    found = [fault.given for fault in faults if at is None or fault.given.at <= at + _A_MOMENT]
    return [cut(printable(done(entry)), _LONGEST) for entry in found[:_FIRST]]


def step_of(folder: Path, checks: Iterable[CheckResult]) -> WrittenStep | None:
    """Return the step of a test that the first finding is about; None if its check knows none."""
    finding = _first(checks)
    run = Run(folder, [*_index(folder).entries], [], None)
    return WrittenSteps(run).named_by(finding) if finding else None


def picture_of(folder: Path, checks: Iterable[CheckResult]) -> Diagram | None:
    """Return the picture of the first finding; None if the history says too little for one."""
    finding = _first(checks)
    return diagram(folder, _index(folder).entries, finding) if finding else None


def _first(checks: Iterable[CheckResult]) -> Finding | None:
    return next((finding for check in checks for finding in check.findings), None)


@lru_cache(maxsize=1)  # a page asks several things about one run
def _index(folder: Path) -> HistoryIndex:
    """Return what the history of a run says; nothing if it cannot be read."""
    try:
        return HistoryIndex(history.read(folder / runs.HISTORY))
    except LabError:
        return HistoryIndex([])


def console_lines(folder: Path, peer: str) -> list[ConsoleLine | None]:
    """Return the lines of a console, and those typed there without an echo.

    If there are many, the middle is left out, with None in its place.
    """
    pieces = _pieces(folder, peer)
    lines = [ConsoleLine(line.at, line.text) for line in transcript.screen(pieces)]
    for piece in pieces:
        for line in piece.data.decode("utf-8", "replace").splitlines() if piece.typed else ():
            text = printable("".join(filter(str.isprintable, line))).rstrip()
            if text and not any(shown.text.endswith(text) for shown in lines if not shown.typed):
                lines.append(ConsoleLine(piece.at, text, typed=True))
    lines.sort(key=lambda line: line.at)
    if len(lines) <= _FIRST_SHOWN + _LAST_SHOWN:
        return [*lines]
    return [*lines[:_FIRST_SHOWN], None, *lines[-_LAST_SHOWN:]]


def _typed(folder: Path, peer: str) -> Iterator[TypedLine]:
    for piece in _pieces(folder, peer):
        if piece.typed:
            for line in piece.data.decode("utf-8", "replace").rstrip("\n").split("\n"):
                yield TypedLine(piece.at, peer, cut(printable(_KEYS.sub("", line)), _LONGEST))


def _pieces(folder: Path, peer: str) -> list[transcript.Piece]:
    """Return a transcript; an unreadable one is empty."""
    try:
        return transcript.read(runs.transcript(folder, peer))
    except (OSError, ValueError):
        return []
