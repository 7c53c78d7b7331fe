"""Connections as bands of time: what the consoles reported, beside what the kernel listed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from math import inf

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.connections import ConnectionEnd
from orchestrator.checks.index.sockets import Socket
from orchestrator.report.page.rows import ConnectionRow
from orchestrator.report.page.view import View
from orchestrator.report.page.wording import moment

Pair = tuple[int, int]
Span = tuple[float, float]  # since and until; infinite if nothing shows that it ended


def connection_rows(view: View) -> list[ConnectionRow]:
    """Return the connections of peers with each other, in order."""
    told, listed = _told(view), _listed(view)
    rows = [
        _row(pair, span, "both" if _meets(span, listed[pair]) else "consoles")
        for pair, spans in told.items()
        for span in spans
    ]
    rows += [
        _row(pair, left, "sockets")
        for pair, spans in listed.items()
        for span in spans
        for left in _untold(span, told[pair])
    ]
    return sorted(rows, key=lambda row: row.since)


def _row(pair: Pair, span: Span, told_by: str) -> ConnectionRow:
    since, until = span
    return ConnectionRow(*pair, moment(since), None if until == inf else moment(until), told_by)


def _told(view: View) -> defaultdict[Pair, list[Span]]:
    """Return when connections began and ended by the consoles, each once."""
    found: defaultdict[Pair, list[Span]] = defaultdict(list)
    known: set[ConnectionEnd] = set()
    for end in view.index.ends:
        pair = _pair(view, end.peer, end.other)
        if pair and end not in known:
            ends = [end, *([end.twin] if end.twin else [])]
            known.update(ends)
            until = min((one.closed_at for one in ends if one.closed), default=inf)
            found[pair].append((min(one.at for one in ends), until))
    return found


def _listed(view: View) -> defaultdict[Pair, list[Span]]:
    """Return when two peers had sockets with each other, from reading to reading."""
    spans: defaultdict[Pair, list[Span]] = defaultdict(list)
    for socket in view.index.sockets.connected():
        if pair := _pair(view, socket.peer, socket.other):
            spans[pair].append((socket.at, _gone_at(view.index, socket)))
    return defaultdict(list, {pair: [*_joined(several)] for pair, several in spans.items()})


def _gone_at(index: HistoryIndex, socket: Socket) -> float:
    return inf if socket.until == inf else index.entries[int(socket.until)].at


def _joined(spans: Iterable[Span]) -> Iterator[Span]:
    """Yield what the spans cover together: both ends have a socket, which changes its state."""
    since, until = inf, -inf
    for begun, ended in sorted(spans):
        if begun > until:
            if until > since:
                yield since, until
            since, until = begun, ended
        until = max(until, ended)
    if until > since:
        yield since, until


def _untold(span: Span, told: list[Span]) -> Iterator[Span]:
    """Yield the part of a time with sockets of which no console says that there is a connection.

    Sockets are read now and then, so when one went is not known exactly. But one that is still
    there at the end, although the consoles called it over, is.
    """
    if not _meets(span, told):
        yield span
    elif span[1] == inf and (over := max(until for _, until in told)) < inf:
        yield over, inf


def _meets(span: Span, others: Iterable[Span]) -> bool:
    return any(span[0] <= until and since <= span[1] for since, until in others)


def _pair(view: View, one: str, other: str) -> Pair | None:
    numbers = view.peers((one, other)) if one != other else view.peers((one,)) * 2
    match sorted(numbers):
        case [first, second]:
            return first, second
    return None
