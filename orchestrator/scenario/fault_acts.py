"""Faults, as scenarios have them: what is done to peers and to the links between them."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from orchestrator.document import Strict
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
        """How long it lasts, as a clause."""
        return "" if self.lasts is None else f" for {self.lasts:g} s"


class ProcessFault(Lasting):
    """A fault of peer `at`: it is killed, stopped or paused.

    Attributes:
        at: which peer.
        lasts: seconds until it is started again or resumed; the step takes that long.
    """

    at: PeerName

    @property
    def phrase(self) -> str:
        """To whom, in a few words."""
        return self.at + self._length


class Again(Strict):
    """Peer `at` is started again after its end, or resumed after a pause.

    Attributes:
        at: which peer.
    """

    at: PeerName

    @property
    def phrase(self) -> str:
        """Who, in a few words."""
        return self.at


class NetworkFault(Lasting):
    """A fault of links, which may have a name.

    Attributes:
        name: by which it can be lifted; else it is numbered: `partition 1`.
    """

    name: FaultName | None = Field(default=None, alias="as")


_Groups = Annotated[
    list[Annotated[list[PeerName], Field(min_length=1, json_schema_extra={"uniqueItems": True})]],
    Field(min_length=2),
]


class Partition(NetworkFault):
    """Peers reach each other only where some group has both.

    Attributes:
        groups: names of peers; who is in several talks to all of them, who is in none is not
            touched.
        one_way: of two groups, only what goes from the first to the second vanishes.
    """

    groups: _Groups
    one_way: bool = False

    _cuts = enforce(fault_rules.of_partition)

    @property
    def scope(self) -> str:
        """Who is parted, in a few words."""
        sides = [", ".join(group) for group in self.groups]
        return f"nothing from {sides[0]} to {sides[1]}" if self.one_way else " | ".join(sides)

    @property
    def phrase(self) -> str:
        """Who is parted and for how long, in a few words."""
        return self.scope + self._length


class Isolate(NetworkFault):
    """Peer `at` reaches nobody, and nobody reaches it.

    Attributes:
        at: which peer.
    """

    at: PeerName

    @property
    def scope(self) -> str:
        """Who is parted, in a few words."""
        return f"{self.at} alone"

    @property
    def phrase(self) -> str:
        """Who is parted and for how long, in a few words."""
        return self.scope + self._length


_ONE_SCOPE: list[JsonValue] = [
    {"required": ["from", "to"]}, {"required": ["between"]}, {"required": ["at"]},
]  # fmt: skip


class Scoped(NetworkFault):
    """A fault of some links: from one peer to another, between several, or all that one has.

    Attributes:
        source: from whom, with `to`: this direction alone; one of the two may be `all`.
        to: to whom, with `from`.
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
        """Which links, in a few words."""
        if self.source is not None:
            return f"{self.source} to {self.to}"
        if self.between is not None:
            return " and ".join([", ".join(self.between[:-1]), self.between[-1]])
        return "all links" if self.at == ALL else f"all of {self.at}"

    @property
    @abstractmethod
    def does(self) -> str:
        """What is done to them, in a few words."""

    @property
    def phrase(self) -> str:
        """Which links, what is done and for how long, in a few words."""
        return f"{self.scope}: {self.does}{self._length}"


def _seconds(what: str, delay: float, jitter: float | None) -> str:
    return f"{what} {delay:g} s" + (f" ± {jitter:g} s" if jitter else "")


class Impair(Scoped):
    """Links become bad: some packets vanish, or all come late, or few fit through.

    Attributes:
        loss: the share of packets that vanish at random, such as `20%`.
        bandwidth: what fits through at most, such as `64 kB/s` or `1 Mbit/s`.
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
    jitter: Annotated[float, Field(ge=0, le=10, strict=False)] | None = None

    _something = enforce(fault_rules.of_impair)

    @property
    def does(self) -> str:
        """What is done to the links, in a few words."""
        found = []
        if self.loss is not None:
            found.append(f"loss {as_percent(self.loss)}")
        if self.bandwidth is not None:
            found.append(f"bandwidth {as_rate(self.bandwidth)}")
        if self.delay is not None:
            found.append(_seconds("delay", self.delay, self.jitter))
        return ", ".join(found)


class Stream(Scoped):
    """What goes over TCP connections made from now on comes in another way, all of it.

    Exactly one of `pieces`, `hold`, `delay` and `reset`.

    Attributes:
        pieces: so many bytes are passed on at a time.
        hold: bytes are held back for so many seconds, then passed on in one go.
        delay: seconds by which bytes come later.
        jitter: seconds by which the delay varies, up and down.
        reset: after so many bytes the connection is reset.
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
    jitter: Annotated[float, Field(ge=0, le=10, strict=False)] | None = None
    reset: _Reset | None = None

    _one_thing = enforce(fault_rules.of_stream)

    @property
    def does(self) -> str:
        """What is done to the streams, in a few words."""
        if self.pieces is not None:
            return f"in pieces of {_bytes(self.pieces)}"
        if self.hold is not None:
            return f"held back {self.hold:g} s"
        if self.delay is not None:
            return _seconds("streams delayed", self.delay, self.jitter)
        return f"reset after {_bytes(self.reset or 0)}"


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"


class Lift(Strict):
    """Faults are lifted.

    Attributes:
        fault: the name of one that a step gave it with `as`; `all` for every one.
    """

    fault: str

    @property
    def phrase(self) -> str:
        """What is lifted, in a few words."""
        return self.fault


class Chaos(Strict):
    """Faults at random, one after the other and some at once; the same seed draws the same.

    Attributes:
        seed: what the draw depends on, beside the names of the peers.
        lasts: for so many seconds; all is lifted by then.
        faults: kinds to draw from; as left out, all that can be done where the peers run.
    """

    seed: int
    lasts: Annotated[float, Field(ge=2, le=3600, strict=False)] = Field(alias="for")
    faults: Annotated[list[Kind], Field(min_length=1)] | None = None

    _kinds = enforce(fault_rules.of_chaos)

    @property
    def phrase(self) -> str:
        """How long and with which seed, in a few words."""
        return f"for {self.lasts:g} s, seed {self.seed}"


class Short:
    """`kill: alice` for `kill: {at: alice}`; `partition: [[alice], [bob]]`, `heal: all`.

    Args:
        key: what stands alone there.
    """

    def __init__(self, key: str) -> None:
        self._key = key

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        full = handler(schema)
        if self._key != "groups":
            return {"anyOf": [{"type": "string"}, full]}
        groups = {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True}
        return {"anyOf": [{"type": "array", "items": groups, "minItems": 2}, full]}


def short(verb: str) -> tuple[Any, ...]:
    """Return what lets a fault be written without its keys."""

    def spelt_out(value: Any) -> Any:
        return fault_rules.spelt_out(verb, value)

    key = "groups" if verb == "partition" else "at"
    return BeforeValidator(spelt_out), Short(key)
