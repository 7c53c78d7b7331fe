"""What faults do to links, each one direction between two peers, and which links they are on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from math import prod
from typing import Any

Link = tuple[str, str]  # one direction between two peers: the sender and the receiver

FEATURES = ("cut", "loss", "bandwidth", "delay", "stream")
"""What an engine may be able to do to the network of its peers."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What happens to the traffic of a link; by default nothing."""

    cut: bool = False  # whether all packets are dropped
    loss: float = 0.0  # the share of packets that is dropped at random, 0 to 1
    bandwidth: int | None = None  # bytes a second, at most; None for no limit
    delay: float = 0.0  # seconds by which packets come later, or bytes if packets cannot be delayed
    jitter: float = 0.0  # seconds by which that, or the lag, varies, up and down
    lag: float = 0.0  # seconds by which a stream's bytes come later
    # bytes of a stream that are passed on at a time; None for as they come
    pieces: int | None = None
    hold: float = 0.0  # seconds for which a stream's bytes are held back, then passed on in one go
    # bytes of a stream after which its connection is reset; None for never
    reset: int | None = None

    @property
    def features(self) -> tuple[str, ...]:
        """The ``FEATURES`` that this needs, in their order."""
        needed = {
            "cut": self.cut,
            "loss": self.loss > 0,
            "bandwidth": self.bandwidth is not None,
            "delay": self.delay > 0,
            "stream": bool(self.lag or self.pieces or self.hold or self.reset is not None),
        }
        return tuple(feature for feature in FEATURES if needed[feature])

    @property
    def blocks(self) -> bool:
        """Whether nothing gets over the link."""
        return self.cut or self.loss >= 1


CLEAR = Effect()  # nothing happens to a link


def _least(values: Iterable[int | None]) -> int | None:
    return min((value for value in values if value is not None), default=None)


_COMBINE: Mapping[str, Callable[[list[Any]], Any]] = {
    "cut": any,
    "loss": lambda shares: 1 - prod(1 - share for share in shares),
    "bandwidth": _least,
    "delay": sum,
    "jitter": sum,
    "lag": sum,
    "pieces": _least,
    "hold": lambda seconds: max(seconds, default=0.0),
    "reset": _least,
}
"""How several effects on one link add up, for every field of `Effect`."""


def combine(effects: Iterable[Effect]) -> Effect:
    """Return what several effects on one link do together."""
    several = list(effects)
    return Effect(
        **{
            name: add_up([getattr(effect, name) for effect in several])
            for name, add_up in _COMBINE.items()
        }
    )


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the network, with a name by which it is lifted."""

    name: str  # different from those of all other active faults
    kind: str  # ``partition``, ``isolate``, ``impair`` or ``stream``, as in scenarios
    links: frozenset[Link]  # the links that it is on
    effect: Effect  # what it does to them
    phrase: str  # the fault in a few words: ``alice | bob, carol``, ``alice to bob: loss 20%``


def by_link(faults: Iterable[Fault]) -> dict[Link, Effect]:
    """Return the combined effect of faults on every link that they are on."""
    found: dict[Link, list[Effect]] = {}
    for fault in faults:
        for link in fault.links:
            found.setdefault(link, []).append(fault.effect)
    return {link: combine(effects) for link, effects in found.items()}


Links = frozenset[Link]


def partition_links(groups: Sequence[Collection[str]], *, one_way: bool = False) -> Links:
    """Return the links between peers that have no group in common.

    Peers in no group are not touched. `one_way` links are from the first of two groups to the
    second.
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
