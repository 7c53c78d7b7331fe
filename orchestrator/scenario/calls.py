"""Steps that are operations of the program's own vocabulary: `put: {at: alice, key: x}`."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from orchestrator.document.schema import described
from orchestrator.history.wanted import phrase
from orchestrator.profile import ConsoleOperation, Profile
from orchestrator.profile.operation import LAB_STEPS, RAW, STEP_KEYS
from orchestrator.scenario.acts import Act, Wants
from orchestrator.scenario.neighbours import named_nowhere
from orchestrator.scenario.rules import CONSOLE, POLLING, STEPS
from orchestrator.text import editing

VOCABULARY = "vocabulary"  # the key of a validation's context that holds a `Vocabulary`

_JSON_TYPES = {"text": "string", "integer": "integer", "number": "number"}
PLACEHOLDER = re.compile(
    r"\{([a-z][A-Za-z0-9_.-]*)\}"
)  # of a counter, a saved value, or a peer's part


@dataclass(frozen=True)
class Vocabulary:
    """What the steps of a scenario may ask of its programs.

    Attributes:
        main: the profile of most peers; None if it cannot be read.
        own: the profiles of peers that run another program.
        unnamed_in: the folder of a scenario that names no profile at all; else None.
    """

    main: Profile | None = None
    own: Mapping[str, Profile | None] = field(default_factory=dict)
    unnamed_in: Path | None = None

    def why_unknown(self, key: str) -> str:
        """Return why a key is no step, if other profiles near the scenario have it."""
        return named_nowhere(key, self.unnamed_in) if self.unnamed_in else ""

    def profile(self, at: object) -> Profile | None:
        """Return the profile of the peers at which a step is done."""
        return self.own.get(at, self.main) if isinstance(at, str) else self.main

    def is_call(self, key: str, act: object) -> bool:
        """Return whether a step with this key is an operation of its program's own."""
        if key in LAB_STEPS:
            return False
        profile = self.profile(at_of(act))
        if profile is None:
            return key not in STEPS
        if profile.vocabulary == "chat":
            return key not in CONSOLE and key in profile.operations
        return True


def at_of(act: object) -> object:
    """Return where a step is done, as its file says."""
    return act.get("at") if isinstance(act, Mapping) else act


def edits_line(text: str, profile: Profile) -> str:
    """Return that typing a text would edit the line, or nothing: see `literal_key` of a profile."""
    if profile.console.literal_key or not (key := editing(text)):
        return ""
    what = f"{key!r} edits the line at a terminal: typing it takes a `literal_key`"
    return f"{what} in the profile {profile.name!r}"


class CallStep(Act):
    """An operation of the program's own vocabulary.

    Attributes:
        name: the operation.
        arguments: what is given for its arguments, before placeholders are filled in.
        expect: a value or a condition for results, by name.
        shows: the values of a column of rows, in any order, by the column's name.
        nil: the answer must be that there is nothing.
        within: seconds in which the operation is repeated until it ends as expected.
        save: names under which results are saved, by the result's name.
        every: seconds between two attempts.
    """

    name: str
    arguments: dict[str, Any] = {}
    expect: dict[str, Any] = {}
    shows: dict[str, list[Any]] = {}
    nil: bool = False
    within: float = Field(default=0.0, ge=0, le=3600, strict=False)
    save: dict[str, str] = {}
    every: float = 0.02

    @property
    def wants(self) -> Wants:
        """The expected outcome."""
        wants = super().wants
        if self.nil:
            wants["outcome"] = "nil"
        results = {"results": self.expect} if self.expect else {}
        return wants | results | ({"rows": self.shows} if self.shows else {})

    @property
    def phrase(self) -> str:
        """The operation and its arguments, in a few words."""
        return " ".join([self.name, *map(str, self.arguments.values())])

    @property
    def forbids(self) -> str:
        """How a `never` says that the operation must not end, in a few words."""
        ends = [f"{name} {phrase(wanted)}" for name, wanted in self.expect.items()]
        ends += [f"{name} {', '.join(map(str, values))}" for name, values in self.shows.items()]
        if self.nil:
            ends.append("nothing there")
        if self.refused is not None:
            ends.append(f"refused {self.refused}".rstrip())
        if self.says is not None:
            ends.append(f"saying {self.says!r}")
        return f"{self.phrase}: {' and '.join(ends) or 'done'}"


def of_step(key: str, act: Any) -> dict[str, Any]:
    """Return the keys of a `CallStep` for a step as it is in a file."""
    given = act if isinstance(act, Mapping) else {"at": act}
    keys = {name: value for name, value in given.items() if name in STEP_KEYS}
    arguments = {name: value for name, value in given.items() if name not in STEP_KEYS}
    return {**keys, "name": key, "arguments": arguments}


def repeated(verb: str, act: Any, vocabulary: Vocabulary) -> str | None:
    """Return the key of a step of `POLLING` that is its operation; None without one."""
    for key, given in act.items() if isinstance(act, Mapping) else ():
        if key in POLLING[verb]:
            continue
        at = at_of(given) if isinstance(given, Mapping) else act.get("at")
        profile = vocabulary.profile(at[0] if at and isinstance(at, list) else at)
        if isinstance(given, Mapping) or (profile and key in profile.operations):
            return str(key)
    return None


def call_schemas(profile: Profile, known: Collection[str]) -> dict[str, Any]:
    """Return a JSON Schema for each operation of a profile that is not among the `known` steps."""
    return {name: _schema(name, operation) for name, operation in profile.operations.items()
            if name not in (*known, RAW)}  # fmt: skip


def _schema(name: str, operation: ConsoleOperation) -> dict[str, Any]:
    keys = described(CallStep, name)["properties"]
    arguments = {
        key: {"anyOf": [{"type": _JSON_TYPES[argument.type]}, {"type": "string"}]}
        for key, argument in operation.takes.items()
    }
    required = [key for key, argument in operation.takes.items() if not argument.optional]
    spelt_out = {
        "type": "object",
        "properties": arguments | {key: keys[key] for key in STEP_KEYS if key in keys},
        "required": ["at", *required],
        "additionalProperties": False,
    }
    return spelt_out if required else {"anyOf": [{"type": "string"}, spelt_out]}
