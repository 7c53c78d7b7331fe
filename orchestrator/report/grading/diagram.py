"""A finding as a small picture: what was done at its consoles around it, and what was sent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.checks.judged_run import Run
from orchestrator.checks.verdict import Finding
from orchestrator.history.entries import Entry
from orchestrator.report.page.events import operation_rows
from orchestrator.report.page.messages import message_rows
from orchestrator.report.page.rows import MessageRow, OperationRow
from orchestrator.report.page.view import View

WIDTH = 680  # of a picture, in its own units
_LEFT, _RIGHT = 80, 20  # for the names of the peers, and behind the last thing
_TOP, _LANE = 26, 48  # above the first lane, and between two
_MOST_LANES = 4
_MOST_THINGS = 80  # more would hide what the finding is about: then that alone is shown
_AROUND = 0.3  # of the time that a finding is about, shown before and after it
_LEAST = 0.05  # seconds, likewise
_THIN = 2.0  # how wide something is drawn that took no time
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Lane:
    """The line of a peer."""

    y: float
    name: str


@dataclass(frozen=True, slots=True)
class Bar:
    """An operation."""

    x: float
    y: float
    width: float
    status: str
    says: str
    is_named: bool  # whether the finding is about it


@dataclass(frozen=True, slots=True)
class Arrow:
    """A message, from where it was sent to where it was shown; half the way if it was not."""

    x: float
    y: float
    to_x: float
    to_y: float
    state: str
    says: str

    @property
    def has_arrived(self) -> bool:
        """Whether it was shown."""
        return self.state not in ("lost", "open", "undelivered", "killed")


@dataclass(frozen=True, slots=True)
class Tick:
    """A time on the axis."""

    x: float
    says: str


@dataclass(frozen=True)
class Diagram:
    """A picture, `WIDTH` wide."""

    height: float
    lanes: Sequence[Lane]
    bars: Sequence[Bar]
    arrows: Sequence[Arrow]
    ticks: Sequence[Tick]


def diagram(folder: Path, entries: Iterable[Entry], finding: Finding) -> Diagram | None:
    """Return the picture of a finding; None if the history says too little for one.

    Args:
        folder: of the run.
        entries: its history.
        finding: one that a check had.
    """
    view = View(Run(folder, [*entries], [], None), [finding])
    lanes = sorted(view.peers(finding.peers)[:_MOST_LANES])
    named = view.named(finding)
    if not lanes or not named:
        return None
    return _Drawing(view, finding, lanes, named).whole()


class _Drawing:
    """Finds the place of everything.

    Args:
        view: the run.
        finding: what it is about.
        lanes: the peers, by their numbers.
        named: the places of the operations that the finding is about.
    """

    def __init__(
        self, view: View, finding: Finding, lanes: Sequence[int], named: Sequence[int]
    ) -> None:
        self._names, self._lanes, self._named = view.run.peers, lanes, {*named}
        self._operations = [*enumerate(operation_rows(view))]
        self._messages = message_rows(view)
        times = [finding.at, *self._times_named()]
        spare = max(_LEAST, _AROUND * (max(times) - min(times)))
        self._since, self._until = max(0.0, min(times) - spare), max(times) + spare

    def _times_named(self) -> Iterator[float]:
        for place, row in self._operations:
            if place in self._named:
                yield from (at for at in (row.begun, row.ended) if at is not None)
        for message in self._messages:
            if message.operation in self._named and message.shown is not None:
                yield message.shown

    def whole(self) -> Diagram:
        bars, arrows = self._bars(only=False), self._arrows(only=False)
        if len(bars) + len(arrows) > _MOST_THINGS:
            bars, arrows = self._bars(only=True), self._arrows(only=True)
        lanes = [Lane(self._y(peer), self._names[peer]) for peer in self._lanes]
        return Diagram(_TOP + _LANE * len(lanes), lanes, bars, arrows, [*self._ticks()])

    def _bars(self, *, only: bool) -> list[Bar]:
        return [
            self._bar(row, is_named=place in self._named)
            for place, row in self._operations
            if row.peer in self._lanes
            and self._is_in(row.begun, row.ended)
            and (place in self._named or not (only or row.own))
        ]

    def _bar(self, row: OperationRow, *, is_named: bool) -> Bar:
        since, until = self._x(row.begun), self._x(self._until if row.ended is None else row.ended)
        width = max(_THIN, until - since)
        return Bar(since, self._y(row.peer), width, row.status, row.asked, is_named)

    def _arrows(self, *, only: bool) -> list[Arrow]:
        return [
            self._arrow(message, message.sent)
            for message in self._messages
            if message.sent is not None
            and {message.sender, message.receiver} <= {*self._lanes}
            and self._is_in(message.sent, message.shown)
            and (message.operation in self._named or not only)
        ]

    def _arrow(self, message: MessageRow, sent: float) -> Arrow:
        x, y, to_y = self._x(sent), self._y(message.sender), self._y(message.receiver)
        says = f"{message.state}: {message.text}"
        if message.shown is None:
            return Arrow(x, y, x + _LANE / 4, (y + to_y) / 2, message.state, says)
        return Arrow(x, y, self._x(message.shown), to_y, message.state, says)

    def _ticks(self) -> Iterator[Tick]:
        for number in range(_TICKS + 1):
            at = self._since + number * (self._until - self._since) / _TICKS
            yield Tick(self._x(at), f"{at:.3f} s")

    def _is_in(self, since: float, until: float | None) -> bool:
        return since <= self._until and (until is None or until >= self._since)

    def _x(self, at: float) -> float:
        share = (min(max(at, self._since), self._until) - self._since) / (self._until - self._since)
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def _y(self, peer: int) -> float:
        return _TOP + _LANE * (self._lanes.index(peer) + 1 / 2)
