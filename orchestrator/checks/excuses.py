"""What a peer that the lab killed owes nobody: what it had no time for.

A peer that lived on for longer than any notice takes, undisturbed, had the time.
"""

from __future__ import annotations

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.connections import End
from orchestrator.checks.index.messages import Send


def over_at(index: HistoryIndex, end: End | None) -> float | None:
    """Return when a connection was first over at one of its ends; None while it is up."""
    if not end:
        return None
    times = [each.closed_at for each in (end, end.twin) if each and each.closed]
    beyond = index.life_beyond(end).over if end.other else None
    times += [beyond] if beyond is not None else []
    return min(times, default=None)


def is_unreported(index: HistoryIndex, send: Send) -> bool:
    """Return whether its sender was killed before it could tell what became of a message.

    It need not have told as long as the connection was up, and its receiver was not ready; once
    the connection was over, it must have been told soon.
    """
    killed_at = send.life.killed_at
    if killed_at is None:
        return False
    since = max(send.accepted_at, _before(over_at(index, send.end), killed_at))
    return not index.had_time(send.sender, send.receiver, since, killed_at)


def is_unshown(index: HistoryIndex, send: Send) -> bool:
    """Return whether its receiver was killed before it can have shown a message."""
    killed_at = _receiver_killed_at(index, send)
    if killed_at is None:
        return False
    return not index.had_time(send.sender, send.receiver, send.accepted_at, killed_at)


def _receiver_killed_at(index: HistoryIndex, send: Send) -> float | None:
    if send.end and send.end.other:
        return index.life_beyond(send.end).killed_at
    return index.incarnations.when(send.receiver, send.at).killed_at if send.receiver else None


def lived_on(index: HistoryIndex, send: Send) -> float | None:
    """Return the longest calm in which a connection was up with a message, before a kill.

    None where no kill ended it, or where it may have ended before.
    """
    killed = [
        at for at in (send.life.killed_at, _receiver_killed_at(index, send)) if at is not None
    ]
    over = over_at(index, send.end)
    if not killed or not send.end or (over is not None and over < min(killed)):
        return None
    if _may_have_ended_before(index, send.end) or {send.sender, send.receiver} & set(index.typed):
        return None
    return index.calm.longest(send.sender, send.receiver, send.accepted_at, min(killed))


def _may_have_ended_before(index: HistoryIndex, end: End) -> bool:
    """Return whether anything but a kill may have ended a connection."""
    doubtful = end.life.perhaps >= 0 or index.life_beyond(end).perhaps >= 0
    return doubtful or end.shaken or bool(end.twin and end.twin.shaken) or index.is_vague(end)


def _before(at: float | None, limit: float) -> float:
    return at if at is not None and at < limit else 0.0
