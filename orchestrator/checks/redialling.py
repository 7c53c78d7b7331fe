"""Whether a connection that is gone is missing, or its program dials again when it has to send.

Some programs make a connection only for the first message, and some close one that has been silent
for a while. Their rows have no connection then, and are right. A program does not do so if another
connection of it stayed open when it was silent for as long.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.sockets import Socket

Pair = tuple[str, str]


def keeps_open(index: HistoryIndex, gone: Pair, others: dict[Pair, list[Socket]]) -> bool:
    """Return whether a program keeps connections that are silent, though one pair's is gone.

    Args:
        index: the history.
        gone: two peers without a connection.
        others: open connections of other such pairs.
    """
    since = gone_at(index, gone)
    spoke = [at for at in _spoken(index, gone) if at <= since]
    silent = since - max([_connected_at(index, gone), *spoke])
    return any(_silence(index, pair, open_, first=not spoke) >= silent
               for pair, open_ in others.items())  # fmt: skip


def _spoken(index: HistoryIndex, pair: Pair) -> list[float]:
    """Return when messages came through between two peers."""
    return sorted(one.at for one in index.shown if {one.receiver, one.sender} == {*pair})


def _connected_at(index: HistoryIndex, pair: Pair) -> float:
    """Return when one of two peers said last that they are connected."""
    told = [end.at for end in index.ends if {end.peer, end.other} == {*pair} and not end.closed]
    return max(told, default=0.0)


def gone_at(index: HistoryIndex, pair: Pair) -> float:
    """Return by when the connection of two peers was gone: when that was first read."""
    told, (one, other) = _connected_at(index, pair), pair
    found = [_absent_since(index, one, other, told), _absent_since(index, other, one, told)]
    return min(at for at in (*found, index.last_at) if at is not None)


def _absent_since(index: HistoryIndex, peer: str, other: str, told: float) -> float | None:
    """Return from which reading on a peer had no socket with another one; None if it has."""
    since = None
    for position in reversed(index.sockets.read_at.get(peer, ())):
        if index.entries[position].at < told or index.sockets.between(peer, other, position):
            break
        since = index.entries[position].at
    return since


def _silence(index: HistoryIndex, pair: Pair, sockets: Iterable[Socket], *, first: bool) -> float:
    """Return for how long an open connection was silent at most.

    Args:
        index: the history.
        pair: the peers.
        sockets: of the connections.
        first: whether only the time before the first message counts.
    """
    spoken = _spoken(index, pair)
    silences = [0.0]
    for socket in sockets:
        cuts = [socket.at, *(at for at in spoken if at > socket.at), index.last_at]
        gaps = [later - earlier for earlier, later in pairwise(cuts)]
        if not first:
            silences += gaps
        elif not any(at <= socket.at for at in spoken):
            silences.append(gaps[0])
    return max(silences)
