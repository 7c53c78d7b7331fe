"""What a fault does to one direction of one link, and what several do together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

Link = tuple[str, str]
"""One direction between two peers: from whom, to whom."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What happens to what goes over a link; as it stands here, nothing.

    Attributes:
        cut: whether packets vanish, all of them.
        loss: the share of packets that vanish at random, 0 to 1.
        bandwidth: bytes a second, at most; None for no limit.
        delay: seconds by which packets, or bytes, come later.
        jitter: seconds by which that, or the lag, varies, up and down.
        lag: seconds by which a stream's bytes come later, whatever becomes of packets.
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
        """What a place must be able to do for this: of ``FEATURES``, in their order."""
        wanted = {
            "cut": self.cut,
            "loss": self.loss > 0,
            "bandwidth": self.bandwidth is not None,
            "delay": self.delay > 0,
            "stream": bool(self.lag or self.pieces or self.hold or self.reset is not None),
        }
        return tuple(feature for feature in FEATURES if wanted[feature])


FEATURES = ("cut", "loss", "bandwidth", "delay", "stream")
"""All that a place where peers run may be able to do to their network."""

CLEAR = Effect()
"""Nothing happens to a link."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of the network: what it does, where, under a name by which it is lifted.

    Attributes:
        name: tells it from others that hold at the same time.
        kind: ``partition``, ``isolate``, ``impair`` or ``stream``, as scenarios have it.
        links: what it is done to.
        effect: what is done.
        phrase: the fault in a few words: ``alice | bob, carol``, ``alice to bob: loss 20%``.
    """

    name: str
    kind: str
    links: frozenset[Link]
    effect: Effect
    phrase: str


def together(effects: Iterable[Effect]) -> Effect:
    """Return what several faults do to a link that they all hold on."""
    all_of = list(effects)

    def least(values: Iterable[int | None]) -> int | None:
        return min((value for value in values if value is not None), default=None)

    return Effect(
        cut=any(each.cut for each in all_of),
        loss=1 - prod(1 - each.loss for each in all_of),
        bandwidth=least(each.bandwidth for each in all_of),
        delay=sum(each.delay for each in all_of),
        jitter=sum(each.jitter for each in all_of),
        lag=sum(each.lag for each in all_of),
        pieces=least(each.pieces for each in all_of),
        hold=max((each.hold for each in all_of), default=0.0),
        reset=least(each.reset for each in all_of),
    )


def by_link(faults: Iterable[Fault]) -> dict[Link, Effect]:
    """Return what some faults, holding at the same time, do to each link that they touch."""
    found: dict[Link, list[Effect]] = {}
    for fault in faults:
        for link in fault.links:
            found.setdefault(link, []).append(fault.effect)
    return {link: together(effects) for link, effects in found.items()}
