"""The rules that a sidecar applies to the network it shares with its peer. Pure data."""

from __future__ import annotations

from typing import NamedTuple

LEASE = 10.0
"""Seconds for which rules stay active after their sidecar stops to renew them."""


class ArriveRule(NamedTuple):
    """What happens to packets that arrive.

    Attributes:
        sources: the addresses that they come from.
        cut: whether all of them are dropped.
        loss: the share of them that is dropped at random, 0 to 1.
    """

    sources: tuple[str, ...]
    cut: bool = False
    loss: float = 0.0


class LeaveRule(NamedTuple):
    """What happens to packets that leave.

    Attributes:
        targets: the addresses that they go to, which share the bandwidth.
        bandwidth: bytes a second, at most; None for no limit.
        delay: seconds by which they leave later.
        jitter: seconds by which that varies, up and down.
    """

    targets: tuple[str, ...]
    bandwidth: int | None = None
    delay: float = 0.0
    jitter: float = 0.0


class Shape(NamedTuple):
    """What happens to the bytes of one direction of a stream; by default nothing.

    Attributes:
        lag: seconds by which they come later.
        jitter: seconds by which that varies, up and down; their order stays.
        pieces: bytes that are passed on at a time; None for as they come.
        hold: seconds for which they are collected, then passed on in one go.
        reset: bytes after which the connection is reset; None for never.
    """

    lag: float = 0.0
    jitter: float = 0.0
    pieces: int | None = None
    hold: float = 0.0
    reset: int | None = None


CLEAR = Shape()
"""Bytes pass as they come."""


class RelayRule(NamedTuple):
    """A peer to which streams are relayed.

    Attributes:
        to: its address.
        out: what happens to the bytes that go there.
        back: what happens to those that come from there.
        port: the port that is dialled; only if the relay has listeners of its own.
        source: the address it is dialled from; only then, too.
    """

    to: str
    out: Shape = CLEAR
    back: Shape = CLEAR
    port: int = 0
    source: str = ""

    @property
    def key(self) -> str:
        """The address, or both ends as ``from>to:port``; no two rules have the same."""
        return f"{self.source}>{self.to}:{self.port}" if self.source else self.to


class Rules(NamedTuple):
    """All rules that are active together.

    Attributes:
        lease: seconds for which they stay active without being renewed.
        arrive: for packets that arrive.
        leave: for packets that leave.
        relay: for streams.
    """

    lease: float = LEASE
    arrive: tuple[ArriveRule, ...] = ()
    leave: tuple[LeaveRule, ...] = ()
    relay: tuple[RelayRule, ...] = ()

    def as_data(self) -> dict[str, object]:
        """Return them as a request writes them, defaults included."""
        return {
            "lease": self.lease,
            "arrive": [
                {"from": list(rule.sources), "cut": rule.cut, "loss": rule.loss}
                for rule in self.arrive
            ],
            "leave": [
                {"to": list(rule.targets), **_values(rule, "bandwidth", "delay", "jitter")}
                for rule in self.leave
            ],
            "relay": [_relay_data(rule) for rule in self.relay],
        }


def _relay_data(rule: RelayRule) -> dict[str, object]:
    ends = {"port": rule.port, "from": rule.source} if rule.source else {}
    shapes = {
        name: _values(shape, "lag", "jitter", "pieces", "hold", "reset")
        for name, shape in (("out", rule.out), ("back", rule.back))
    }
    return {"to": rule.to, **ends, **shapes}


def _values(of: object, *names: str) -> dict[str, object]:
    return {name: getattr(of, name) for name in names}
