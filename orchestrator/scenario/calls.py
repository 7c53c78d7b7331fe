"""Steps that are operations of the program's own vocabulary: `put: {at: alice, key: x}`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from orchestrator import chat, document, patterns
from orchestrator.document import Problem, describe
from orchestrator.document.schema import described
from orchestrator.history.wanted import CONDITIONS, phrase
from orchestrator.profile import ANSWERS, ConsoleOperation, Profile, wrong_type
from orchestrator.profile.operation import (
    CHANGING,
    LAB_STEPS,
    NOTICES,
    RAW,
    STEP_KEYS,
    groups,
)
from orchestrator.scenario.acts import Act, Wants
from orchestrator.scenario.rules import CONSOLE, OF_NEVER, STEPS, Location, walk
from orchestrator.scenario.values import ALL

VOCABULARY = "vocabulary"  # the key of a validation's context that holds a `Vocabulary`

_NOT_OF_NEVER = ("within", "save", "may_fail", "answered")
"""The keys of an operation that a `never` cannot use: how it must not end is the rest."""

_JSON_TYPES = {"text": "string", "integer": "integer", "number": "number"}
_NAME = r"[a-z][a-z0-9_]*"
PLACEHOLDER = re.compile(
    r"\{([a-z][A-Za-z0-9_.-]*)\}"
)  # of a counter, a saved value, or a peer's part


@dataclass(frozen=True)
class Vocabulary:
    """What the steps of a scenario may ask of its programs.

    Attributes:
        main: the profile of most peers; None if it cannot be read.
        own: the profiles of peers that run another program.
    """

    main: Profile | None = None
    own: Mapping[str, Profile | None] = field(default_factory=dict)

    def profile(self, at: object) -> Profile | None:
        """Return the profile of the peers at which a step is done."""
        return self.own.get(at, self.main) if isinstance(at, str) else self.main

    def is_call(self, key: str, act: object) -> bool:
        """Return whether a step with this key is an operation of its program's own."""
        if key in LAB_STEPS:
            return False
        profile = self.profile(_at(act))
        if profile is None:
            return key not in STEPS
        if profile.vocabulary == "chat":
            return key not in CONSOLE and key in profile.operations
        return True


def _at(act: object) -> object:
    return act.get("at") if isinstance(act, Mapping) else act


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
    """

    name: str
    arguments: dict[str, Any] = {}
    expect: dict[str, Any] = {}
    shows: dict[str, list[Any]] = {}
    nil: bool = False
    within: float = Field(default=0.0, ge=0, le=3600, strict=False)
    save: dict[str, str] = {}

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


def repeated(act: Any, vocabulary: Vocabulary) -> str | None:
    """Return the key of a `never` that is an operation of the program's own; None without one."""
    for key, given in act.items() if isinstance(act, Mapping) else ():
        if key in OF_NEVER:
            continue
        at = _at(given) if isinstance(given, Mapping) else act.get("at")
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


# Mistakes.


def find(raw: Any, vocabulary: Vocabulary, peers: Collection[str]) -> Iterator[Problem]:
    """Yield the mistakes in the calls of a scenario as it is in its file."""
    if not isinstance(raw, dict):
        return
    steps = list(walk(raw.get("steps")))
    calls = [
        ((*place, key), key, act)
        for place, step in steps
        for key, act in step.items()
        if vocabulary.is_call(key, act)
    ]
    known = {name for _, step in steps for act in step.values() for name in _saved(act)}
    known |= {str(step["repeat"].get("counter", "n")) for _, step in steps
              if isinstance(step.get("repeat"), dict)}  # fmt: skip
    known |= {"at", *(part for peer in peers for part in _parts_of(peer, vocabulary))}
    for place, key, act in calls:
        if profile := vocabulary.profile(_at(act)):
            yield from _problems(place, key, act, profile, known)
    for place, step in steps:
        yield from _wrong_fields(place, step, vocabulary, known)
        for where, act in repeated_call(place, step, vocabulary):
            yield from _watched(where, act, vocabulary, peers, known)


def repeated_call(
    place: Location, step: Mapping[str, Any], vocabulary: Vocabulary
) -> Iterator[tuple[Location, dict[str, Any]]]:
    """Yield the operation that a step `never` repeats, with its place; nothing without one."""
    never: Any = step.get("never")
    if (key := repeated(never, vocabulary)) is not None:
        given = never[key] if isinstance(never[key], Mapping) else {}
        yield (*place, "never", key), {"at": never.get("at"), **given}


def _watched(
    place: Location,
    act: Mapping[str, Any],
    vocabulary: Vocabulary,
    peers: Collection[str],
    known: Collection[str],
) -> Iterator[Problem]:
    """Yield what is wrong with the operation that a `never` repeats."""
    key, at = str(place[-1]), act["at"]
    names = [*peers] if at == ALL else at if isinstance(at, list) else [at]
    profiles = {id(it): it for name in names if (it := vocabulary.profile(name))}.values()
    for profile in profiles:
        if profile.vocabulary == "chat" and key in chat.VERBS:
            what = f"a `never` repeats operations of the program's own, not {key!r}"
            yield Problem(place, f"{what}: watch for a notice")
            continue
        yield from _problems(place, key, act, profile, known)
        operation = profile.operations.get(key)
        if operation and operation.means in CHANGING:
            what = f"{key} is repeated, and would {operation.means} each time"
            yield Problem(place, f"{what}: watch with an operation that changes nothing")
    for name in _NOT_OF_NEVER:
        if name in act:
            yield Problem((*place, name), f"{name!r} says nothing of how it must not end")


def _parts_of(peer: str, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield the placeholders that stand for something of a peer."""
    profile = vocabulary.profile(peer)
    for part in (*ANSWERS, *(profile.announced if profile else ())):
        yield f"{peer}.{part}"


def no_console(profile: Profile) -> str:
    """Return what is wrong with a step that types something where there is no console."""
    what = f"there is nothing to type at: the profile {profile.name!r} says `console: none`"
    if profile.start.is_missing:
        return f"{what}; `profiles` can give a service one that describes its console"
    return f"{what}; a client, as in `console: {{exec: [client]}}`, would be one"


def _saved(act: Any) -> list[str]:
    save = act.get("save") if isinstance(act, Mapping) else None
    return (
        [name for name in save.values() if isinstance(name, str)] if isinstance(save, dict) else []
    )


def _problems(
    place: Location, key: str, act: Any, profile: Profile, known: Collection[str]
) -> Iterator[Problem]:
    if profile.console.absent:
        yield Problem(place, no_console(profile))
        return
    operation = profile.operations.get(key)
    if operation is None:
        hint = document.nearest(key, [*profile.operations, *LAB_STEPS])
        there = f": it has {', '.join(profile.operations)}" if profile.operations else ""
        what = f"the profile {profile.name!r} has no operation {key!r}{hint or there}"
        yield Problem(place, what)
        return
    given = act if isinstance(act, Mapping) else {}
    if "within" in given and operation.means in CHANGING:
        what = f"{key} is repeated `within` that time, and would {operation.means} each time"
        yield Problem((*place, "within"), f"{what}: leave it out")
    yield from _wrong_arguments(place, key, given, operation, known)
    yield from _wrong_results(place, given, operation, known)


def _wrong_arguments(
    place: Location,
    key: str,
    given: Mapping[str, Any],
    operation: ConsoleOperation,
    known: Collection[str],
) -> Iterator[Problem]:
    takes = operation.takes
    unknown = [name for name in given if name not in takes and name not in STEP_KEYS]
    for name, argument in takes.items():
        if name not in given:
            is_misspelt = any(document.nearest(other, [name]) for other in unknown)
            if not (argument.optional or is_misspelt):
                yield Problem(place, f"{key} needs the argument {name!r}")
        elif what := _wrong_value(argument.type, given[name], known):
            yield Problem((*place, name), what)
    for name in unknown:
        hint = document.nearest(name, [*takes, *STEP_KEYS])
        there = f": it takes {', '.join(takes)}" if takes else ": it takes none"
        yield Problem((*place, name), f"{key} has no argument {name!r}{hint or there}")


def _wrong_value(kind: Any, value: Any, known: Collection[str]) -> str:
    """Return what is wrong with an argument; empty if it is right."""
    names = PLACEHOLDER.findall(value) if isinstance(value, str) else []
    for name in names:
        hint = document.nearest(name, known)
        if name not in known and (hint or kind != "text"):
            return f"nothing is saved or counted as {{{name}}}{hint}"
    return "" if names else wrong_type(kind, value)


def _wrong_results(
    place: Location, given: Mapping[str, Any], operation: ConsoleOperation, known: Collection[str]
) -> Iterator[Problem]:
    for key, has in (
        ("expect", groups(operation.ok)),
        ("save", groups(operation.ok)),
        ("shows", groups([operation.row] if operation.row else [])),
    ):
        results = given.get(key)
        for name, value in results.items() if isinstance(results, Mapping) else ():
            here = (*place, key, name)
            if name not in has:
                hint = document.nearest(name, has) or _there(has)
                yield Problem(here, f"its reply has no {name!r}{hint}")
            elif key == "expect" and (what := _wrong_wish(name, value, operation, known)):
                yield Problem(here, what)
            elif key == "save" and not re.fullmatch(_NAME, str(value)):
                yield Problem(here, _no_name(value))


def _wrong_fields(
    place: Location, step: Mapping[str, Any], vocabulary: Vocabulary, known: Collection[str]
) -> Iterator[Problem]:
    """Yield what is wrong with the fields of a notice that a step waits or watches for."""
    for key in ("expect", "never"):
        act = step.get(key)
        if not isinstance(act, Mapping) or (has := _fields_of(act, vocabulary)) is None:
            continue
        for part in ("fields", "save"):
            given = act[part] if isinstance(act.get(part), Mapping) else {}
            for name, value in given.items():
                where = (*place, key, part, name)
                if name not in has:
                    hint = document.nearest(name, has) or _there(has)
                    yield Problem(where, f"what is shown has no {name!r}{hint}")
                elif part == "save" and not re.fullmatch(_NAME, str(value)):
                    yield Problem(where, _no_name(value))
                elif part == "fields" and (what := _wrong_value("text", str(value), known)):
                    yield Problem(where, what)


def _fields_of(act: Mapping[str, Any], vocabulary: Vocabulary) -> set[str] | None:
    """Return the fields of what a step waits for; None if they are not known."""
    if isinstance(act.get("line"), str):
        return groups([act["line"]])
    kind = act.get("notice") or next((kind for kind in NOTICES if kind in act), None)
    at = act.get("at")
    profile = vocabulary.profile(at[0] if at and isinstance(at, list) else at)
    if profile is None or profile.reader:
        return None  # a reader may read more than patterns do
    kinds = {kind, *profile.shown.get(str(kind), ())} & profile.notices.keys()
    blocks = [block for name in kinds for block in profile.notices[name]]
    renamed = {name for block in blocks for name in block.fields}
    found = groups(pattern for block in blocks for pattern in block.block)
    return found | renamed if kinds else None


def _no_name(value: object) -> str:
    return f"{value!r} is not a name: use small letters, digits and _"


def _wrong_wish(name: str, value: Any, operation: ConsoleOperation, known: Collection[str]) -> str:
    """Return what is wrong with the value or condition that is expected; empty if it is right."""
    kind = operation.results.get(name, "text")
    if not isinstance(value, Mapping):
        return _wrong_value(kind, value, known)
    if len(value) != 1 or not set(value) <= {*CONDITIONS}:
        return f"a value is expected here, or one of {', '.join(CONDITIONS)}: {describe(value)}"
    ((condition, limit),) = value.items()
    if condition == "pattern":
        try:
            patterns.compiled(str(limit))
        except patterns.PatternError as error:
            return str(error)
        return ""
    return _wrong_value(kind if condition == "not" else "number", limit, known)


def _there(groups: Collection[str]) -> str:
    return f": it has {', '.join(sorted(groups))}" if groups else ": it has no named groups"
