"""Every message that was accepted was shown to its receiver: no message is lost.

Invalid when one was not although the connection stayed up and the run settled, when it was
confirmed as delivered nevertheless, or when it was reported undelivered on a connection that
never ended. A message that was reported undelivered when its connection ended is no fault; nor
is one that was under way when the lab killed a peer: the sender, which could not report it any
more, or the receiver, which had no time to show what it had confirmed. If it had the time, that
is a fault.
Unknown when one was not shown and the connection, or a peer, may have ended with the message
under way; when it may have been the equal text of a `send` with an unknown outcome; when the
program dials for each of several at once and a relay of the lab was between; when a fault lasted
until shortly before the run settled; when it did not settle; and when its receiver showed a line
that the profile does not read and that has its text. A message that was shown changed,
elsewhere or as from another peer is judged by other checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args

from orchestrator.checks import punctuality
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.connections import ConnectionEnd
from orchestrator.checks.index.invocations import LONGEST
from orchestrator.checks.index.messages import Key, SentMessage
from orchestrator.checks.phrases import both, message, unread
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.text import count

NAME = "delivery"
_CROWDED = 1.0  # seconds between messages whose connections may wait for each other

Lost = Literal["wrong", "unsure", "reported", "killed"]
"""What to make of a message that was not shown; `killed` if it was under way at a kill."""


def missing(index: HistoryIndex) -> Iterator[SentMessage]:
    """Yield what was accepted and not shown."""
    return (send for send in index.accepted if not send.shown)


def check(index: HistoryIndex) -> Verdict:
    """Judge what was not shown."""
    if index.accepted and not index.reads("message"):
        return conclude(NAME, "", [], [Finding("the profile reads no messages", index.last_at)])
    found: dict[Lost, list[Finding]] = {loss: [] for loss in get_args(Lost)}
    losses_of = {send: (loss, why) for send, loss, why in losses(index)}
    shown_before: dict[tuple[str, str], str] = {}
    for send in index.accepted:
        direction = send.direction
        if send.shown:
            shown_before[direction] = send.shown.text
            continue
        loss, why = losses_of[send]
        says, near = f"{message(send)}: {why}", shown_before.get(direction, "")
        peers, number = both(*direction), send.operation.number
        found[loss].append(Finding(says, send.at, peers, send.text, near, operation=number))
    says = count(len(index.accepted) - sum(map(len, found.values())), "message") + " shown"
    for loss, what in (("reported", "reported undelivered"), ("killed", "under way at a kill")):
        says += f", {len(found[loss]):,} {what}" if found[loss] else ""
    unsure = [*found["unsure"], *index.unsettled]
    return conclude(NAME, says, found["wrong"], unsure, judged=index.accepted)


def losses(index: HistoryIndex) -> Iterator[tuple[SentMessage, Lost, str]]:
    """Yield what was accepted and not shown, what to make of it, and why."""
    indeterminate = {send.key for send in index.sends if send.operation.is_indeterminate}
    for send in missing(index):
        loss, why = _loss(index, send, indeterminate)
        if loss == "wrong" and (line := index.unread.message(send.receiver, send.text, send.at)):
            loss, why = "unsure", unread(line)
        if loss == "wrong" and (late := _lateness(index, send)):
            loss, why = "unsure", f"{why}{late}"
        yield send, loss, why


def _loss(index: HistoryIndex, send: SentMessage, indeterminate: set[Key]) -> tuple[Lost, str]:
    """Return what to make of a message that was not shown, and why."""
    outcome = index.outcomes.get(send, "")
    never = "confirmed as delivered, but never shown" if outcome == "delivered" else "never shown"
    ended = may_have_ended(index, send)
    if outcome == "undelivered":
        why = "reported undelivered, but its connection never ended"
        return ("reported" if ended else _if_up(index, send)), why
    if is_excused(index, send):
        return "killed", ""
    if index.settled is None:
        return "unsure", "not shown so far"
    if send.key in indeterminate:
        return "unsure", "never shown, unless it was, and an equal text that may have been sent not"
    if (quiet := _quiet_before_kill(index, send)) is not None and quiet > LONGEST:
        return "wrong", f"{never}, although nothing came between for {quiet:.1f} s"
    if outcome == "delivered" and not _receiver_may_have_ended(index, send):
        return "wrong", never
    if not send.receiver or ended:
        return "unsure", "never shown; it may have been under way when the connection ended"
    if _may_have_found_no_room(index, send):
        return "unsure", "never shown; a relay of the lab took its connection, which was not kept"
    due = index.was_due(send.sender, send.receiver, send.accepted_at)
    return "wrong" if due else "unsure", "never shown, although its connection stayed up"


def _may_have_found_no_room(index: HistoryIndex, send: SentMessage) -> bool:
    """Return whether a relay may have taken the only connection of a message, and lost it.

    Where a program dials for each message, the relay takes connections at once for which the
    receiver's backlog may have no room, and the sender has gone by then: without a relay, it would
    wait. A message with no other near it has room.
    """
    link = (send.sender, send.receiver)
    is_relayed = any(
        "relay" in fault.mechanisms.values() and link in fault.links
        and fault.began <= send.accepted_at and (fault.until is None or send.at <= fault.until)
        for fault in index.faults
    )  # fmt: skip
    is_read = index.sockets.whole.get(send.sender, -1) > send.position
    is_brief = is_read and index.sockets.last_between(*link) is None
    return is_relayed and is_brief and _is_crowded(index, send)


def _is_crowded(index: HistoryIndex, send: SentMessage) -> bool:
    """Return whether another message to the same peer was sent at about the same time."""
    return any(
        other is not send
        and other.receiver == send.receiver
        and abs(other.at - send.at) <= _CROWDED
        for other in index.accepted
    )


def _lateness(index: HistoryIndex, send: SentMessage) -> str:
    """Return how the machine may explain that a message was not shown."""
    if index.outcomes.get(send) == "undelivered":
        return ""  # that is not about time
    killed = min(
        (at for at in (send.incarnation.killed_at, _receiver_killed_at(index, send)) if at),
        default=None,
    )
    return punctuality.of_absence(index, send.accepted_at, killed)


def _if_up(index: HistoryIndex, send: SentMessage) -> Lost:
    """Return what to make of a message reported undelivered while its connection seemed up."""
    by_hand = send.sender in index.typed or send.receiver in index.typed
    vague = bool(send.end and index.is_vague(send.end))
    quiet = index.is_quiet(send.sender, send.receiver)  # or `closed` may still come
    return "wrong" if quiet and not by_hand and not vague else "unsure"


def _receiver_may_have_ended(index: HistoryIndex, send: SentMessage) -> bool:
    if send.end and send.end.other:
        return index.incarnation_beyond(send.end).may_have_ended
    return index.incarnations.last(send.receiver).may_have_ended


def may_have_ended(index: HistoryIndex, send: SentMessage) -> bool:
    """Return whether the connection of a message may have ended after it was sent."""
    if send.end:
        return index.may_have_ended(send.end, send.position)
    beyond = index.incarnations.when(send.receiver, send.at)
    if any(i.may_have_ended_after(send.position) for i in (send.incarnation, beyond)):
        return True
    pair = {send.sender, send.receiver}
    return any(end.may_be_closed and {end.peer, end.other} == pair for end in index.ends)


# What a kill excuses: what a program had no time for. One that ran on for longer than any notice
# takes, without a fault, had the time.


def is_excused(index: HistoryIndex, send: SentMessage) -> bool:
    """Return whether a kill explains that a message was not shown, and not reported either."""
    outcome = index.outcomes.get(send, "")
    if _is_unshown_by_kill(index, send):
        # A sender that runs on must report what was not confirmed, as far as it ever does.
        is_confirmed = outcome == "delivered" or not index.reads("undelivered")
        return is_confirmed or is_unreported_by_kill(index, send)
    return not outcome and is_unreported_by_kill(index, send)


def is_unreported_by_kill(index: HistoryIndex, send: SentMessage) -> bool:
    """Return whether its sender was killed before it could report what became of a message.

    It need not report while the connection is up and its receiver not ready; but soon after the
    connection is over.
    """
    killed_at = send.incarnation.killed_at
    if killed_at is None:
        return False
    closed_at = _closed_at(index, send.end)
    since = send.accepted_at
    if closed_at is not None and closed_at < killed_at:
        since = max(since, closed_at)
    return not index.had_time(send.sender, send.receiver, since, killed_at)


def _is_unshown_by_kill(index: HistoryIndex, send: SentMessage) -> bool:
    """Return whether its receiver was killed before it can have shown a message."""
    killed_at = _receiver_killed_at(index, send)
    if killed_at is None:
        return False
    return not index.had_time(send.sender, send.receiver, send.accepted_at, killed_at)


def _quiet_before_kill(index: HistoryIndex, send: SentMessage) -> float | None:
    """Return the longest quiet time in which a message was under way before a kill, in seconds.

    None if no kill ended its connection, or if that may have ended before.
    """
    several = (send.incarnation.killed_at, _receiver_killed_at(index, send))
    killed_at = min((at for at in several if at is not None), default=None)
    if killed_at is None or not send.end:
        return None
    closed_at = _closed_at(index, send.end)
    if closed_at is not None and closed_at < killed_at:
        return None
    by_hand = {send.sender, send.receiver} & set(index.typed)
    if by_hand or _may_have_ended_otherwise(index, send.end):
        return None
    return index.quiet.longest(send.sender, send.receiver, send.accepted_at, killed_at)


def _receiver_killed_at(index: HistoryIndex, send: SentMessage) -> float | None:
    if send.end and send.end.other:
        return index.incarnation_beyond(send.end).killed_at
    return index.incarnations.when(send.receiver, send.at).killed_at if send.receiver else None


def _closed_at(index: HistoryIndex, end: ConnectionEnd | None) -> float | None:
    """Return when a connection was first over at one of its ends; None while it is up."""
    if not end:
        return None
    times = [one.closed_at for one in (end, end.twin) if one and one.closed]
    beyond = index.incarnation_beyond(end).ended if end.other else None
    return min([*times, *([] if beyond is None else [beyond])], default=None)


def _may_have_ended_otherwise(index: HistoryIndex, end: ConnectionEnd) -> bool:
    """Return whether anything but a kill may have ended a connection."""
    incarnations = (end.incarnation, index.incarnation_beyond(end))
    if any(incarnation.doubtful_from >= 0 for incarnation in incarnations):
        return True
    return any(one and one.is_doubtful for one in (end, end.twin)) or index.is_vague(end)
