"""What shall hold in the network that a sidecar shares with its peer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sidecar.errors import RequestError
from sidecar.fields import Fields

LEASE = 10.0
"""Seconds for which rules hold once their sidecar does not renew them any more."""

_HOUR = 3600.0
_MANY_BYTES = 1 << 40


@dataclass(frozen=True, slots=True)
class Arrive:
    """What becomes of packets that come in.

    Attributes:
        sources: the addresses that they come from.
        cut: whether they vanish, all of them.
        loss: the share of them that vanishes at random, 0 to 1.
    """

    sources: tuple[str, ...]
    cut: bool = False
    loss: float = 0.0


@dataclass(frozen=True, slots=True)
class Leave:
    """What becomes of packets that go out.

    Attributes:
        targets: the addresses that they go to; these share the bandwidth.
        bandwidth: bytes a second, at most; None for no limit.
        delay: seconds by which they leave later.
        jitter: seconds by which that varies, up and down.
    """

    targets: tuple[str, ...]
    bandwidth: int | None = None
    delay: float = 0.0
    jitter: float = 0.0


@dataclass(frozen=True, slots=True)
class Bend:
    """What becomes of the bytes of one direction of a stream; as it stands here, nothing.

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


CLEAR = Bend()
"""Bytes go on as they come."""


@dataclass(frozen=True, slots=True)
class Bent:
    """A peer to which streams are relayed.

    Attributes:
        to: its address.
        out: what becomes of the bytes that go there.
        back: what becomes of those that come from there.
        port: the port that is dialled; only where the relay has listeners of its own.
        source: the address it is dialled from; only there as well.
    """

    to: str
    out: Bend = CLEAR
    back: Bend = CLEAR
    port: int = 0
    source: str = ""

    @property
    def key(self) -> str:
        """What tells it from others: the address, or both ends as ``from>to:port``."""
        return f"{self.source}>{self.to}:{self.port}" if self.source else self.to


@dataclass(frozen=True, slots=True)
class Rules:
    """All that shall hold.

    Attributes:
        lease: seconds for which it holds without being renewed.
        arrive: for packets that come in.
        leave: for packets that go out.
        relay: for streams.
    """

    lease: float = LEASE
    arrive: tuple[Arrive, ...] = ()
    leave: tuple[Leave, ...] = ()
    relay: tuple[Bent, ...] = field(default=())

    def as_data(self) -> dict[str, object]:
        """Return them as requests have them, with all that may be left out."""
        return {
            "lease": self.lease,
            "arrive": [
                {"from": list(each.sources), "cut": each.cut, "loss": each.loss}
                for each in self.arrive
            ],
            "leave": [
                {"to": list(each.targets), **_values(each, "bandwidth", "delay", "jitter")}
                for each in self.leave
            ],
            "relay": [_bent_data(each) for each in self.relay],
        }


def read_rules(fields: Fields, *, with_kernel: bool) -> Rules:
    """Read rules.

    Args:
        fields: where they stand.
        with_kernel: whether packets can be touched; where not, a stream's two ends are named.

    Raises:
        RequestError: they say what rules must not say.
    """
    rules = Rules(
        lease=fields.number("lease", 0.5, _HOUR, LEASE),
        arrive=tuple(_read_arrive(each) for each in fields.objects("arrive")),
        leave=tuple(_read_leave(each) for each in fields.objects("leave")),
        relay=tuple(_read_bent(each, with_kernel) for each in fields.objects("relay")),
    )
    fields.done()
    _see_that_once("arrive", (source for each in rules.arrive for source in each.sources))
    _see_that_once("leave", (target for each in rules.leave for target in each.targets))
    _see_that_once("relay", (each.key for each in rules.relay))
    return rules


def _see_that_once(where: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise RequestError(f"{where} has {name} twice")
        seen.add(name)


def _read_arrive(fields: Fields) -> Arrive:
    sources = fields.addresses("from")
    read = Arrive(sources, fields.flag("cut", default=False), fields.number("loss", 0, 1, 0.0))
    fields.done()
    return read


def _read_leave(fields: Fields) -> Leave:
    read = Leave(
        fields.addresses("to"),
        fields.whole_or_none("bandwidth", 1, _MANY_BYTES),
        fields.number("delay", 0, _HOUR, 0.0),
        fields.number("jitter", 0, _HOUR, 0.0),
    )
    fields.done()
    return read


def _read_bent(fields: Fields, with_kernel: bool) -> Bent:  # noqa: FBT001
    read = Bent(
        fields.address("to"),
        _read_bend(fields.inner("out", {})),
        _read_bend(fields.inner("back", {})),
        0 if with_kernel else fields.whole("port", 1, 65535),
        "" if with_kernel else fields.address("from"),
    )
    fields.done()
    return read


def _read_bend(fields: Fields) -> Bend:
    read = Bend(
        fields.number("lag", 0, _HOUR, 0.0),
        fields.number("jitter", 0, _HOUR, 0.0),
        fields.whole_or_none("pieces", 1, _MANY_BYTES),
        fields.number("hold", 0, _HOUR, 0.0),
        fields.whole_or_none("reset", 0, _MANY_BYTES),
    )
    fields.done()
    return read


def _bent_data(bent: Bent) -> dict[str, object]:
    ends = {"port": bent.port, "from": bent.source} if bent.source else {}
    bends = {
        name: _values(bend, "lag", "jitter", "pieces", "hold", "reset")
        for name, bend in (("out", bent.out), ("back", bent.back))
    }
    return {"to": bent.to, **ends, **bends}


def _values(of: object, *names: str) -> dict[str, object]:
    return {name: getattr(of, name) for name in names}
