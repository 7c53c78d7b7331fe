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
from orchestrator.checks.index import Facts
from orchestrator.checks.messages import Send
from orchestrator.checks.operations import LONGEST
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.checks.wording import both, message, unread
from orchestrator.text import count

NAME = "delivery"

Loss = Literal["wrong", "unsure", "reported", "killed"]
"""What it is that a message was not shown; `killed` for what was under way at a kill."""


def missing(facts: Facts) -> Iterator[Send]:
    """Yield what was accepted and not shown."""
    return (each for each in facts.accepted if not each.shown)


def check(facts: Facts) -> Verdict:
    """Judge what was not shown."""
    if facts.accepted and not facts.reads("message"):
        return conclude(NAME, "", [], [Finding("the profile reads no messages", facts.last_at)])
    found: dict[Loss, list[Finding]] = {loss: [] for loss in get_args(Loss)}
    perhaps = {_key(s) for s in facts.sends if s.operation.is_perhaps}
    shown_before: dict[tuple[str, str], str] = {}
    for send in facts.accepted:
        way = (send.sender, send.receiver)
        if send.shown:
            shown_before[way] = send.shown.text
            continue
        loss, why = _why(facts, send, perhaps)
        if loss == "wrong" and (line := facts.unread.message(send.receiver, send.text, send.at)):
            loss, why = "unsure", unread(line)
        says, near = f"{message(send)}: {why}", shown_before.get(way, "")
        found[loss].append(Finding(says, send.at, both(*way), send.text, near))
    says = count(len(facts.accepted) - sum(map(len, found.values())), "message") + " shown"
    for loss, told in (("reported", "reported undelivered"), ("killed", "under way at a kill")):
        says += f", {len(found[loss]):,} {told}" if found[loss] else ""
    return conclude(NAME, says, found["wrong"], [*found["unsure"], *facts.unsettled])


def _key(send: Send) -> tuple[str, str, str]:
    return send.sender, send.receiver, send.text


def _why(facts: Facts, send: Send, perhaps: set[tuple[str, str, str]]) -> tuple[Loss, str]:
    """Return what a loss is, and what speaks for it."""
    fate = facts.fates.get(send, "")
    ended = may_have_ended(facts, send)
    if fate == "undelivered":
        why = "reported undelivered, but its connection never ended"
        return ("reported" if ended else _if_sure(facts, send)), why
    if is_excused(facts, send):
        return "killed", ""
    if facts.settled is None:
        return "unsure", "not shown so far"
    if _key(send) in perhaps:
        return "unsure", "never shown, unless it was, and an equal text perhaps sent was not"
    if (stayed := excuses.lived_on(facts, send)) is not None and stayed > LONGEST:
        return "wrong", f"{_never(fate)}, although nothing came between for {stayed:.1f} s"
    if fate == "delivered" and not _receiver_may_be_over(facts, send):
        return "wrong", _never(fate)
    if not send.receiver or ended:
        return "unsure", "never shown; it may have been under way when the connection ended"
    due = facts.was_due(send.sender, send.receiver, send.accepted_at)
    return "wrong" if due else "unsure", "never shown, although its connection stayed up"


def _never(fate: str) -> str:
    return "confirmed as delivered, but never shown" if fate == "delivered" else "never shown"


def _if_sure(facts: Facts, send: Send) -> Loss:
    """Return what it is that a connection was not told to be over, when that may be unknown."""
    by_hand = send.sender in facts.typed or send.receiver in facts.typed
    vague = bool(send.end and facts.is_vague(send.end))
    calm = facts.is_calm(send.sender, send.receiver)  # or it may still be told
    return "wrong" if calm and not by_hand and not vague else "unsure"


def is_excused(facts: Facts, send: Send) -> bool:
    """Return whether a kill explains that a message was not shown, and not reported either."""
    fate = facts.fates.get(send, "")
    if excuses.is_unshown(facts, send):
        # Who runs on must report what was not confirmed, as far as it ever does.
        return fate == "delivered" or not facts.reads("undelivered") or _is_cut_off(facts, send)
    return not fate and _is_cut_off(facts, send)


def _is_cut_off(facts: Facts, send: Send) -> bool:
    return excuses.is_unreported(facts, send)


def _receiver_may_be_over(facts: Facts, send: Send) -> bool:
    if send.end and send.end.other:
        return facts.life_beyond(send.end).may_be_over
    return facts.lives.last(send.receiver).may_be_over


def may_have_ended(facts: Facts, send: Send) -> bool:
    """Return whether the connection of a message may have ended after it was sent."""
    if send.end:
        return facts.may_have_ended(send.end, send.index)
    beyond = facts.lives.when(send.receiver, send.at)
    if send.life.may_end_after(send.index) or beyond.may_end_after(send.index):
        return True
    pair = {send.sender, send.receiver}
    return any((e.closed or e.shaken) and {e.peer, e.other} == pair for e in facts.ends)
