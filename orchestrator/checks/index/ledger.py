"""What became of the messages that a peer accepted, by what it reported afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from orchestrator.checks.index.connections import ConnectionEnd
from orchestrator.checks.index.incarnations import Incarnation, Incarnations
from orchestrator.checks.index.invocations import Typed
from orchestrator.checks.index.messages import SentMessage
from orchestrator.history.entries import Entry

Reported = Literal["", "delivered", "undelivered", "both", "too often"]
"""What was reported of a message; empty for nothing."""

_REPORTS = frozenset(("delivered", "undelivered"))
_MOST = 1_000_000  # messages in one report; more is a misread number


@dataclass(frozen=True, slots=True)
class OutcomeReport:
    """One notice about the outcome of messages."""

    kind: Reported  # `delivered` or `undelivered`
    at: float  # when
    first: int | None  # the number of the first message, if the console gives numbers
    count: int  # of messages
    text: str | None  # of the message, if the console repeats it

    @property
    def numbers(self) -> range:
        """The numbers of the messages."""
        return range(self.first or 0, (self.first or 0) + self.count)


@dataclass(slots=True)
class Ledger:
    """The messages accepted at one end of a connection, and the reports about them."""

    peer: str  # that accepted them
    sends: list[SentMessage] = field(default_factory=list)  # accepted, in order
    indeterminate: list[SentMessage] = field(default_factory=list)  # those with an unknown outcome
    typed: Sequence[Typed] = ()  # lines typed by hand, which may have sent more
    reports: list[OutcomeReport] = field(default_factory=list)  # in order
    due: list[SentMessage] = field(default_factory=list)  # the sends that were promised an outcome
    # what was reported of each send, as far as is known
    outcomes: dict[SentMessage, Reported] = field(default_factory=dict)
    is_exact: bool = False  # whether numbers say of every report which messages it is about

    @property
    def most(self) -> int:
        """The largest possible number of messages with an outcome."""
        last = self.reports[-1].at if self.reports else 0.0
        by_hand = sum(line.is_before(last) for line in self.typed)
        return len(self.sends) + len(self.indeterminate) + by_hand

    @property
    def reported(self) -> int:
        """The number of messages whose outcome was reported."""
        return sum(report.count for report in self.reports)

    def balance(self) -> None:
        """Work out what was reported of each send."""
        self.due = [send for send in self.sends if send.has_receipt]
        counted = self.reports and all(report.first is not None for report in self.reports)
        known = range(1, len(self.sends) + len(self.indeterminate) + 1)
        fit = counted and all(_within(report.numbers, known) for report in self.reports)
        if fit and self._numbers_are_certain:
            self.is_exact = True
            self._by_number()
        else:
            self._by_text()

    @property
    def _numbers_are_certain(self) -> bool:
        """Whether no send with an unknown outcome may have the number of another."""
        if not self.indeterminate or not self.sends:
            return True
        return self.indeterminate[0].position > self.sends[-1].position

    def _by_number(self) -> None:
        for report in self.reports:
            for place in islice(report.numbers, max(0, len(self.sends) + 1 - (report.first or 0))):
                send = self.sends[place - 1]
                self.outcomes[send] = _combined(self.outcomes.get(send, ""), report.kind)

    def _by_text(self) -> None:
        lost = [report for report in self.reports if report.kind == "undelivered"]
        texts = Counter(report.text for report in lost if report.text is not None)
        unnamed = sum(report.count for report in lost if report.text is None)
        for send in reversed(self.sends):  # the last ones are the likeliest not to arrive
            if texts[send.text]:
                texts[send.text] -= 1
                self.outcomes[send] = "undelivered"
            elif unnamed and not send.shown:
                unnamed -= 1
                self.outcomes[send] = "undelivered"


def is_report(entry: Entry) -> bool:
    """Return whether an entry reports the outcome of messages."""
    return entry.type == "notice" and entry.verb in _REPORTS


def _within(numbers: range, known: range) -> bool:
    return not numbers or (numbers[0] in known and numbers[-1] in known)


def _combined(before: Reported, now: Reported) -> Reported:
    if not before:
        return now
    return "too often" if before == now else "both"


def ledgers(
    sends: Sequence[SentMessage],
    entries: Sequence[Entry],
    end_at: Mapping[int, ConnectionEnd],
    typed: Mapping[str, Sequence[Typed]],
    incarnations: Incarnations,
) -> list[Ledger]:
    """Return the ledger of each end; of each incarnation if not all its ends are known."""
    reports = [
        (incarnations.at(entry.peer, position), end_at.get(position), _report(entry))
        for position, entry in enumerate(entries)
        if is_report(entry)
    ]
    vague = {send.incarnation for send in sends if send.is_accepted and not send.end}
    vague |= {incarnation for incarnation, end, _ in reports if not end}
    found: dict[Incarnation | ConnectionEnd, Ledger] = {}

    def ledger(incarnation: Incarnation, end: ConnectionEnd | None) -> Ledger:
        key = incarnation if incarnation in vague else end or incarnation
        peer = incarnation.peer
        return found.setdefault(key, Ledger(peer, typed=typed.get(peer, ())))

    for send in sends:
        if send.is_accepted:
            ledger(send.incarnation, send.end).sends.append(send)
        elif send.operation.is_indeterminate:
            ledger(send.incarnation, send.end).indeterminate.append(send)
    for incarnation, end, report in reports:
        ledger(incarnation, end).reports.append(report)
    for one in found.values():
        one.balance()
    return list(found.values())


def _report(entry: Entry) -> OutcomeReport:
    kind: Reported = "delivered" if entry.verb == "delivered" else "undelivered"
    number = entry.number("count")
    text = entry.text("text") if "text" in entry.fields else None
    count = 1 if number is None else max(0, min(number, _MOST))
    return OutcomeReport(kind, entry.at, entry.number("number"), count, text)
