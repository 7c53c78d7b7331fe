"""Nothing was shown that nobody had sent to that peer.

Invalid when something was; a text that was meant for somebody else, whose `send` had been
refused, that was sent later only, or that its sender sent before it was killed and started
again, is named as such. Unknown when somebody typed at the console of its sender, so that it may
come from there, when the connection may be another one than it seems, and when the run did not
settle.
"""

from __future__ import annotations

from collections import defaultdict

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.messages import Send, Shown
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.checks.wording import both, sight, when
from orchestrator.text import count

NAME = "invention"


def check(index: HistoryIndex) -> Verdict:
    """Judge what nobody sent."""
    wrong: list[Finding] = []
    unsure: list[Finding] = []
    strange = [each for each in index.shown if each.how in ("elsewhere", "unknown")]
    hints = _hints(index) if strange else {}
    for each in strange:
        by_hand = index.is_typed(each.sender, each.at)
        doubtful = (by_hand and each.how == "unknown") or _may_be_earlier(index, each)
        (unsure if doubtful else wrong).append(_finding(each, hints))
    says = count(len(index.shown), "message") + " shown, each of them sent"
    return conclude(NAME, says, wrong, [*unsure, *index.unsettled])


def _may_be_earlier(index: HistoryIndex, shown: Shown) -> bool:
    """Return whether it may have been shown on another connection, made in an earlier life."""
    send, end = shown.send, shown.end
    same = send and (send.sender, send.receiver) == (shown.sender, shown.receiver)
    return bool(same and end and index.is_vague(end))


def _hints(index: HistoryIndex) -> dict[str, list[Send]]:
    """Return every `send`, by its text."""
    hints: dict[str, list[Send]] = defaultdict(list)
    for send in index.sends:
        if len(hints[send.text]) < 1 + len(index.peers):
            hints[send.text].append(send)
    return hints


def _finding(shown: Shown, hints: dict[str, list[Send]]) -> Finding:
    send = shown.send or next(iter(_fitting(shown, hints.get(shown.text, []))), None)
    peers = both(shown.sender, shown.receiver, send.receiver if send else "")
    return Finding(f"{sight(shown)}: {_origin(send, shown)}", shown.at, peers, shown.text)


def _fitting(shown: Shown, sends: list[Send]) -> list[Send]:
    """Return sends of this text, those of the same sender before those of others."""
    return sorted(sends, key=lambda s: (s.sender != shown.sender, s.operation.status == "fail"))


def _origin(send: Send | None, shown: Shown) -> str:
    if send is None:
        return "nobody had sent that"
    to = send.receiver or "somebody"
    if send.operation.status == "fail":
        return f"at {when(send.at)}, {send.sender}'s console had refused to send it to {to}"
    same = (send.sender, send.receiver) == (shown.sender, shown.receiver)
    if shown.send and same and send.life.over is not None:
        sent = f"{send.sender} had sent it at {when(send.at)}"
        return f"{sent}, before it ended, at {when(send.life.over)}, and was started again"
    if send.at > shown.at:
        return f"{send.sender} sent it to {to} at {when(send.at)} only"
    return f"{send.sender} had sent it to {to}, at {when(send.at)}"
