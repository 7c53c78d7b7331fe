"""A scenario: who takes part, and what they do, step by step. Pure data."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, WithJsonSchema, field_validator

from orchestrator import chat, definition, document, profile
from orchestrator.compose.stack import Stack
from orchestrator.document import Source, Strict
from orchestrator.document.schema import described
from orchestrator.errors import DocumentError
from orchestrator.profile import Profile, Seconds, located, placed_promises
from orchestrator.scenario import calls, problems, roles, services, topology
from orchestrator.scenario.acts import Status
from orchestrator.scenario.calls import call_schemas
from orchestrator.scenario.network_faults import needed
from orchestrator.scenario.roles import MOST_PEERS, Role
from orchestrator.scenario.rules import FAULTS, walk
from orchestrator.scenario.steps import Step, flatten, restarted
from orchestrator.scenario.topology import Connections
from orchestrator.scenario.values import (
    ALL,
    DECLARED,
    GROUPS,
    HOMES,
    LINES,
    NAME,
    InputLine,
    Name,
    PeerName,
)

DEFAULT = "peerlab"  # the profile
_SETTLE_AFTER_FAULTS = 15.0  # seconds; TCP retransmits after ever longer pauses


class TimeLimits(Strict):
    """Times, in seconds.

    Attributes:
        ready: from the start of a peer until it is ready; by default as its profile says.
        answer: for one reply; by default as its profile says.
        expect: for an `expect` without `within`.
        settle: at the end, for messages still on their way; by default 3, or 15 in a scenario
            with faults.
        total: for all steps; then the run is aborted.
    """

    ready: Seconds | None = None
    answer: Seconds | None = None
    expect: Seconds = 5.0
    settle: Seconds = 3.0
    total: Seconds = 300.0

    def after_faults(self) -> TimeLimits:
        """Return the same limits, with more time to settle unless that was given."""
        if "settle" in self.model_fields_set:
            return self
        return self.model_copy(update={"settle": _SETTLE_AFTER_FAULTS})


class End(Strict):
    """The state of a peer at the end.

    Attributes:
        exited: its exit status, or `any`; None if it still runs.
    """

    exited: Status | None = None

    @property
    def wants(self) -> dict[str, Any]:
        """The expected state, as the history records it: see docs/history.md."""
        if self.exited is None:
            return {"state": "running"}
        if self.exited == "any":
            return {"state": "exited"}
        return {"state": "exited", "status": self.exited}


EXITED = End(exited="any")
"""The expected state of a peer that a step killed or stopped: ended, with any status."""


def _end(value: Any) -> Any:
    if value == "running":
        return {}
    if value == "exited":
        return EXITED
    if not isinstance(value, dict | End):
        raise ValueError(  # noqa: TRY004 - pydantic reports a ValueError as a mistake in the file
            "a peer ends as one of running, exited (with any status), {exited: <status>}"
        )
    return value


def _names(value: Any) -> Any:
    """Return names for a number of peers: those of the mesh."""
    if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_PEERS:
        return definition.names(value)
    if not isinstance(value, list):
        raise ValueError(  # noqa: TRY004 - the same
            f"a list of names is expected here, or the number of peers, 1 to {MOST_PEERS}"
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
    Field(min_length=1, max_length=MOST_PEERS),
    BeforeValidator(_names),
    WithJsonSchema({
        "anyOf": [
            {"type": "integer", "minimum": 1, "maximum": MOST_PEERS},
            {"type": "array", "items": {"type": "string", "pattern": NAME}, "minItems": 1,
             "maxItems": MOST_PEERS, "uniqueItems": True},
        ]
    }),
]  # fmt: skip


class Scenario(Strict):
    """A scenario: peers, and the steps they take.

    Attributes:
        name: small letters, digits and hyphens; its runs are kept under this name.
        why: one sentence that says what the scenario is for.
        engine: the only engine that it can run on, if there is just one.
        compose: a Compose file whose services are the peers, relative to the scenario's folder or
            else to the working folder.
        profile: the program to run: a profile's name, or a file, relative to the scenario's
            folder or else to the working folder.
        profiles: the profiles of peers that run another program.
        arguments: more arguments for the program of `profile`.
        roles: groups of peers that run the same program, by a name that stands for all of them.
        peers: the peers' names, or their number; those of roles are added.
        connections: the connections that exist before the first step.
        limits: how long things may take.
        fresh: start new peers instead of reusing those of an earlier scenario.
        same_port: let all peers listen on the port that the profile names, even if it gives each
            a port of its own. Local processes that listen on every address differ all the same.
        promises: the checks that judge the run, if not those that the profiles promise.
        steps: the steps, in order.
        ends: the state of peers at the end: `running`, `exited`, or `{exited: <status>}`; by
            default they run unless a step ended them.
    """

    name: Name
    why: Annotated[str, Field(min_length=1)]
    engine: Literal["docker", "process"] | None = None
    compose: str | None = None
    profile: str = DEFAULT
    profiles: dict[PeerName, str] = {}
    arguments: list[InputLine] = []
    roles: dict[Name, Role] = {}
    peers: _Peers
    connections: Connections = "none"
    limits: TimeLimits = TimeLimits()
    fresh: bool = False
    same_port: bool = False
    promises: list[str] | None = None
    steps: list[Step]
    ends: dict[PeerName, _End] = {}

    _connections_line: int = PrivateAttr(0)

    @property
    def connections_line(self) -> int:
        """The line of the file that has the first connections; 0 if it is not known."""
        return self._connections_line

    @field_validator("why")
    @classmethod
    def _one_line(cls, value: str) -> str:
        if "\n" in value.strip():
            raise ValueError("one sentence, on one line")
        return value

    @property
    def stack(self) -> Stack | None:
        """The services that are its peers, if it has a Compose file.

        Raises:
            LabError: that has become wrong since the scenario was read.
        """
        return services.load(Path(self.compose)) if self.compose else None

    @property
    def has_faults(self) -> bool:
        """Whether any step is a fault."""
        return any(step.verb in FAULTS for step in flatten(self.steps))

    @property
    def needed(self) -> dict[str, str]:
        """The features that its faults need, each with the phrase of the first step that does.

        These are ``FEATURES`` of a network, and ``kill``, ``stop`` and ``pause``.
        """
        return needed(self.steps, self.peers)

    @property
    def restarted(self) -> frozenset[str]:
        """The peers that a step may start again."""
        named = {*restarted(self.steps)}
        return frozenset(self.peers if ALL in named else named)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The connections before the first step: who dials whom."""
        return topology.pairs(self.connections, self.peers)

    @property
    def links(self) -> set[frozenset[str]]:
        """The pairs of peers that are connected at some time, as far as the file says."""
        dialled = {frozenset(pair) for pair in self.pairs}
        for step in flatten(self.steps):
            if step.connect and step.connect.to:
                dialled |= {
                    frozenset((one, other))
                    for one in self._named(step.connect.at)
                    for other in self._named(step.connect.to)
                }
        return {pair for pair in dialled if len(pair) > 1}

    def _named(self, peer: str) -> list[str]:
        return self.peers if peer == ALL else [peer]


def load(path: Path) -> Scenario:
    """Return the scenario in the file `path`.

    Raises:
        DocumentError: it cannot be read, or is wrong; each mistake with line and column.
    """
    return of(read(path))


def read(path: Path) -> Source:
    """Return the document in the file `path`, with its roles or services spelt out.

    Raises:
        DocumentError: it or its Compose file cannot be read.
        LabError: it has a Compose file, and there is no Compose here.
    """
    return roles.spelt_out(services.spelt_out(document.load(path)))


def of(source: Source) -> Scenario:
    """Return the scenario in a document that was read from a file.

    Raises:
        DocumentError: it is wrong; each mistake with line and column.
    """
    home = source.path.parent
    vocabulary = _vocabulary(source.plain, home)

    def context(raw: Any) -> dict[str, Any]:
        declared = problems.declared(raw)
        return {
            DECLARED: declared, GROUPS: roles.groups(raw) | services.groups(raw, home),
            calls.VOCABULARY: vocabulary, LINES: _lines(source), HOMES: [home],
        }  # fmt: skip

    found = document.read(
        source, Scenario, raw=partial(problems.find, vocabulary=vocabulary), context=context
    )
    found._connections_line, _ = source.position(("connections",))
    return found.model_copy(update={
        "compose": found.compose and str(services.located(found.compose, home)),
        "profile": located(found.profile, home),
        "profiles": {peer: located(name, home) for peer, name in found.profiles.items()},
        "promises": found.promises and placed_promises(found.promises, home),
        "limits": found.limits.after_faults() if found.has_faults else found.limits,
    })  # fmt: skip


def _lines(source: Source) -> dict[int, int]:
    """Return the line of each step and each entry of a schedule, by the identity of its mapping."""
    lines = {}
    steps = source.plain.get("steps") if isinstance(source.plain, dict) else None
    for place, step in walk(steps):
        lines[id(step)] = source.position(place)[0]
        entries = step.get("schedule")
        for number, entry in enumerate(entries if isinstance(entries, list) else ()):
            lines[id(entry)] = source.position((*place, "schedule", number))[0]
    return lines


def _vocabulary(raw: Any, home: Path) -> calls.Vocabulary:
    """Return what the programs of a scenario can be asked, as far as their profiles are right."""
    given = raw if isinstance(raw, dict) else {}
    named = given.get("profiles")
    own = named.items() if isinstance(named, dict) else ()
    main = _profile(given.get("profile", DEFAULT), home)
    unnamed_in = None if {"profile", "profiles", "compose"} & given.keys() else home
    return calls.Vocabulary(main, {peer: _profile(name, home) for peer, name in own}, unnamed_in)


def _profile(name: Any, home: Path) -> Profile | None:
    """Return a profile; None if there is none or it is wrong, which others report."""
    try:
        return profile.load(located(name, home)) if isinstance(name, str) else None
    except DocumentError:
        return None


def schema(profile: Profile | None = None) -> dict[str, Any]:
    """Return the JSON Schema of scenario files, with the docstrings of the models.

    Args:
        profile: whose own operations are steps as well.
    """
    made = described(Scenario, "A scenario of Peerlab")
    made["required"].remove("peers")
    made["anyOf"] = [{"required": [key]} for key in ("peers", "roles", "compose")]
    polling = [made["$defs"][name] for name in ("NeverStep", "EventuallyStep")]
    for one in polling:
        one["required"].remove("at")  # an operation may say where it is done
    if profile:
        steps = made["$defs"]["Step"]["properties"]
        if profile.vocabulary != "chat":
            for name in chat.VERBS:
                del steps[name]
        own = call_schemas(profile, steps)
        steps |= own
        for one in polling:
            one["properties"] |= own
            one["oneOf"] = [*one.get("oneOf", ()), *({"required": [name]} for name in own)]
    return made
