"""Workloads: random operations that suit a model, drawn from a seed or as a kept run has them."""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    PlainValidator,
    Tag,
    ValidationInfo,
    WithJsonSchema,
)

from orchestrator.document import Problem, Strict, describe, nearest
from orchestrator.errors import DocumentError, first_line
from orchestrator.history import runs
from orchestrator.history.recorded_workload import RecordedCall, RecordedWorkload, recorded
from orchestrator.paths import from_here
from orchestrator.profile import ConsoleOperation, Profile, Seconds, Value
from orchestrator.scenario.acts import Receivers
from orchestrator.scenario.call_mistakes import wrong_arguments
from orchestrator.scenario.calls import VOCABULARY, CallStep, Vocabulary
from orchestrator.scenario.rules import Location, walk
from orchestrator.scenario.values import ALL, DECLARED, HOMES

Model = Literal["register", "set", "counter", "queue", "unique-ids", "mutex", "broadcast"]

MIXES: Mapping[str, Mapping[str, int]] = {
    "register": {"read": 5, "write": 4, "cas": 1},
    "set": {"add": 8, "elements": 1},
    "counter": {"increment": 6, "decrement": 2, "count": 2},
    "queue": {"enqueue": 1, "dequeue": 1},
    "unique-ids": {"generate": 1},
    "mutex": {"acquire": 1, "release": 1},
    "broadcast": {"broadcast": 8, "seen": 1},
}
"""What a workload asks for, and how often: the meanings of operations, with their weights.

A program needs the first, and both of `mutex`.
"""

_CHANGES = ("write", "add", "enqueue", "broadcast")  # each with a value of its own
_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?/ ?s")
_MOST_DRAWN = 1_000_000  # values by one peer in one workload
_FASTEST = 10_000  # operations a second


def _rate(value: Any) -> float:
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if not found or not 0 < float(found[1]) <= _FASTEST:
        given = f"{value}/s" if type(value) in (int, float) else "20/s"
        raise ValueError(f"a rate is operations a second, such as {given}, not {describe(value)}")
    return float(found[1])


_Rate = Annotated[
    float, BeforeValidator(_rate), WithJsonSchema({"type": "string", "pattern": _RATE.pattern})
]


class Workload(Strict):
    """Let peers do random operations at the same time, as a model needs them to be judged.

    Attributes:
        model: the promise: `register`, `set`, `counter`, `queue`, `unique-ids`, `mutex` or
            `broadcast`; the profile says which operations have its meanings.
        at: the peers that act, all at once: one, several, or `all`.
        keys: how many keys there are, if operations take a key.
        rate: operations a second of all these peers together, such as `20/s`.
        lasts: seconds.
        seed: what the draw depends on, with the peers' names and what they answer.
    """

    model: Model
    at: Receivers = ALL
    keys: Annotated[int, Field(ge=1, le=1_000)] = 1
    rate: _Rate = 10.0
    lasts: Seconds = Field(alias="for")
    seed: int = 0

    @property
    def calls(self) -> Sequence[RecordedCall]:
        """The operations that are known by now: none is drawn before it is done."""
        return ()

    @property
    def phrase(self) -> str:
        """Its length, rate and seed, in a few words."""
        return f"of the model {self.model} for {self.lasts:g} s, seed {self.seed}"


def _as_recorded(value: Any, info: ValidationInfo) -> RecordedWorkload:
    """Return what the run that a replay names did."""
    context = info.context or {}
    if not isinstance(value, str) or not value:
        raise ValueError(f"the folder of a kept run is expected here, not {describe(value)}")
    try:
        found = recorded(_run(value, context.get(HOMES, ())), info.data.get("number", 1))
    except DocumentError as error:
        raise ValueError(first_line(error)) from error
    if "at" in info.data:
        _require_peers(found, info.data["at"], context.get(DECLARED, ()))
    if vocabulary := context.get(VOCABULARY):
        _require_operations(found, vocabulary)
    return found


def _run(name: str, homes: Iterable[Path]) -> Path:
    """Return the folder of a run, which is in one of `homes` or else in the working folder."""
    for home in homes:
        with contextlib.suppress(DocumentError):
            return runs.find(home / name)
    return runs.find(Path(name))


def _require_peers(found: RecordedWorkload, at: Any, peers: Sequence[str]) -> None:
    """Raise a `ValueError` if a replay is at other peers than the workload was."""
    names = [*peers] if at == ALL else at if isinstance(at, list) else [at]
    if sorted({*names}) == sorted(found.peers) or (at == ALL and not peers):
        return
    then, now = ", ".join(found.peers), ", ".join(names)
    lacking = [name for name in found.peers if peers and name not in peers]
    hint = f"there is no peer {lacking[0]!r}" if lacking else f"write `at: [{then}]`"
    raise ValueError(f"this workload was at {then}, not at {now}: {hint}")


def _require_operations(found: RecordedWorkload, vocabulary: Vocabulary) -> None:
    """Raise a `ValueError` if a program cannot be asked for what was done then."""
    for call in found.calls:
        profile = vocabulary.profile(call.peer)
        operation = profile.operations.get(call.name) if profile else None
        if profile and operation is None:
            hint = nearest(call.name, profile.operations)
            what = f"the profile {profile.name!r} has no operation {call.name!r}"
            raise ValueError(f"{what}, which {call.peer} did in that run{hint}")
        wrong = wrong_arguments((), call.name, call.arguments, operation) if operation else ()
        for problem in wrong:
            raise ValueError(f"what {call.peer} did in that run does not fit: {problem.what}")


class Replay(Strict):
    """Do what a workload did in a kept run: the same operations, each at its time.

    Attributes:
        at: the peers that act, which must be those that took part then.
        number: which workload of that run, in the order in which they began.
        replay: the folder of the run, or that of its scenario for the latest, relative to the
            scenario's folder or else to the working folder.
    """

    at: Receivers = ALL
    number: Annotated[int, Field(ge=1)] = 1
    replay: Annotated[
        RecordedWorkload,
        PlainValidator(_as_recorded),
        PlainSerializer(lambda found: str(found.run)),
        WithJsonSchema({"type": "string"}),
    ]

    @property
    def lasts(self) -> float:
        """Seconds until the last operation begins."""
        return self.replay.lasts

    @property
    def calls(self) -> Sequence[RecordedCall]:
        """The operations that are known by now."""
        return self.replay.calls

    @property
    def phrase(self) -> str:
        """What is replayed, in a few words."""
        return f"{self.number} of {from_here(self.replay.run)}, replayed"


def _branch(value: Any) -> str:
    is_replay = isinstance(value, Replay) or (isinstance(value, Mapping) and "replay" in value)
    return "Replay" if is_replay else "Workload"


WorkloadStep = Annotated[
    Annotated[Workload, Tag("Workload")] | Annotated[Replay, Tag("Replay")],
    Discriminator(_branch),
]
"""A workload that is drawn, or replayed."""


class Generator:
    """Draws what one peer does. The same workload, peer and answers draw the same.

    Args:
        workload: of which model, and from which seed.
        peers: all that take part; no value is drawn by two of them.
        peer: this one.
        operations: those of its program, by name.
        before: how many workloads the run had before: none draws a value of another one.
    """

    def __init__(
        self,
        workload: Workload,
        peers: Sequence[str],
        peer: str,
        operations: Mapping[str, ConsoleOperation],
        before: int = 0,
    ) -> None:
        self._workload, self._peer = workload, peer
        self._share, self._index = len(peers), [*peers].index(peer)
        self._count = before * _MOST_DRAWN
        self._random = random.Random(f"{workload.seed} {peer}")  # noqa: S311 - not for secrets
        mix = MIXES[workload.model]
        self._by_meaning = {it.means: name for name, it in operations.items() if it.means in mix}
        self._weights = {meaning: mix[meaning] for meaning in mix if meaning in self._by_meaning}
        self._operations = operations
        self._seen: dict[Value, Value] = {}  # the last value that was read, by key
        self._holds: set[Value] = set()  # locks, by key

    def draw(self) -> CallStep:
        """Return the next operation."""
        meaning, key = self._draw_meaning(), f"k{self._random.randrange(self._workload.keys)}"
        if self._workload.model == "mutex":  # release what is held before anything else
            key = str(next(iter(self._holds), key))
            meaning = "release" if key in self._holds else "acquire"
        name = self._by_meaning[meaning]
        arguments = self._arguments(meaning, key, self._operations[name])
        return CallStep(at=self._peer, name=name, arguments=arguments, may_fail=True)

    def learn(self, call: CallStep, outcome: str, results: Mapping[str, Value]) -> None:
        """Take note of how an operation ended: what comes next may depend on it."""
        key, meaning = call.arguments.get("key", ""), self._operations[call.name].means
        if meaning == "read" and "value" in results:
            self._seen[key] = results["value"]
        if meaning == "acquire" and outcome != "fail":
            self._holds.add(key)
        elif meaning == "release":
            self._holds.discard(key)

    def _draw_meaning(self) -> str:
        if self._workload.model == "mutex":
            return "acquire"
        return self._random.choices([*self._weights], [*self._weights.values()])[0]

    def _arguments(self, meaning: str, key: str, operation: ConsoleOperation) -> dict[str, Value]:
        drawn: dict[str, Value] = {}
        for name, argument in operation.takes.items():
            if name == "key":
                drawn[name] = key
            elif name == "amount":
                drawn[name] = self._random.randint(1, 5)
            elif name == "old":
                drawn[name] = self._seen.get(key, self._unused(argument.type))
            elif meaning in (*_CHANGES, "cas"):
                drawn[name] = self._unused(argument.type)
        return drawn

    def _unused(self, kind: str) -> Value:
        """Return a value that no peer has drawn before."""
        self._count += 1
        number = self._count * self._share + self._index
        return f"v{number}" if kind == "text" else number


def find(raw: Any, vocabulary: Vocabulary, peers: Sequence[str]) -> Iterator[Problem]:
    """Yield the workloads of a file whose programs lack an operation that the model needs."""
    for place, step in walk(raw.get("steps") if isinstance(raw, dict) else None):
        act = step.get("workload")
        model = act.get("model") if isinstance(act, dict) else None
        if isinstance(act, dict) and model in get_args(Model):
            here = (*place, "workload", "model")
            for profile in _profiles(act.get("at", ALL), vocabulary, peers):
                yield from _lacking(here, str(model), profile)


def _profiles(at: Any, vocabulary: Vocabulary, peers: Sequence[str]) -> list[Profile]:
    names = [*peers] if at == ALL else at if isinstance(at, list) else [at]
    found = [vocabulary.profile(name) for name in names]
    return [profile for index, profile in enumerate(found)
            if profile and profile not in found[:index]]  # fmt: skip


def _lacking(place: Location, model: str, profile: Profile) -> Iterator[Problem]:
    has = {operation.means for operation in profile.operations.values()}
    for meaning in MIXES[model] if model == "mutex" else [*MIXES[model]][:1]:
        if meaning not in has:
            what = f"no operation of the profile {profile.name!r} `means: {meaning}`"
            yield Problem(place, f"{what}, which this model needs")
