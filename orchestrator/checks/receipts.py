"""Every message that was accepted ended once: as delivered, or as reported undelivered.

Judged if the profile reads these notices. A `send` whose answer says that there will be no
receipt (to a plain TCP program) is promised none; nor is one that was under way when the lab
killed its sender. Invalid when a message has no outcome in a run that settled, also when its
connection ended or its sender was killed only long after; when it has two; or when there are
more outcomes than messages. Unknown when the sender itself ended or stopped answering, when it
is not known how many messages were sent, when its ids shifted and its reports distinguish messages
by nothing else, when a fault lasted until shortly before the run settled, and when it did not
settle.
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.checks import punctuality
from orchestrator.checks.delivery import is_unreported_by_kill
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.ledger import Ledger
from orchestrator.checks.index.messages import SentMessage
from orchestrator.checks.phrases import both, message
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.text import count

NAME = "receipts"

_KINDS = ("delivered", "undelivered")
_TOO_MUCH = {
    "both": "reported both as delivered and as undelivered",
    "too often": "its outcome was reported twice",
}


def check(index: HistoryIndex) -> Verdict:
    """Judge the outcomes."""
    if not any(map(index.reads, _KINDS)):
        says = "not judged: the profile reads no receipts"
        return conclude(NAME, says, [], index.unsettled, judged=False)
    certain = [ledger for ledger in index.ledgers if ledger.peer not in index.ambiguous]
    wrong = [finding for ledger in certain for finding in _too_much(ledger)]
    unsure = [finding for ledger in index.ledgers for finding in _unclear(ledger)]
    unsure += _ambiguous(index)
    killed = 0
    for send in missing(index):
        if is_unreported_by_kill(index, send):
            killed += 1
        elif send.sender not in index.ambiguous:
            late = punctuality.of_absence(index, send.accepted_at, send.incarnation.killed_at)
            says = f"neither confirmed as delivered nor reported undelivered{late}"
            is_sure = _must_be_known(index, send) and not late
            (wrong if is_sure else unsure).append(_finding(send, says))
    due = sum(len(ledger.due) for ledger in index.ledgers)
    says = count(due - killed, "message") + " accounted for"
    says += f", {killed:,} under way at a kill" if killed else ""
    return conclude(NAME, says, wrong, [*unsure, *index.unsettled], judged=due)


def missing(index: HistoryIndex) -> Iterator[SentMessage]:
    """Yield the sends without an outcome; the last ones if only the number is known."""
    if not all(map(index.reads, _KINDS)):
        return
    for ledger in index.ledgers:
        awaited = (send for send in ledger.due if index.chats(send.receiver))
        open_sends = [send for send in awaited if not ledger.outcomes.get(send)]
        if ledger.is_exact:
            yield from open_sends
        elif lack := max(0, len(ledger.due) - ledger.reported):
            yield from open_sends[-lack:]


def _must_be_known(index: HistoryIndex, send: SentMessage) -> bool:
    sender = send.incarnation
    if sender.doubtful_from > send.position or index.settled is None:
        return False
    if sender.ended is not None:
        return sender.ending == "killed"  # it had the time, or it would be excused
    due = index.was_due(send.sender, send.receiver, send.accepted_at)
    return due and send.sender not in index.silent


def _too_much(ledger: Ledger) -> Iterator[Finding]:
    """Yield messages with two outcomes, or outcomes without a message."""
    if ledger.is_exact:
        for send, outcome in ledger.outcomes.items():
            if outcome in _TOO_MUCH:
                yield _finding(send, _TOO_MUCH[outcome])
    elif ledger.reported > ledger.most:
        reported = count(ledger.reported, "message")
        says = f"{ledger.peer} reported outcomes of {reported}, but sent {ledger.most:,} at most"
        yield Finding(says, ledger.reports[-1].at, both(ledger.peer))


def _unclear(ledger: Ledger) -> Iterator[Finding]:
    """Yield ledgers with outcomes that may belong to a `send` with an unknown outcome."""
    due, taken = len(ledger.due), _taken(ledger)
    if not ledger.is_exact and ledger.due and due <= ledger.reported < due + taken:
        says = (
            f"{ledger.peer} reported outcomes of {count(ledger.reported, 'message')}; it sent"
            f" {due:,}, and perhaps {taken:,} more"
        )
        yield Finding(says, ledger.reports[-1].at, both(ledger.peer))


def _taken(ledger: Ledger) -> int:
    """Return how many reports may be about a `send` with an unknown outcome.

    There is one only if it happened: then it was shown, or reported as not shown.
    """
    lost = [report.text for report in ledger.reports if report.kind == "undelivered"]
    if None in lost:
        return len(ledger.indeterminate)
    return sum(bool(send.shown) or send.text in lost for send in ledger.indeterminate)


def _ambiguous(index: HistoryIndex) -> Iterator[Finding]:
    """Yield peers whose reports do not fit, perhaps because their ids shifted."""
    amiss = {ledger.peer: ledger.reports[-1].at for ledger in index.ledgers
             if any(_too_much(ledger))}  # fmt: skip
    amiss |= {send.sender: send.at for send in missing(index) if send.sender not in amiss}
    for peer, at in amiss.items():
        if peer in index.ambiguous:
            says = f"the ids at {peer} shifted, and its reports name no peer"
            yield Finding(f"{says}: they cannot be assigned to messages", at, both(peer))


def _finding(send: SentMessage, what: str) -> Finding:
    peers, number = both(send.sender, send.receiver), send.operation.number
    return Finding(f"{message(send)}: {what}", send.at, peers, send.text, operation=number)
