"""What the console shows of what happened on a connection, as lines. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from peer import events, render
from peer.events import EndReason
from peer.limits import Limits
from peer.render import Row

_PORTION = 65_536  # characters


def lines(row: Row, event: events.Event, limits: Limits) -> Iterator[str]:
    """Yield the lines of an event, each worded only when its turn comes."""
    match event:
        case events.Opened():
            yield render.connected(row)
        case events.Upgraded():
            yield render.upgraded(row)
        case events.Received(raw):
            yield render.message(row, raw)
        case events.Delivered(first, last):
            yield render.delivered(row, first, last)
        case events.Odd(what):
            yield render.odd(row, what)
        case events.Closed(ending, undelivered):
            for sent in undelivered:
                yield from render.undelivered(row, [sent])
            if ending not in (EndReason.TERMINATED_HERE, EndReason.EXITED_HERE):
                yield render.closed(row, why(event, limits))


def why(event: events.Closed, limits: Limits) -> str:
    """Return the words for why a connection ended, or never was one."""
    match event.ending, event.refusal:
        case EndReason.SILENT, _:
            return f"{event.ending.value} for {limits.silence:g} s"
        case EndReason.REFUSED, "self":
            return "that is this peer itself"
        case EndReason.REFUSED, "duplicate":
            return "already connected to that peer, or it is dialling this one right now"
        case EndReason.REFUSED, _:
            return "that peer is at its limit of connections"
    return event.ending.value


def portions(worded: Iterable[str]) -> Iterator[list[str]]:
    """Yield lines in groups of about 64 KiB, so that few of them exist at once."""
    portion, size = list[str](), 0
    for line in worded:
        portion.append(line)
        size += len(line)
        if size >= _PORTION:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion
