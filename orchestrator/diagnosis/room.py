"""For how many peers a machine has room, by everything that a run counts before it starts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from orchestrator.diagnosis.condition import Condition, State
from orchestrator.engines.resources import Demand, Resource
from orchestrator.text import count

MOST = 200  # peers of a mesh
_FEW = 4  # peers that the first minute takes

Needs = Callable[[Demand], Iterable[Resource]]


def rooms(needs: Needs, folder: Path) -> Iterator[Condition]:
    """Yield for each resource for how many peers there is enough, all connected to each other.

    Args:
        needs: yields what peers need, and what is free.
        folder: where runs are kept.
    """
    for what in [one.what for one in needs(_mesh(1, folder))]:
        most = _most(what, needs, folder)
        next_one = _named(what, needs, _mesh(most + 1, folder))
        yield _condition(next_one, most)


def _mesh(peers: int, folder: Path) -> Demand:
    return Demand(peers, peers * (peers - 1) // 2, folder)


def _named(what: str, needs: Needs, demand: Demand) -> Resource:
    return next(one for one in needs(demand) if one.what == what)


def _most(what: str, needs: Needs, folder: Path) -> int:
    """Return for how many peers there is enough, at most `MOST`; a demand grows with the peers."""
    enough, short = 0, MOST + 1
    while short - enough > 1:
        middle = (enough + short) // 2
        if _named(what, needs, _mesh(middle, folder)).is_short:
            short = middle
        else:
            enough = middle
    return enough


def _condition(beyond: Resource, most: int) -> Condition:
    """Return the condition of a resource, given what one peer more than there is room for needs."""
    part = beyond.what.removeprefix("of ")
    if beyond.free is None:
        return Condition(part, State.WORKS, "no limit is known")
    free = f"{beyond.show(beyond.free)} free, enough for {count(most, 'peer')}"
    if most >= MOST:
        return Condition(part, State.WORKS, free)
    return Condition(
        part,
        State.LIMITED if most >= _FEW else State.FAILS,
        f"{free} that are all connected to each other",
        f"a scenario in which {most + 1} are is refused: that takes {beyond}",
        beyond.remedy,
    )
