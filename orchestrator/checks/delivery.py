"""Every message that was accepted was shown to its receiver.

Invalid when one was not although the connection stayed up and the run settled, when it was
confirmed as delivered all the same, or when it was reported undelivered on a connection that
never ended. A message that was reported undelivered when its connection ended is no fault; nor
is one that was under way when the lab killed a peer: the sender, which could not report it any
more, or the receiver, which had no time to show what it confirmed. One that it did have time for
is a fault all the same.
Unknown when one was not shown and the connection, or a peer, may have ended with the message
under way; when it may have been the equal text of a `send` whose outcome nobody knows; when a
fault held until shortly before the run settled; when it did not settle; and when its receiver
showed a line that the profile does not read and that has its text. A message that was
shown changed, elsewhere or as from somebody else is a matter of another check.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from orchestrator.checks import excuses
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.messages import Send
from orchestrator.checks.index.operations import LONGEST
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.checks.wording import both, message, unread
from orchestrator.text import count

NAME = "delivery"

Loss = Literal["wrong", "unsure", "reported", "killed"]
"""What it is that a message was not shown; `killed` for what was under way at a kill."""


def missing(index: HistoryIndex) -> Iterator[Send]:
    """Yield what was accepted and not shown."""
    return (each for each in index.accepted if not each.shown)


def check(index: HistoryIndex) -> Verdict:
    """Judge what was not shown."""
    if index.accepted and not index.reads("message"):
        return conclude(NAME, "", [], [Finding("the profile reads no messages", index.last_at)])
    found: dict[Loss, list[Finding]] = {loss: [] for loss in get_args(Loss)}
    perhaps = {_key(s) for s in index.sends if s.operation.is_perhaps}
    shown_before: dict[tuple[str, str], str] = {}
    for send in index.accepted:
        way = (send.sender, send.receiver)
        if send.shown:
            shown_before[way] = send.shown.text
            continue
        loss, why = _why(index, send, perhaps)
        if loss == "wrong" and (line := index.unread.message(send.receiver, send.text, send.at)):
            loss, why = "unsure", unread(line)
        says, near = f"{message(send)}: {why}", shown_before.get(way, "")
        found[loss].append(Finding(says, send.at, both(*way), send.text, near))
    says = count(len(index.accepted) - sum(map(len, found.values())), "message") + " shown"
    for loss, told in (("reported", "reported undelivered"), ("killed", "under way at a kill")):
        says += f", {len(found[loss]):,} {told}" if found[loss] else ""
    return conclude(NAME, says, found["wrong"], [*found["unsure"], *index.unsettled])


def _key(send: Send) -> tuple[str, str, str]:
    return send.sender, send.receiver, send.text


def _why(index: HistoryIndex, send: Send, perhaps: set[tuple[str, str, str]]) -> tuple[Loss, str]:
    """Return what a loss is, and what speaks for it."""
    fate = index.fates.get(send, "")
    ended = may_have_ended(index, send)
    if fate == "undelivered":
        why = "reported undelivered, but its connection never ended"
        return ("reported" if ended else _if_sure(index, send)), why
    if is_excused(index, send):
        return "killed", ""
    if index.settled is None:
        return "unsure", "not shown so far"
    if _key(send) in perhaps:
        return "unsure", "never shown, unless it was, and an equal text perhaps sent was not"
    if (stayed := excuses.lived_on(index, send)) is not None and stayed > LONGEST:
        return "wrong", f"{_never(fate)}, although nothing came between for {stayed:.1f} s"
    if fate == "delivered" and not _receiver_may_be_over(index, send):
        return "wrong", _never(fate)
    if not send.receiver or ended:
        return "unsure", "never shown; it may have been under way when the connection ended"
    due = index.was_due(send.sender, send.receiver, send.accepted_at)
    return "wrong" if due else "unsure", "never shown, although its connection stayed up"


def _never(fate: str) -> str:
    return "confirmed as delivered, but never shown" if fate == "delivered" else "never shown"


def _if_sure(index: HistoryIndex, send: Send) -> Loss:
    """Return what it is that a connection was not told to be over, when that may be unknown."""
    by_hand = send.sender in index.typed or send.receiver in index.typed
    vague = bool(send.end and index.is_vague(send.end))
    calm = index.is_calm(send.sender, send.receiver)  # or it may still be told
    return "wrong" if calm and not by_hand and not vague else "unsure"


def is_excused(index: HistoryIndex, send: Send) -> bool:
    """Return whether a kill explains that a message was not shown, and not reported either."""
    fate = index.fates.get(send, "")
    if excuses.is_unshown(index, send):
        # Who runs on must report what was not confirmed, as far as it ever does.
        return fate == "delivered" or not index.reads("undelivered") or _is_cut_off(index, send)
    return not fate and _is_cut_off(index, send)


def _is_cut_off(index: HistoryIndex, send: Send) -> bool:
    return excuses.is_unreported(index, send)


def _receiver_may_be_over(index: HistoryIndex, send: Send) -> bool:
    if send.end and send.end.other:
        return index.life_beyond(send.end).may_be_over
    return index.incarnations.last(send.receiver).may_be_over


def may_have_ended(index: HistoryIndex, send: Send) -> bool:
    """Return whether the connection of a message may have ended after it was sent."""
    if send.end:
        return index.may_have_ended(send.end, send.position)
    beyond = index.incarnations.when(send.receiver, send.at)
    if send.life.may_end_after(send.position) or beyond.may_end_after(send.position):
        return True
    pair = {send.sender, send.receiver}
    return any((e.closed or e.shaken) and {e.peer, e.other} == pair for e in index.ends)
