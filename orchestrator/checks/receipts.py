"""Every message that was accepted ended once: as delivered, or as reported undelivered.

Judged where the profile reads these notices. A `send` whose answer says that there will be no
receipt (to a plain TCP program) is promised none; nor is one that was under way when the lab
killed its sender. Invalid when a message has no outcome in a run that settled, also when its
connection ended, when its sender was killed only long after, or when it has two, or when there
are more outcomes than messages. Unknown when the sender itself ended or stopped answering, when
nobody knows how many messages were sent, when its ids shifted and its reports tell messages apart
by nothing else, when a fault held until shortly before the run settled, and when it did not
settle.
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.checks import excuses
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.ledger import Ledger
from orchestrator.checks.index.messages import Send
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.checks.wording import both, message
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
        return conclude(NAME, says, [], index.unsettled)
    wrong = [w for b in index.accounts if b.peer not in index.blurred for w in _too_much(b)]
    unsure = [each for book in index.accounts for each in _unclear(book)]
    unsure += _blurred(index)
    killed = 0
    for send in missing(index):
        if excuses.is_unreported(index, send):
            killed += 1
        elif send.sender not in index.blurred:
            finding = _finding(send, "neither confirmed as delivered nor reported undelivered")
            (wrong if _must_be_known(index, send) else unsure).append(finding)
    due = sum(len(book.due) for book in index.accounts)
    says = count(due - killed, "message") + " accounted for"
    says += f", {killed:,} under way at a kill" if killed else ""
    return conclude(NAME, says, wrong, [*unsure, *index.unsettled])


def missing(index: HistoryIndex) -> Iterator[Send]:
    """Yield the sends without an outcome; the last ones where only the number is known."""
    if not all(map(index.reads, _KINDS)):
        return
    for book in index.accounts:
        due = book.due
        if book.is_exact:
            yield from (send for send in due if not book.fates.get(send))
        elif lack := max(0, len(due) - book.told):
            yield from [send for send in due if not book.fates.get(send)][-lack:]


def _must_be_known(index: HistoryIndex, send: Send) -> bool:
    if send.life.perhaps > send.position or index.settled is None:
        return False
    if send.life.over is not None:
        return send.life.how == "killed"  # it had the time, or else there were an excuse
    due = index.was_due(send.sender, send.receiver, send.accepted_at)
    return due and send.sender not in index.silent


def _too_much(book: Ledger) -> Iterator[Finding]:
    """Yield messages with two outcomes, or outcomes without a message."""
    if book.is_exact:
        for send, fate in book.fates.items():
            if fate in _TOO_MUCH:
                yield _finding(send, _TOO_MUCH[fate])
    elif book.told > book.most:
        at = book.reports[-1].at
        told = count(book.told, "message")
        says = f"{book.peer} reported outcomes of {told}, but sent {book.most:,} at most"
        yield Finding(says, at, both(book.peer))


def _unclear(book: Ledger) -> Iterator[Finding]:
    """Yield accounts with outcomes that may belong to a `send` nobody knows the end of."""
    due, taken = len(book.due), _taken(book)
    if not book.is_exact and book.due and due <= book.told < due + taken:
        says = (
            f"{book.peer} reported outcomes of {count(book.told, 'message')}; it sent"
            f" {due:,}, and nobody knows whether {taken:,} more"
        )
        yield Finding(says, book.reports[-1].at, both(book.peer))


def _taken(book: Ledger) -> int:
    """Return how many outcomes may be those of a `send` nobody knows the end of.

    It has one only if it happened: then it was shown, or reported as what was not.
    """
    lost = [each.text for each in book.reports if each.kind == "undelivered"]
    if None in lost:
        return len(book.perhaps)
    return sum(bool(each.shown) or each.text in lost for each in book.perhaps)


def _blurred(index: HistoryIndex) -> Iterator[Finding]:
    """Yield peers whose reports do not fit, perhaps because their ids shifted."""
    amiss = {book.peer: book.reports[-1].at for book in index.accounts if any(_too_much(book))}
    amiss |= {send.sender: send.at for send in missing(index) if send.sender not in amiss}
    for peer, at in amiss.items():
        if peer in index.blurred:
            says = f"the ids at {peer} shifted, and its reports name nobody: which message is which"
            yield Finding(f"{says} cannot be told", at, both(peer))


def _finding(send: Send, what: str) -> Finding:
    peers = both(send.sender, send.receiver)
    return Finding(f"{message(send)}: {what}", send.at, peers, send.text)
