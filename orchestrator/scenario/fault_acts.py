"""The keys of fault steps: faults of peers and of the links between them, and their effect."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from orchestrator.document import Strict
from orchestrator.faults.effect import (
    Effect,
    Links,
    links_at,
    links_between,
    links_one_way,
    partition_links,
)
from orchestrator.profile import Seconds
from orchestrator.scenario import fault_rules
from orchestrator.scenario.acts import enforce
from orchestrator.scenario.values import (
    ALL,
    NAME,
    Bandwidth,
    Loss,
    PeerName,
    PeerOrAll,
    Time,
    as_percent,
    as_rate,
    valid_name,
)


def _fault_name(name: str) -> str:
    if valid_name(name) == ALL:
        raise ValueError(f"{ALL!r} stands for every fault: none can have that name")
    return name


FaultName = Annotated[
    str, Field(json_schema_extra={"pattern": NAME}), AfterValidator(_fault_name)
]  # fmt: skip
"""A name that a step gives its fault."""

_Size = Annotated[int, Field(ge=1, le=200)]
_Reset = Annotated[int, Field(ge=0, le=1_000_000)]
Kind = Literal["kill", "stop", "pause", "partition", "isolate", "impair", "stream"]


class Lasting(Strict):
    """A fault that may end by itself.

    Attributes:
        lasts: seconds until it is lifted; the step takes that long.
    """

    lasts: Seconds | None = Field(default=None, alias="for")

    @property
    def is_lifted(self) -> bool:
        """Whether the step itself lifts the fault."""
        return self.lasts is not None

    @property
    def _length(self) -> str:
        return "" if self.lasts is None else f" for {self.lasts:g} s"


class ProcessFault(Lasting):
    """A fault of peer `at`: it is killed, stopped or paused.

    Attributes:
        at: which peer.
        lasts: seconds until it is restarted or resumed; the step takes that long.
    """

    at: PeerName

    @property
    def phrase(self) -> str:
        """The peer and how long, in a few words."""
        return self.at + self._length


class Undo(Strict):
    """Peer `at` is restarted after its end, or resumed after a pause.

    Attributes:
        at: which peer.
    """

    at: PeerName

    @property
    def phrase(self) -> str:
        """The peer."""
        return self.at


class NetworkFault(Lasting):
    """A fault of links, which may have a name.

    Attributes:
        name: a name to lift it by; by default a number, such as `partition 1`.
    """

    name: FaultName | None = Field(default=None, alias="as")

    @property
    @abstractmethod
    def scope(self) -> str:
        """Its links, in a few words."""

    @property
    def phrase(self) -> str:
        """Its links and how long, in a few words."""
        return self.scope + self._length

    @property
    def effect(self) -> Effect:
        """What it does to its links."""
        return Effect(cut=True)

    @abstractmethod
    def links(self, peers: Sequence[str]) -> Links:
        """Return its links."""


_Groups = Annotated[
    list[Annotated[list[PeerName], Field(min_length=1, json_schema_extra={"uniqueItems": True})]],
    Field(min_length=2),
]


class Partition(NetworkFault):
    """Peers reach each other only if they share a group.

    Attributes:
        groups: names of peers; a peer may be in several groups, and one in none is not touched.
        one_way: with two groups, only packets from the first to the second are dropped.
    """

    groups: _Groups
    one_way: bool = False

    _cuts = enforce(fault_rules.of_partition)

    @property
    def scope(self) -> str:
        """The groups, in a few words."""
        sides = [", ".join(group) for group in self.groups]
        return f"nothing from {sides[0]} to {sides[1]}" if self.one_way else " | ".join(sides)

    def links(self, peers: Sequence[str]) -> Links:
        """Return the links between peers that share no group."""
        return partition_links(self.groups, one_way=self.one_way)


class Isolate(NetworkFault):
    """Peer `at` is cut off from all others.

    Attributes:
        at: which peer.
    """

    at: PeerName

    @property
    def scope(self) -> str:
        """The peer, in a few words."""
        return f"{self.at} alone"

    def links(self, peers: Sequence[str]) -> Links:
        """Return all links of the peer."""
        return links_at(self.at, peers)


_ONE_SCOPE: list[JsonValue] = [
    {"required": ["from", "to"]}, {"required": ["between"]}, {"required": ["at"]},
]  # fmt: skip


class Scoped(NetworkFault):
    """A fault of some links: from one peer to another, between several, or all links of one.

    Attributes:
        source: the sender, with `to`: this direction only; one of the two may be `all`.
        to: the receiver, with `from`.
        between: both directions between any two of these.
        at: both directions of every link of this peer; `all` for every link.
    """

    source: PeerOrAll | None = Field(default=None, alias="from")
    to: PeerOrAll | None = None
    between: Annotated[
        list[PeerName] | None, Field(min_length=2, json_schema_extra={"uniqueItems": True})
    ] = None
    at: PeerOrAll | None = None

    _one_scope = enforce(fault_rules.of_scope)

    @property
    def scope(self) -> str:
        """Its links, in a few words."""
        if self.source is not None:
            return f"{self.source} to {self.to}"
        if self.between is not None:
            return " and ".join([", ".join(self.between[:-1]), self.between[-1]])
        return "all links" if self.at == ALL else f"all of {self.at}"

    @property
    @abstractmethod
    def does(self) -> str:
        """What it does to them, in a few words."""

    @property
    def phrase(self) -> str:
        """Its links, what it does and how long, in a few words."""
        return f"{self.scope}: {self.does}{self._length}"

    def links(self, peers: Sequence[str]) -> Links:
        """Return the links in scope."""
        if self.source is not None and self.to is not None:
            senders, receivers = (
                peers if name == ALL else [name] for name in (self.source, self.to)
            )
            return links_one_way(senders, receivers)
        if self.between is not None:
            return links_between(self.between)
        if self.at is not None and self.at != ALL:
            return links_at(self.at, peers)
        return links_between(peers)


def _seconds(what: str, delay: float, jitter: float | None) -> str:
    return f"{what} {delay:g} s" + (f" ± {jitter:g} s" if jitter else "")


class Impair(Scoped):
    """Links lose packets, are slow, or have little bandwidth.

    Attributes:
        loss: the share of packets that is dropped at random, such as `20%`.
        bandwidth: what gets through at most, such as `64 kB/s` or `1 Mbit/s`.
        delay: seconds by which everything comes later.
        jitter: seconds by which the delay varies, up and down.
    """

    model_config = ConfigDict(json_schema_extra={
        "allOf": [
            {"oneOf": _ONE_SCOPE},
            {"anyOf": [{"required": [key]} for key in ("loss", "bandwidth", "delay")]},
        ],
        "dependentRequired": {"jitter": ["delay"]},
    })  # fmt: skip

    loss: Loss | None = None
    bandwidth: Bandwidth | None = None
    delay: Time | None = None
    jitter: Time | None = None

    _something = enforce(fault_rules.of_impair)

    @property
    def does(self) -> str:
        """What it does, in a few words."""
        found = []
        if self.loss is not None:
            found.append(f"loss {as_percent(self.loss)}")
        if self.bandwidth is not None:
            found.append(f"bandwidth {as_rate(self.bandwidth)}")
        if self.delay is not None:
            found.append(_seconds("delay", self.delay, self.jitter))
        return ", ".join(found)

    @property
    def effect(self) -> Effect:
        """What it does to its links."""
        return Effect(
            loss=self.loss or 0.0,
            bandwidth=self.bandwidth,
            delay=self.delay or 0.0,
            jitter=self.jitter or 0.0,
        )


class Stream(Scoped):
    """TCP connections made from now on are cut into pieces, held back, delayed or reset.

    Exactly one of `pieces`, `hold`, `delay` and `reset`. No byte is lost or changed.

    Attributes:
        pieces: bytes that are passed on at a time.
        hold: seconds for which bytes are held back, then passed on in one go.
        delay: seconds by which bytes come later.
        jitter: seconds by which the delay varies, up and down.
        reset: bytes after which the connection is reset.
    """

    model_config = ConfigDict(json_schema_extra={
        "allOf": [
            {"oneOf": _ONE_SCOPE},
            {"oneOf": [{"required": [key]} for key in ("pieces", "hold", "delay", "reset")]},
        ],
        "dependentRequired": {"jitter": ["delay"]},
    })  # fmt: skip

    pieces: _Size | None = None
    hold: Time | None = None
    delay: Time | None = None
    jitter: Time | None = None
    reset: _Reset | None = None

    _one_thing = enforce(fault_rules.of_stream)

    @property
    def does(self) -> str:
        """What it does, in a few words."""
        if self.pieces is not None:
            return f"in pieces of {_bytes(self.pieces)}"
        if self.hold is not None:
            return f"held back {self.hold:g} s"
        if self.delay is not None:
            return _seconds("streams delayed", self.delay, self.jitter)
        return f"reset after {_bytes(self.reset or 0)}"

    @property
    def effect(self) -> Effect:
        """What it does to its links."""
        return Effect(
            lag=self.delay or 0.0,
            jitter=self.jitter or 0.0,
            pieces=self.pieces,
            hold=self.hold or 0.0,
            reset=self.reset,
        )


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"


class Lift(Strict):
    """Faults are lifted.

    Attributes:
        fault: the name that a step gave it with `as`; `all` for every one.
    """

    fault: str

    @property
    def phrase(self) -> str:
        """What is lifted, in a few words."""
        return self.fault


class Chaos(Strict):
    """Random faults, one after the other and some at once; the same seed draws the same faults.

    Attributes:
        seed: what the draw depends on, with the names of the peers.
        lasts: seconds that it takes; all faults are lifted by then.
        faults: kinds to draw from; by default all that the engine supports.
    """

    seed: int
    lasts: Annotated[float, Field(ge=2, le=3600, strict=False)] = Field(alias="for")
    faults: Annotated[list[Kind], Field(min_length=1)] | None = None

    _kinds = enforce(fault_rules.of_chaos)

    @property
    def phrase(self) -> str:
        """How long and with which seed, in a few words."""
        return f"for {self.lasts:g} s, seed {self.seed}"
