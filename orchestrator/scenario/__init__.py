"""Scenario files: who takes part, and what they do, step by step. Pure data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from orchestrator import definition, document
from orchestrator.document import Source, Strict
from orchestrator.profile import Seconds, located
from orchestrator.scenario import problems, topology
from orchestrator.scenario.acts import (
    Act,
    Connect,
    Exit,
    Expect,
    Help,
    List,
    MyIp,
    MyPort,
    Send,
    Status,
    Terminate,
    Type,
)
from orchestrator.scenario.breaking import drawn, needed, network_fault
from orchestrator.scenario.fault_acts import Chaos
from orchestrator.scenario.steps import Entry, Repeat, Single, Step, every
from orchestrator.scenario.topology import Connections
from orchestrator.scenario.verbs import FAULTS
from orchestrator.scenario.words import ALL, DECLARED, NAME, EngineName, Line, Name, Peer

__all__ = [
    "ALL", "FAULTS", "GONE", "Act", "Chaos", "Connect", "End", "EngineName", "Entry", "Exit",
    "Expect", "Help", "Limits", "List", "MyIp", "MyPort", "Repeat", "Scenario", "Send", "Single",
    "Step", "Terminate", "Type", "drawn", "load", "network_fault", "of",
]  # fmt: skip

_MOST_PEERS = 200
_SETTLE_AFTER_FAULTS = 15.0  # seconds; TCP sends again ever later what was lost


class Limits(Strict):
    """Times, in seconds.

    Attributes:
        ready: from the start of a peer until it is ready; by default as its profile says.
        answer: for one reply; by default as its profile says.
        expect: for an `expect` that does not say `within`.
        settle: at the end, for what is still under way; as left out 3, or 15 where a step is
            a fault: what was lost is sent again ever later.
        total: for the steps; then the run is broken off.
    """

    ready: Seconds | None = None
    answer: Seconds | None = None
    expect: Seconds = 5.0
    settle: Seconds = 3.0
    total: Seconds = 300.0

    def after_faults(self) -> Limits:
        """Return the same, with more time to settle where nothing was said of that."""
        if "settle" in self.model_fields_set:
            return self
        return self.model_copy(update={"settle": _SETTLE_AFTER_FAULTS})


class End(Strict):
    """How a peer must be at the end.

    Attributes:
        exited: the status with which it has exited, or `any`; None while it runs.
    """

    exited: Status | None = None

    @property
    def wants(self) -> dict[str, Any]:
        """The state as the history records it: see docs/history.md."""
        if self.exited is None:
            return {"state": "running"}
        if self.exited == "any":
            return {"state": "exited"}
        return {"state": "exited", "status": self.exited}


GONE = End(exited="any")
"""Its program has ended, however: what is wanted of a peer that a step killed or stopped."""


def _end(value: Any) -> Any:
    if value == "running":
        return {}
    if value == "exited":
        return GONE
    if not isinstance(value, dict | End):
        raise ValueError(  # noqa: TRY004
            "how a peer ends is one of running, exited (with any status), {exited: <status>}"
        )
    return value


def _names(value: Any) -> Any:
    """Return the names of so many peers, which are those of the mesh made by hand."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST_PEERS:
        return definition.names(value)
    if not isinstance(value, list):
        raise ValueError(  # noqa: TRY004 - what pydantic turns into a mistake of the file
            f"a list of names is expected here, or how many peers there are, 1 to {_MOST_PEERS}"
        )
    return value


_End = Annotated[
    End,
    BeforeValidator(_end),
    WithJsonSchema({
        "anyOf": [
            {"enum": ["running", "exited"]},
            {"type": "object",
             "properties": {"exited": {"anyOf": [{"type": "integer"}, {"const": "any"}]}},
             "required": ["exited"], "additionalProperties": False},
        ]
    }),
]  # fmt: skip
_Peers = Annotated[
    list[Name],
    Field(min_length=1, max_length=_MOST_PEERS),
    BeforeValidator(_names),
    WithJsonSchema({
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": _MOST_PEERS},
            {"type": "array", "items": {"type": "string", "pattern": NAME}, "minItems": 1,
             "maxItems": _MOST_PEERS, "uniqueItems": True},
        ]
    }),
]  # fmt: skip


class Scenario(Strict):
    """A script.

    Attributes:
        name: small letters, digits and hyphens; its runs are kept under it.
        why: a sentence that says what it is for.
        engine: where it must run, if not anywhere.
        profile: the program, by its profile's name or file; a file is seen from the
            scenario's folder, or else from the working folder.
        profiles: the same of the peers that run another program.
        arguments: further words for the program of `profile` when it is started.
        peers: their names, or how many.
        connections: who is connected with whom before the first step.
        limits: how long things may take.
        fresh: whether every peer must be a new one, with nothing behind it.
        steps: what is done, one after the other.
        ends: how peers must be at the end: `running`, `exited`, or `{exited: <status>}`; by
            default they run, unless a step ended them.
    """

    name: Name
    why: Annotated[str, Field(min_length=1)]
    engine: Literal["docker", "process"] | None = None
    profile: str = "peerlab"
    profiles: dict[Peer, str] = {}
    arguments: list[Line] = []
    peers: _Peers
    connections: Connections = "none"
    limits: Limits = Limits()
    fresh: bool = False
    steps: list[Step]
    ends: dict[Peer, _End] = {}

    @field_validator("why")
    @classmethod
    def _a_sentence(cls, value: str) -> str:
        if "\n" in value.strip():
            raise ValueError("one sentence, on one line")
        return value

    @model_validator(mode="after")
    def _settles(self) -> Self:
        if self.breaks:
            # Before anybody has seen it.
            object.__setattr__(self, "limits", self.limits.after_faults())
        return self

    @property
    def breaks(self) -> bool:
        """Whether any step is a fault."""
        return any(step.verb in FAULTS for step in every(self.steps))

    @property
    def needed(self) -> dict[str, str]:
        """What its faults need of the place where peers run, each with the first such step.

        Of ``FEATURES`` of the network, and of ``kill``, ``stop`` and ``pause``.
        """
        return needed(self.steps, self.peers)

    @property
    def features(self) -> tuple[str, ...]:
        """What its faults need of the place where peers run."""
        return tuple(self.needed)

    def ends_of(self, peer: str) -> End | None:
        """Return how a peer must be at the end; None where what was done to it decides."""
        return self.ends.get(peer)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Who dials whom before the first step."""
        return topology.pairs(self.connections, self.peers)


def load(path: Path) -> Scenario:
    """Return the scenario in the file `path`.

    Raises:
        DocumentError: it cannot be read, or is wrong; each mistake with line and column.
    """
    return of(document.load(path))


def of(source: Source) -> Scenario:
    """Return the scenario in a document that was read from a file.

    Raises:
        DocumentError: it is wrong; each mistake with line and column.
    """
    found = document.read(source, Scenario, raw=problems.find, context=_context)
    home = source.path.parent
    profiles = {peer: located(name, home) for peer, name in found.profiles.items()}
    return found.model_copy(update={"profile": located(found.profile, home), "profiles": profiles})


def _context(raw: Any) -> dict[str, Any]:
    return {DECLARED: problems.declared(raw)}
