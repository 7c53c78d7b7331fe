"""Which links a fault is on. A link is one direction between two peers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import permutations

from orchestrator.faults.effect import Link

Links = frozenset[Link]


def partition_links(groups: Sequence[Collection[str]], *, one_way: bool = False) -> Links:
    """Return the links between peers that have no group in common.

    Peers in no group are not touched.

    Args:
        groups: names of peers; a peer may be in several groups.
        one_way: only the links from the first group to the second.
    """
    if one_way:
        first, second = groups
        return links_one_way(first, second)
    grouped = {name for group in groups for name in group}
    return frozenset(
        (one, other)
        for one, other in permutations(sorted(grouped), 2)
        if not any(one in group and other in group for group in groups)
    )


def links_one_way(sources: Collection[str], to: Collection[str]) -> Links:
    """Return the links from some peers to others."""
    return frozenset((one, other) for one in sources for other in to if one != other)


def links_at(peer: str, peers: Collection[str]) -> Links:
    """Return all links of one peer, in both directions."""
    others = [name for name in peers if name != peer]
    return frozenset([(peer, other) for other in others] + [(other, peer) for other in others])


def links_between(peers: Collection[str]) -> Links:
    """Return all links between some peers, in both directions."""
    return frozenset(permutations(peers, 2))
