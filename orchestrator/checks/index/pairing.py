"""Which two ends belong to one connection.

Ids mean something at their own peer only. So the connections of two peers are distinguished by
their order, on which both consoles agree, and by their times: no connection is reported before
someone dialled, and none of a program before it was started.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

from orchestrator.checks.index.connections import ConnectionEnd
from orchestrator.checks.index.invocations import Operation

Side = tuple[str, str]  # a peer, and the one at the other end


def pair(ends: Iterable[ConnectionEnd], connects: Iterable[Operation]) -> list[ConnectionEnd]:
    """Join the ends of each connection; return the accepted ones that no one had dialled."""
    by_role: dict[str, dict[Side, list[ConnectionEnd]]] = {
        role: defaultdict(list) for role in ("dialled", "accepted", "implied")
    }
    for end in ends:
        if end.other:
            by_role[end.role][end.peer, end.other].append(end)
    tried: dict[Side, list[Operation]] = defaultdict(list)
    for connect in connects:
        tried[connect.peer, connect.to].append(connect)
    for (peer, other), accepted in by_role["accepted"].items():
        _join(by_role["dialled"].get((other, peer), []), accepted, tried[other, peer])
    _join_implied(ends)
    undialled: list[ConnectionEnd] = []
    for (peer, other), accepted in by_role["accepted"].items():
        explained = sum(connect.status != "ok" for connect in tried[other, peer])
        undialled += [end for end in accepted if not end.twin][explained:]
    return undialled


def _join(
    dialled: Sequence[ConnectionEnd], accepted: list[ConnectionEnd], tried: Sequence[Operation]
) -> None:
    """Join each dialled end with the last accepted one that can belong to it; the rest in order.

    More accepted than dialled ends may come from `connect`s with an unknown outcome.
    """
    invoked = {connect.done_position: connect.at for connect in tried}
    acts: list[tuple[float, ConnectionEnd | None]] = [
        (invoked.get(e.position, e.at), e) for e in dialled
    ]
    acts += [(connect.at, None) for connect in tried if connect.is_indeterminate]
    acts.sort(key=lambda act: act[0])
    left, still = list(accepted), len(dialled)
    for at, end in reversed(acts):
        if end:
            still -= 1
            if left and left[-1].at >= at and _is_possible(end, left[-1]):
                _make_twins(end, left.pop())
        elif len(left) > still and left[-1].at >= at:
            left.pop()
    rest = deque(left)
    for end in dialled:
        if not end.twin:
            _join_with_first(end, invoked.get(end.position, end.at), rest)


def _join_with_first(dialled: ConnectionEnd, at: float, left: deque[ConnectionEnd]) -> None:
    """Join an end dialled at a time with the first one that was accepted by who ran then."""
    while left and left[0].incarnation.ended is not None and left[0].incarnation.ended <= at:
        left.popleft()
    if left and _is_possible(dialled, left[0]):
        _make_twins(dialled, left.popleft())


def _is_possible(dialled: ConnectionEnd, accepted: ConnectionEnd) -> bool:
    """Return whether the accepting program had been started by then."""
    return accepted.incarnation.began <= dialled.at


def _join_implied(ends: Iterable[ConnectionEnd]) -> None:
    """Join ends that were never reported with whatever is left at the other peer, in order."""
    single: dict[Side, list[ConnectionEnd]] = defaultdict(list)
    for end in ends:
        if end.other and not end.twin:
            single[end.peer, end.other].append(end)
    for (peer, other), here in single.items():
        there = [end for end in single.get((other, peer), []) if not end.twin]
        for one in [end for end in here if not end.twin]:
            match = next((o for o in there if o is not one and _fit(one, o)), None)
            if match:
                there.remove(match)
                _make_twins(one, match)


def _fit(one: ConnectionEnd, other: ConnectionEnd) -> bool:
    is_implied = "implied" in (one.role, other.role)
    return not one.twin and is_implied and one.incarnation.overlaps(other.incarnation)


def _make_twins(one: ConnectionEnd, other: ConnectionEnd) -> None:
    one.twin, other.twin = other, one
