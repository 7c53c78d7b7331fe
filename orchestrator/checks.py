"""Checks: pure judgements of a history. Each says what it found, and on what evidence.

A history's operations carry the names of peers, never ids: the runner has found the ids.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

from orchestrator.history import Entry


class Judgement(IntEnum):
    """How a check ended; the larger is the worse, and the run's exit status."""

    VALID = 0
    UNKNOWN = 2
    INVALID = 1

    @property
    def badness(self) -> int:
        """Invalid is worse than unknown, which is worse than valid."""
        return {"VALID": 0, "UNKNOWN": 1, "INVALID": 2}[self.name]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One check's judgement, with a line for each witness."""

    check: str
    judgement: Judgement
    says: str
    witnesses: tuple[str, ...] = ()


Entries = Sequence[Entry]
Check = Callable[[Entries], Verdict]


def _verdict(check: str, says: str, wrong: Sequence[str], unsure: Sequence[str] = ()) -> Verdict:
    if wrong:
        return Verdict(check, Judgement.INVALID, f"{len(wrong)} wrong", (*wrong, *unsure))
    if unsure:
        return Verdict(check, Judgement.UNKNOWN, f"{len(unsure)} uncertain", tuple(unsure))
    return Verdict(check, Judgement.VALID, says)


def _told(entry: Entry) -> str:
    """Return an operation as a person says it."""
    other = entry.fields.get("to") or entry.fields.get("of")
    what = f"{entry.verb} {other}" if other else entry.verb
    said = entry.fields.get("said", "")
    return f"{entry.at:.3f} s, {entry.peer}: {what}" + (f" ({said})" if said else "")


def outcomes(entries: Entries) -> Verdict:
    """Every operation ended as the scenario says: done, or refused where it says so."""
    done = [entry for entry in entries if entry.type in ("ok", "fail", "info")]
    wrong = [_told(e) for e in done if e.type != "info" and e.type != e.fields.get("wanted", "ok")]
    unsure = [_told(entry) for entry in done if entry.type == "info"]
    closed = {entry.operation for entry in done}
    unsure += [
        f"{_told(entry)} never ended"
        for entry in entries
        if entry.type == "invoke" and entry.operation not in closed
    ]
    return _verdict("outcomes", f"{len(done)} operations as expected", wrong, unsure)


Triple = tuple[str, str, str]
"""Sender, receiver, text."""


def _sent(entries: Entries, outcome: str) -> Counter[Triple]:
    return Counter(
        (e.peer, e.fields["to"], e.fields["text"])
        for e in entries
        if e.verb == "send" and e.type == outcome
    )


def _received(entries: Entries) -> Counter[Triple]:
    return Counter(
        (e.fields["of"], e.peer, e.fields["text"])
        for e in entries
        if e.type == "notice" and e.verb == "message"
    )


def undelivered(entries: Entries) -> Counter[Triple]:
    """Return the messages that were sent and not seen by their receiver."""
    return _sent(entries, "ok") - _received(entries)


def delivery(entries: Entries) -> Verdict:
    """Every message sent was shown to its receiver: once, unchanged, with its sender."""
    sent, maybe, received = _sent(entries, "ok"), _sent(entries, "info"), _received(entries)
    lost = [_message("never shown", each) for each in (sent - received).elements()]
    extra = received - sent
    unsure = [_message("perhaps sent, shown", each) for each in (extra & maybe).elements()]
    alien = [_message("shown but never sent", each) for each in (extra - maybe).elements()]
    return _verdict("delivery", f"{sent.total()} messages arrived", [*lost, *alien], unsure)


def _message(what: str, message: Triple) -> str:
    sender, receiver, text = message
    return f"{what}: {text!r} from {sender} to {receiver}"


def receipts(entries: Entries) -> Verdict:
    """Every message sent ended once: as delivered, or as reported undelivered."""
    accepted = Counter((e.peer, e.fields["to"]) for e in entries if _is_done(e, "send"))
    settled: Counter[tuple[str, str]] = Counter()
    for entry in entries:
        if entry.type == "notice" and entry.verb in ("delivered", "undelivered"):
            settled[entry.peer, entry.fields["of"]] += int(entry.fields["count"])
    maybe = Counter(
        (e.peer, e.fields["to"]) for e in entries if (e.verb, e.type) == ("send", "info")
    )
    open_ends, extra = accepted - settled, settled - accepted - maybe
    wrong = [f"{n} sent by {a} to {b} without an outcome" for (a, b), n in open_ends.items()]
    wrong += [f"{n} never sent by {a} to {b} but with an outcome" for (a, b), n in extra.items()]
    return _verdict("receipts", f"{accepted.total()} messages accounted for", wrong)


def _is_done(entry: Entry, verb: str) -> bool:
    return entry.verb == verb and entry.type == "ok"


def both_ends(entries: Entries) -> Verdict:
    """The other end was told of every connection that was made, and of every end."""
    told = Counter(
        (e.verb, e.peer, e.fields["of"])
        for e in entries
        if e.type == "notice" and e.verb in ("connected", "closed")
    )
    due = Counter(
        ("connected" if entry.verb == "connect" else "closed", entry.fields["to"], entry.peer)
        for entry in entries
        if _is_done(entry, "connect") or _is_done(entry, "terminate")
    )
    missing = (due - told).elements()
    wrong = [f"{peer} was never told: {kind} {other}" for kind, peer, other in missing]
    return _verdict("both ends", f"{due.total()} notices at the other end", wrong)


CHECKS: tuple[Check, ...] = (outcomes, delivery, receipts, both_ends)


def judge(entries: Entries) -> list[Verdict]:
    """Return the verdict of every check."""
    return [check(entries) for check in CHECKS]


def worst(verdicts: Sequence[Verdict]) -> Judgement:
    """Return the worst judgement."""
    judgements = (verdict.judgement for verdict in verdicts)
    return max(judgements, key=lambda judgement: judgement.badness, default=Judgement.VALID)
