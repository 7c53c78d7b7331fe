"""What faults do to one direction of one link, and what several do together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

Link = tuple[str, str]
"""One direction between two peers: the sender and the receiver."""

FEATURES = ("cut", "loss", "bandwidth", "delay", "stream")
"""What an engine may be able to do to the network of its peers."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What happens to the traffic of a link; by default nothing.

    Attributes:
        cut: whether all packets are dropped.
        loss: the share of packets that is dropped at random, 0 to 1.
        bandwidth: bytes a second, at most; None for no limit.
        delay: seconds by which packets come later, or bytes if packets cannot be delayed.
        jitter: seconds by which that, or the lag, varies, up and down.
        lag: seconds by which a stream's bytes come later.
        pieces: bytes of a stream that are passed on at a time; None for as they come.
        hold: seconds for which a stream's bytes are held back, then passed on in one go.
        reset: bytes of a stream after which its connection is reset; None for never.
    """

    cut: bool = False
    loss: float = 0.0
    bandwidth: int | None = None
    delay: float = 0.0
    jitter: float = 0.0
    lag: float = 0.0
    pieces: int | None = None
    hold: float = 0.0
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


CLEAR = Effect()
"""Nothing happens to a link."""


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
    """A fault of the network, with a name by which it is lifted.

    Attributes:
        name: different from those of all other active faults.
        kind: ``partition``, ``isolate``, ``impair`` or ``stream``, as in scenarios.
        links: the links that it is on.
        effect: what it does to them.
        phrase: the fault in a few words: ``alice | bob, carol``, ``alice to bob: loss 20%``.
    """

    name: str
    kind: str
    links: frozenset[Link]
    effect: Effect
    phrase: str


def by_link(faults: Iterable[Fault]) -> dict[Link, Effect]:
    """Return the combined effect of faults on every link that they are on."""
    found: dict[Link, list[Effect]] = {}
    for fault in faults:
        for link in fault.links:
            found.setdefault(link, []).append(fault.effect)
    return {link: combine(effects) for link, effects in found.items()}
