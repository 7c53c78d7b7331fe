"""The messages of each connection were shown in the order in which they were sent.

Judged for each sender, receiver and connection. Invalid when a message was shown behind one
that was sent later. Unknown when it may have been the equal text of a `send` whose outcome
nobody knows, and when the run did not settle.
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.messages import Send, Shown
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.checks.wording import both, message, quoted, when
from orchestrator.text import count

NAME = "order"

Key = tuple[str, str, str]
"""Sender, receiver, text."""


def check(index: HistoryIndex) -> Verdict:
    """Judge the order in which messages were shown."""
    perhaps = {_key(s) for s in index.sends if s.operation.is_perhaps}
    several = perhaps & {_key(s) for s in index.accepted}
    wrong: list[Finding] = []
    unsure: list[Finding] = []
    for late, before in _late(index.shown):
        vague = {_key(late), _key(before)} & several
        (unsure if vague else wrong).append(_finding(late, before))
    says = count(sum(each.how == "right" for each in index.shown), "message") + " in order"
    return conclude(NAME, says, wrong, [*unsure, *index.unsettled])


def _key(send: Send) -> Key:
    return send.sender, send.receiver, send.text


def _late(shown: list[Shown]) -> Iterator[tuple[Send, Send]]:
    """Yield what was shown too late, with something sent later and shown before."""
    latest: dict[object, Send] = {}
    for each in shown:
        if each.send and each.how == "right":
            key = (each.send.sender, each.receiver, each.send.end)
            before = latest.setdefault(key, each.send)
            if each.send.position < before.position:
                yield each.send, before
            else:
                latest[key] = each.send


def _finding(late: Send, before: Send) -> Finding:
    at, ahead = _shown_at(late), _shown_at(before)
    says = (
        f"{message(late)}: shown at {when(at)}, behind {quoted(before.text)}"
        f", which was sent later and shown at {when(ahead)}"
    )
    return Finding(says, at, both(late.sender, late.receiver), late.text)


def _shown_at(send: Send) -> float:
    return send.shown.at if send.shown else send.at
