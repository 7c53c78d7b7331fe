"""Nothing was shown that had not been sent to that peer: no creation.

Invalid when something was; a text that was meant for another peer, whose `send` had been
refused, that was sent later only, or that its sender sent before it was killed and started
again, is named as such. Unknown when a person typed at the console of its sender, so that it may
come from there, when the connection may be another one than it seems, and when the run did not
settle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.likeness import likeness
from orchestrator.checks.index.messages import SentMessage, ShownMessage
from orchestrator.checks.phrases import both, quoted, sighting, when
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.text import count

NAME = "invention"


def check(index: HistoryIndex) -> Verdict:
    """Judge what no one had sent."""
    wrong: list[Finding] = []
    unsure: list[Finding] = []
    found = [*strange(index)]
    by_text = _by_text(index) if found else {}
    refused = [send for send in index.sends if found and send.operation.status == "fail"]
    for message, is_certain in found:
        (wrong if is_certain else unsure).append(_finding(message, by_text, refused))
    says = count(len(index.shown), "message") + " shown, each of them sent"
    return conclude(NAME, says, wrong, [*unsure, *index.unsettled], judged=index.shown)


def strange(index: HistoryIndex) -> Iterator[tuple[ShownMessage, bool]]:
    """Yield the messages that had not been sent to the peer that showed them, and if that is sure.

    It is not if a person may have sent one, or if it may belong to another connection.
    """
    for message in index.shown:
        if message.match in ("elsewhere", "unknown"):
            by_hand = message.match == "unknown" and index.is_typed(message.sender, message.at)
            yield message, not by_hand and not _may_be_earlier(index, message)


def _may_be_earlier(index: HistoryIndex, shown: ShownMessage) -> bool:
    """Return whether it may belong to another connection, made in an earlier incarnation."""
    send, end = shown.send, shown.end
    same = send and send.direction == shown.direction
    return bool(same and end and index.is_vague(end))


def _by_text(index: HistoryIndex) -> dict[str, list[SentMessage]]:
    by_text: dict[str, list[SentMessage]] = defaultdict(list)
    for send in index.sends:
        if len(by_text[send.text]) < 1 + len(index.peers):
            by_text[send.text].append(send)
    return by_text


def _finding(
    shown: ShownMessage,
    by_text: dict[str, list[SentMessage]],
    refused: Sequence[SentMessage],
) -> Finding:
    send = shown.send or min(
        by_text.get(shown.text) or _like_it(shown, refused),
        key=lambda send: (send.sender != shown.sender, send.operation.status == "fail"),
        default=None,
    )
    peers = both(shown.sender, shown.receiver, send.receiver if send else "")
    says, number = (
        f"{sighting(shown)}: {_origin(send, shown)}",
        send.operation.number if send else 0,
    )
    return Finding(says, shown.at, peers, shown.text, operation=number)


def _like_it(shown: ShownMessage, refused: Sequence[SentMessage]) -> list[SentMessage]:
    """Return the refused send whose text is most like a message; none if no text is like it."""
    fitting = [it for it in refused if it.direction == shown.direction and it.at <= shown.at]
    best = max(fitting, key=lambda it: likeness(it.text, shown.text), default=None)
    return [best] if best and shown.text.strip() and likeness(best.text, shown.text) else []


def _origin(send: SentMessage | None, shown: ShownMessage) -> str:
    if send is None:
        return "no one had sent that"
    to = send.receiver or "an unknown peer"
    if send.operation.status == "fail":
        it = "it" if send.text == shown.text else quoted(send.text)
        return f"at {when(send.at)}, {send.sender}'s console had refused to send {it} to {to}"
    same = send.direction == shown.direction
    if shown.send and same and (ended := send.incarnation.ended) is not None:
        sent = f"{send.sender} had sent it at {when(send.at)}"
        return f"{sent}, before it ended, at {when(ended)}, and was started again"
    if send.at > shown.at:
        return f"{send.sender} sent it to {to} at {when(send.at)} only"
    return f"{send.sender} had sent it to {to}, at {when(send.at)}"
