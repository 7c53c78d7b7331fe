"""The connections that exist before the first step: who dials whom."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from orchestrator.document import Problem, Strict
from orchestrator.scenario.values import PeerName

Shape = Literal["line", "ring", "star", "mesh"]
_Word = Literal["none", Shape]
_Pair = Annotated[list[PeerName], Field(min_length=2, max_length=2)]

_FEWEST = {"line": 2, "star": 2, "mesh": 2, "ring": 3}
"""The least peers of a topology; a ring of two would connect them twice."""


class RandomLinks(Strict):
    """Connections between random pairs of peers.

    Attributes:
        links: the number of connections.
        seed: the same seed draws the same pairs.
    """

    links: Annotated[int, Field(ge=1)]
    seed: int


class RandomGraph(Strict):
    """A random graph.

    Attributes:
        random: how many connections, and the seed to draw them from.
    """

    random: RandomLinks


def _kind(value: Any) -> str:
    if isinstance(value, list):
        return "pairs"
    return "graph" if isinstance(value, dict | RandomGraph) else "word"


Connections = Annotated[
    Annotated[_Word, Tag("word")]
    | Annotated[list[_Pair], Tag("pairs")]
    | Annotated[RandomGraph, Tag("graph")],
    Discriminator(_kind),
]
"""A topology's name, pairs of peers, or a random graph."""


def pairs(connections: Connections, peers: Sequence[str]) -> list[tuple[str, str]]:
    """Return who dials whom, in the order in which they do."""
    if isinstance(connections, list):
        return [(one, other) for one, other in connections]
    if connections == "none":
        return []
    graph = _graph(connections, len(peers))
    return [(peers[one], peers[other]) for one, other in sorted(map(sorted, graph.edges))]


def _graph(connections: _Word | RandomGraph, count: int) -> Any:
    import networkx as nx  # noqa: PLC0415 - takes 0.15 s, and most commands do not need it

    if isinstance(connections, RandomGraph):
        drawn = connections.random
        return nx.gnm_random_graph(count, drawn.links, seed=drawn.seed)
    match connections:
        case "line":
            return nx.path_graph(count)
        case "ring":
            return nx.cycle_graph(count)
        case "star":
            return nx.star_graph(count - 1)
        case _:
            return nx.complete_graph(count)


def problems(connections: Any, peers: Sequence[str]) -> Iterator[Problem]:
    """Yield what makes a topology, as it is in a file, impossible for these peers."""
    if isinstance(connections, str):
        fewest = _FEWEST.get(connections, 0)
        if len(peers) < fewest:
            yield Problem(
                ("connections",), f"a {connections} needs {fewest} peers or more, not {len(peers)}"
            )
    elif isinstance(connections, list):
        yield from _pair_problems(connections)
    elif isinstance(connections, dict):
        yield from _random_problems(connections.get("random"), len(peers))


def _pair_problems(connections: list[Any]) -> Iterator[Problem]:
    seen: list[frozenset[str]] = []
    for index, pair in enumerate(connections):
        is_pair = isinstance(pair, list) and len(pair) == 2  # noqa: PLR2004 - what a pair is
        if not (is_pair and all(isinstance(name, str) for name in pair)):
            continue  # the model reports it
        ends = frozenset(pair)
        if len(ends) == 1:
            yield Problem(("connections", index), f"{pair[0]} cannot be connected to itself")
        elif ends in seen:
            yield Problem(("connections", index), f"{' and '.join(pair)} are connected twice")
        seen.append(ends)


def _random_problems(drawn: Any, count: int) -> Iterator[Problem]:
    links = drawn.get("links") if isinstance(drawn, dict) else None
    most = count * (count - 1) // 2
    if isinstance(links, int) and links > most:
        yield Problem(
            ("connections", "random", "links"),
            f"{count} peers can have {most} connections at most, not {links}",
        )
