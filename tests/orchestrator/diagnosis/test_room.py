"""For how many peers there is room."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.diagnosis.condition import Condition, State
from orchestrator.diagnosis.room import rooms
from orchestrator.engines.resources import Demand, Resource

HERE = Path("/none")


def of_links(free: int | None) -> list[Condition]:
    def needs(demand: Demand) -> Iterator[Resource]:
        yield Resource("hands", demand.peers, 10**9, "grow some")
        yield Resource(
            "of rope", 2 * demand.links, free, f"buy {2 * demand.links} m", "{} m".format
        )

    hands, rope = rooms(needs, HERE)
    assert hands == Condition("hands", State.WORKS, "1,000,000,000 free, enough for 200 peers")
    return [rope]


@pytest.mark.parametrize(
    ("free", "state", "enough"),
    [(0, State.FAILS, 1), (6, State.FAILS, 3), (12, State.LIMITED, 4), (1_024, State.LIMITED, 32)],
)
def test_a_mesh_as_large_as_there_is_room_for(free: int, state: State, enough: int) -> None:
    peers = f"{enough} peer{'s' if enough > 1 else ''}"
    needed = enough * (enough + 1)
    assert of_links(free) == [
        Condition(
            "rope",
            state,
            f"{free} m free, enough for {peers} that are all connected to each other",
            f"a scenario in which {enough + 1} are is refused:"
            f" that takes {needed} m of rope, and {free} m are free",
            f"buy {needed} m",
        )
    ]


def test_enough_for_every_mesh() -> None:
    assert of_links(200 * 199) == [
        Condition("rope", State.WORKS, "39800 m free, enough for 200 peers")
    ]
    (almost,) = of_links(200 * 199 - 1)
    assert (almost.state, "enough for 199 peers" in almost.says) == (State.LIMITED, True)


def test_no_limit() -> None:
    assert of_links(None) == [Condition("rope", State.WORKS, "no limit is known")]
