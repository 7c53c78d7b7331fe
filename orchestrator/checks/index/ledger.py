"""What became of the messages that a peer accepted, by what it reported afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from orchestrator.checks.index.connections import End
from orchestrator.checks.index.incarnations import Incarnation, Incarnations
from orchestrator.checks.index.messages import Send
from orchestrator.checks.index.operations import Typed
from orchestrator.history.entries import Entry

Fate = Literal["", "delivered", "undelivered", "both", "too often"]
"""What was reported of a message; empty for nothing."""

_REPORTS = frozenset(("delivered", "undelivered"))
_MOST = 1_000_000  # messages in one report; more is a misread number


@dataclass(frozen=True, slots=True)
class Report:
    """One notice about the outcome of messages.

    Attributes:
        kind: `delivered` or `undelivered`.
        at: when.
        first: the number of the first message, where the console gives numbers.
        count: of how many messages.
        text: of the message, where the console repeats it.
    """

    kind: Fate
    at: float
    first: int | None
    count: int
    text: str | None

    @property
    def numbers(self) -> range:
        """The numbers of the messages."""
        return range(self.first or 0, (self.first or 0) + self.count)


@dataclass(slots=True)
class Ledger:
    """The messages accepted at one end of a connection, and the reports about them.

    Attributes:
        peer: whose.
        life: in which of its lives.
        sends: accepted, in order.
        perhaps: what else may have been: nobody knows how these came out.
        typed: what may have been more, typed by hand.
        reports: in order.
        due: the sends that were promised an outcome.
        fates: what was reported, by the send; only where that can be told.
        is_exact: whether numbers tell of every report which messages it is about.
    """

    peer: str
    life: Incarnation
    sends: list[Send] = field(default_factory=list)
    perhaps: list[Send] = field(default_factory=list)
    typed: Sequence[Typed] = ()
    reports: list[Report] = field(default_factory=list)
    due: list[Send] = field(default_factory=list)
    fates: dict[Send, Fate] = field(default_factory=dict)
    is_exact: bool = False

    @property
    def most(self) -> int:
        """Of how many messages there can be an outcome."""
        last = self.reports[-1].at if self.reports else 0.0
        by_hand = sum(each.is_before(last) for each in self.typed)
        return len(self.sends) + len(self.perhaps) + by_hand

    @property
    def told(self) -> int:
        """Of how many messages an outcome was told."""
        return sum(each.count for each in self.reports)

    def settle(self) -> None:
        """Work out what was reported of each send."""
        self.due = [each for each in self.sends if each.has_receipt]
        counted = self.reports and all(each.first is not None for each in self.reports)
        known = range(1, len(self.sends) + len(self.perhaps) + 1)
        fit = counted and all(_within(r.numbers, known) for r in self.reports)
        if fit and self._is_perhaps_last:
            self.is_exact = True
            self._by_number()
        else:
            self._by_text()

    @property
    def _is_perhaps_last(self) -> bool:
        """Whether what nobody knows the outcome of has no number that another may have."""
        return (
            not (self.perhaps and self.sends) or self.perhaps[0].position > self.sends[-1].position
        )

    def _by_number(self) -> None:
        for report in self.reports:
            for place in islice(report.numbers, max(0, len(self.sends) + 1 - (report.first or 0))):
                send = self.sends[place - 1]
                before = self.fates.get(send, "")
                self.fates[send] = _together(before, report.kind)

    def _by_text(self) -> None:
        lost = [each for each in self.reports if each.kind == "undelivered"]
        texts = Counter(each.text for each in lost if each.text is not None)
        untold = sum(each.count for each in lost if each.text is None)
        for send in reversed(self.sends):  # the last ones are the likeliest not to arrive
            if texts[send.text]:
                texts[send.text] -= 1
                self.fates[send] = "undelivered"
            elif untold and not send.shown:
                untold -= 1
                self.fates[send] = "undelivered"


def is_report(entry: Entry) -> bool:
    """Tell whether an entry reports the outcome of messages."""
    return entry.type == "notice" and entry.verb in _REPORTS


def _within(numbers: range, known: range) -> bool:
    return not numbers or (numbers[0] in known and numbers[-1] in known)


def _together(before: Fate, now: Fate) -> Fate:
    if not before:
        return now
    return "too often" if before == now else "both"


def accounts(
    sends: Sequence[Send],
    entries: Sequence[Entry],
    at_entry: Mapping[int, End],
    typed: Mapping[str, Sequence[Typed]],
    incarnations: Incarnations,
) -> list[Ledger]:
    """Return the accounts of every end; of a whole life where its ends are not all known."""
    reports = [
        (incarnations.at(entry.peer, position), at_entry.get(position), _report(entry))
        for position, entry in enumerate(entries)
        if is_report(entry)
    ]
    vague = {send.life for send in sends if send.is_accepted and not send.end}
    vague |= {life for life, end, _ in reports if not end}
    books: dict[Incarnation | End, Ledger] = {}

    def book(life: Incarnation, end: End | None) -> Ledger:
        key = life if life in vague else end or life
        if key not in books:
            books[key] = Ledger(life.peer, life, typed=typed.get(life.peer, ()))
        return books[key]

    for send in sends:
        if send.is_accepted:
            book(send.life, send.end).sends.append(send)
        elif send.operation.is_perhaps:
            book(send.life, send.end).perhaps.append(send)
    for life, end, report in reports:
        book(life, end).reports.append(report)
    for each in books.values():
        each.settle()
    return list(books.values())


def _report(entry: Entry) -> Report:
    kind: Fate = "delivered" if entry.verb == "delivered" else "undelivered"
    count = entry.number("count")
    text = entry.text("text") if "text" in entry.fields else None
    within = 1 if count is None else max(0, min(count, _MOST))
    return Report(kind, entry.at, entry.number("number"), within, text)
