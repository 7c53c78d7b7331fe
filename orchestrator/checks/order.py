"""The messages of each connection were shown in the order in which they were sent: FIFO order.

Judged for each sender, receiver and connection. Invalid when a message was shown behind one
that was sent later. Unknown when it may have been the equal text of a `send` with an unknown
outcome, and when the run did not settle.
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.messages import SentMessage
from orchestrator.checks.phrases import both, message, quoted, when
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.text import count

NAME = "order"


def check(index: HistoryIndex) -> Verdict:
    """Judge the order in which messages were shown."""
    wrong: list[Finding] = []
    unsure: list[Finding] = []
    for late, before, is_certain in out_of_order(index):
        (wrong if is_certain else unsure).append(_finding(late, before))
    right = sum(shown.match == "right" for shown in index.shown)
    return conclude(NAME, count(right, "message") + " in order", wrong,
                    [*unsure, *index.unsettled], judged=right > 1)  # fmt: skip


def out_of_order(index: HistoryIndex) -> Iterator[tuple[SentMessage, SentMessage, bool]]:
    """Yield what was shown too late, something sent later and shown before, and if it is certain.

    It is not if either may be the equal text of a `send` with an unknown outcome.
    """
    indeterminate = {send.key for send in index.sends if send.operation.is_indeterminate}
    vague = indeterminate & {send.key for send in index.accepted}
    latest: dict[object, SentMessage] = {}
    for seen in index.shown:
        send = seen.send
        if send and seen.match == "right":
            key = (send.sender, seen.receiver, send.end)
            before = latest.setdefault(key, send)
            if send.position < before.position:
                yield send, before, vague.isdisjoint((send.key, before.key))
            else:
                latest[key] = send


def _finding(late: SentMessage, before: SentMessage) -> Finding:
    at, ahead = _shown_at(late), _shown_at(before)
    says = (
        f"{message(late)}: shown at {when(at)}, behind {quoted(before.text)}"
        f", which was sent later and shown at {when(ahead)}"
    )
    peers, number = both(late.sender, late.receiver), late.operation.number
    others = (before.operation.number,)
    return Finding(says, at, peers, late.text, operation=number, others=others)


def _shown_at(send: SentMessage) -> float:
    return send.shown.at if send.shown else send.at
