"""Mistakes in the steps that are operations of the program's own vocabulary."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from orchestrator import chat, document, patterns
from orchestrator.document import Problem, describe
from orchestrator.history.wanted import CONDITIONS
from orchestrator.profile import ANSWERS, ConsoleOperation, Profile, wrong_type
from orchestrator.profile.operation import CHANGING, LAB_STEPS, NOTICES, STEP_KEYS, groups
from orchestrator.scenario.calls import PLACEHOLDER, Vocabulary, at_of, repeated
from orchestrator.scenario.rules import POLLING, Location, walk
from orchestrator.scenario.values import ALL
from orchestrator.text import not_typable

_NAME = r"[a-z][a-z0-9_]*"

_UNUSED = {
    "never": dict.fromkeys(
        ("within", "save", "may_fail", "answered"), "says nothing of how it must not end"
    ),
    "eventually": {
        "within": "belongs beside the operation, not in it",
        "may_fail": "says nothing of how it must end",
    },
}
"""The keys of an operation that a step that repeats it cannot use, each with why."""


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
    polled = [it for place, step in steps for it in repeated_call(place, step, vocabulary)]
    saving = [*(act for _, step in steps for act in step.values()), *(act for _, act in polled)]
    known = {name for act in saving for name in _saved(act)}
    known |= {str(step["repeat"].get("counter", "n")) for _, step in steps
              if isinstance(step.get("repeat"), dict)}  # fmt: skip
    known |= {"at", *(part for peer in peers for part in _parts_of(peer, vocabulary))}
    for place, key, act in calls:
        if profile := vocabulary.profile(at_of(act)):
            yield from _problems(place, key, act, profile, known)
    for place, step in steps:
        yield from _wrong_fields(place, step, vocabulary, known)
    for where, act in polled:
        yield from _repeated(where, act, vocabulary, peers, known)


def repeated_call(
    place: Location, step: Mapping[str, Any], vocabulary: Vocabulary
) -> Iterator[tuple[Location, dict[str, Any]]]:
    """Yield the operation that a step repeats, with its place; nothing without one."""
    for verb in POLLING:
        act: Any = step.get(verb)
        if (key := repeated(verb, act, vocabulary)) is not None:
            given = act[key] if isinstance(act[key], Mapping) else {}
            yield (*place, verb, key), {"at": act.get("at"), **given}


def _repeated(
    place: Location,
    act: Mapping[str, Any],
    vocabulary: Vocabulary,
    peers: Collection[str],
    known: Collection[str],
) -> Iterator[Problem]:
    """Yield what is wrong with an operation that a step repeats."""
    *_, verb, key = map(str, place)
    at = act["at"]
    names = [*peers] if at == ALL else at if isinstance(at, list) else [at]
    profiles = {id(it): it for name in names if (it := vocabulary.profile(name))}.values()
    for profile in profiles:
        if profile.vocabulary == "chat" and key in chat.VERBS:
            what = f"{verb!r} repeats operations of the program's own, not {key!r}"
            yield Problem(place, f"{what}: use a notice")
            continue
        yield from _problems(place, key, act, profile, known)
        operation = profile.operations.get(key)
        if operation and operation.means in CHANGING:
            what = f"{key} is repeated, and would {operation.means} each time"
            yield Problem(place, f"{what}: use an operation that changes nothing")
    for name, why in _UNUSED[verb].items():
        if name in act:
            yield Problem((*place, name), f"{name!r} {why}")


def _parts_of(peer: str, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield the placeholders that stand for something of a peer."""
    profile = vocabulary.profile(peer)
    for part in (*ANSWERS, *(profile.announced if profile else ())):
        yield f"{peer}.{part}"


def no_console(profile: Profile) -> str:
    """Return what is wrong with a step that types something at a peer without a console."""
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
    yield from wrong_arguments(place, key, given, operation, known)
    yield from _wrong_results(place, given, operation, known)


def wrong_arguments(
    place: Location,
    key: str,
    given: Mapping[str, Any],
    operation: ConsoleOperation,
    known: Collection[str] = (),
) -> Iterator[Problem]:
    """Yield what is wrong with the arguments of an operation; `known` placeholders have values."""
    takes = operation.takes
    unknown = [name for name in given if name not in takes and name not in STEP_KEYS]
    for name, argument in takes.items():
        if name not in given:
            is_misspelt = any(document.nearest(other, [name]) for other in unknown)
            if not (argument.optional or is_misspelt):
                yield Problem(place, f"{key} needs the argument {name!r}")
        elif what := _untypable(given[name]) or _wrong_value(argument.type, given[name], known):
            yield Problem((*place, name), what)
    for name in unknown:
        hint = document.nearest(name, [*takes, *STEP_KEYS])
        there = f": it takes {', '.join(takes)}" if takes else ": it takes none"
        yield Problem((*place, name), f"{key} has no argument {name!r}{hint or there}")


def _untypable(value: object) -> str:
    return not_typable(value) if isinstance(value, str) else ""


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
