"""Rules for the keys of one fault, in a file as it stands or in a model."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BeforeValidator, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from orchestrator.scenario.rules import SINGLE, Keys, Rule
from orchestrator.scenario.values import ALL

_STREAM = ("pieces", "hold", "delay", "reset")
_IMPAIR = ("loss", "bandwidth", "delay")
_SHORT = {"partition": "groups", "heal": "fault", "restore": "fault"}


def spelt_out(verb: str, act: Any) -> Any:
    """Return a short form with its key: `{at: alice}` for `alice`."""
    is_short = isinstance(act, list) if verb == "partition" else isinstance(act, str)
    return {_SHORT.get(verb, "at"): act} if is_short else act


def of_length(act: Keys) -> Iterator[str]:
    """Yield what is wrong with how long a fault lasts."""
    if act.get("for") is not None and act.get("during") is not None:
        yield "a fault lasts either `for` some seconds or `during` some steps, not both"


def of_partition(act: Keys) -> Iterator[str]:
    """Yield what is wrong with the groups of a partition."""
    groups = act.get("groups")
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
        return
    for group in groups:
        for name in {str(name) for name in group if group.count(name) > 1}:
            yield f"{name} is twice in one group"
    sets = [{name for name in group if isinstance(name, str)} for group in groups]
    if act.get("one_way"):
        yield from _one_way(sets)
    elif not _cuts(sets):
        yield "this cuts nothing: any two of these peers have a group in common"


def _one_way(sets: list[set[str]]) -> Iterator[str]:
    if len(sets) != 2:  # noqa: PLR2004 - from one to the other
        yield f"one_way is from one group to another: two groups are needed, not {len(sets)}"
    elif both := sorted(sets[0] & sets[1]):
        yield f"one_way is from one group to another: {both[0]} is in both"


def _cuts(sets: list[set[str]]) -> bool:
    grouped = set().union(*sets)
    return any(
        not any(one in group and other in group for group in sets)
        for one in grouped
        for other in grouped
    )


def of_scope(act: Keys) -> Iterator[str]:
    """Yield what is wrong with the links of a fault."""
    given = [key for key in ("from", "to", "between", "at") if act.get(key) is not None]
    if not given:
        yield "on which links? Give `from` and `to`, or `between: [one, other]`, or `at`"
    elif given in (["from"], ["to"]):
        missing = "to" if given == ["from"] else "from"
        yield f"{given[0]!r} without {missing!r}: a direction has two ends"
    elif given not in (["from", "to"], ["between"], ["at"]):
        yield f"one scope, not {' and '.join(given)}: `from` and `to`, or `between`, or `at`"
    if act.get("from") == act.get("to") == ALL:
        yield "from all to all is both directions of every link: that is `at: all`"
    elif act.get("from") is not None and act.get("from") == act.get("to"):
        yield f"{act['from']} has no link to itself"
    between = act.get("between")
    if isinstance(between, list):
        for name in {str(name) for name in between if between.count(name) > 1}:
            yield f"{name} has no link to itself"


def of_impair(act: Keys) -> Iterator[str]:
    """Yield what is wrong with the effect of an impairment."""
    if all(act.get(key) is None for key in (*_IMPAIR, "jitter")):
        yield f"this does nothing: give {', '.join(_IMPAIR[:-1])} or {_IMPAIR[-1]}"
    yield from _of_jitter(act)


def of_stream(act: Keys) -> Iterator[str]:
    """Yield what is wrong with the effect of a stream fault."""
    given = [key for key in _STREAM if act.get(key) is not None]
    if len(given) > 1:
        yield f"one effect on a stream, not {' and '.join(given)}: use a step for each"
    elif not given and act.get("jitter") is None:
        yield f"no effect on the stream: give one of {', '.join(_STREAM)}"
    yield from _of_jitter(act)


def _of_jitter(act: Keys) -> Iterator[str]:
    jitter, delay = act.get("jitter"), act.get("delay")
    if jitter is None:
        return
    if delay is None:
        yield "jitter varies a delay: give `delay` as well"
    elif _is_number(jitter) and _is_number(delay) and jitter > delay:
        yield f"a jitter of {jitter:g} is more than the delay of {delay:g}, which it varies"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def of_chaos(act: Keys) -> Iterator[str]:
    """Yield what is wrong with the kinds of faults to draw from."""
    kinds = act.get("faults")
    words = [str(kind) for kind in kinds] if isinstance(kinds, list) else []
    for kind in dict.fromkeys(words):
        if words.count(kind) > 1:
            yield f"{kind} is twice among the faults"


def of_entry(entry: Keys) -> Iterator[str]:
    """Yield what is wrong with one entry of a schedule."""
    verbs = [verb for verb in SINGLE if verb in entry]
    if len(verbs) > 1:
        yield f"an entry has one fault, not {' and '.join(verbs)}: each begins with a dash"
    elif not verbs and not set(entry) - {"when"}:
        yield f"what happens then? One of {', '.join(SINGLE)}"
    for verb in verbs:
        if entry[verb] is None:
            yield f"nothing below {verb!r}: indent its keys further"
        act = spelt_out(verb, entry[verb])
        if isinstance(act, dict) and act.get("during") is not None:
            yield f"a schedule has no `during`: say with `for` how long {verb!r} lasts"


OF_FAULT: Mapping[str, tuple[Rule, ...]] = {
    "kill": (of_length,),
    "stop": (of_length,),
    "pause": (of_length,),
    "partition": (of_length, of_partition),
    "isolate": (of_length,),
    "impair": (of_length, of_scope, of_impair),
    "stream": (of_length, of_scope, of_stream),
    "chaos": (of_chaos,),
}
"""The rules for the keys of every fault, spelt out."""


class ShortForm:
    """`kill: alice` for `kill: {at: alice}`; `partition: [[alice], [bob]]`, `heal: all`."""

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
    """Return the annotations that allow a fault to be written without its keys."""
    key = "groups" if verb == "partition" else "at"
    return BeforeValidator(functools.partial(spelt_out, verb)), ShortForm(key)
