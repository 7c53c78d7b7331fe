"""Which two ends belong to one connection.

Ids mean something at their own peer only. So the connections between two peers are told
apart by their order, which both consoles agree on, and by their times: nobody is told of a
connection before somebody dialled, and no program of one made before it was started.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

from orchestrator.checks.index.connections import End
from orchestrator.checks.index.operations import Operation

Pair = tuple[str, str]
"""A peer, and the one at the other end."""


def pair(ends: Iterable[End], connects: Iterable[Operation]) -> list[End]:
    """Join the ends of each connection; return those that were accepted from nobody.

    Args:
        ends: every end.
        connects: every `connect`, however it ended.
    """
    roles: dict[str, dict[Pair, list[End]]] = {
        role: defaultdict(list) for role in ("dialled", "accepted", "implied")
    }
    for end in ends:
        if end.other:
            roles[end.role][end.peer, end.other].append(end)
    tried = _by_pair(connects)
    for (peer, other), accepted in roles["accepted"].items():
        _join(roles["dialled"].get((other, peer), []), accepted, tried[other, peer])
    _join_the_rest(ends)
    return [
        end
        for (peer, other), accepted in roles["accepted"].items()
        for end in _unasked(accepted, tried[other, peer])
    ]


def _unasked(accepted: Sequence[End], tried: Sequence[Operation]) -> Sequence[End]:
    """Return the ends that no `connect` explains, be it one without success."""
    unsure = sum(each.status != "ok" for each in tried)
    return [end for end in accepted if not end.twin][unsure:]


def _by_pair(connects: Iterable[Operation]) -> dict[Pair, list[Operation]]:
    tried: dict[Pair, list[Operation]] = defaultdict(list)
    for each in connects:
        tried[each.peer, each.to].append(each)
    return tried


def _join(dialled: Sequence[End], accepted: list[End], tried: Sequence[Operation]) -> None:
    """Join what was dialled with the last that can have come of it; then the rest in order.

    What is more than was dialled may have come of a `connect` that nobody knows the end of.
    """
    invoked = {each.done_position: each.at for each in tried}
    acts: list[tuple[float, End | None]] = [(invoked.get(e.position, e.at), e) for e in dialled]
    acts += [(each.at, None) for each in tried if each.is_perhaps]
    acts.sort(key=lambda act: act[0])
    left, still = list(accepted), len(dialled)
    for at, end in reversed(acts):
        if end:
            still -= 1
            if left and left[-1].at >= at and _are_possible(end, left[-1]):
                _twins(end, left.pop())
        elif len(left) > still and left[-1].at >= at:
            left.pop()
    rest = deque(left)
    for end in dialled:
        if not end.twin:
            _join_with_first(end, invoked.get(end.position, end.at), rest)


def _join_with_first(dialled: End, at: float, left: deque[End]) -> None:
    """Join what was dialled at a time with the first that was accepted by who was there then."""
    while left and left[0].life.over is not None and left[0].life.over <= at:
        left.popleft()
    if left and _are_possible(dialled, left[0]):
        _twins(dialled, left.popleft())


def _are_possible(dialled: End, accepted: End) -> bool:
    """Return whether who accepted was there when it was dialled."""
    return accepted.life.began <= dialled.at


def _join_the_rest(ends: Iterable[End]) -> None:
    """Join ends that were never told of with whatever is left at the other peer, in order."""
    single: dict[Pair, list[End]] = defaultdict(list)
    for end in ends:
        if end.other and not end.twin:
            single[end.peer, end.other].append(end)
    for (peer, other), here in single.items():
        there = [end for end in single.get((other, peer), []) if not end.twin]
        for one in [end for end in here if not end.twin]:
            match = next((o for o in there if o is not one and _fit(one, o)), None)
            if match:
                there.remove(match)
                _twins(one, match)


def _fit(one: End, other: End) -> bool:
    known = "implied" in (one.role, other.role)
    return not one.twin and known and one.life.meets(other.life)


def _twins(one: End, other: End) -> None:
    one.twin, other.twin = other, one
