"""Describe mistakes in a document, and what would be right."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from orchestrator.text import cut

LONGEST = 40  # characters of a value that a message quotes

ANY = "call"
"""The key of a model that stands for the only key of a mapping in a file, whatever it is."""

_EXPECTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping",
}
_BOUNDS = {
    "greater_than": ("more than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake, and its place: keys and indices from the top of the document."""

    place: tuple[int | str, ...]
    what: str


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a "did you mean" clause with the closest known word, or an empty string."""
    near = difflib.get_close_matches(word[:LONGEST], list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def empty(key: str, annotation: Any) -> str:
    """Describe a key without a value, whose values have the type `annotation`."""
    if _models_in(annotation):
        return f"nothing below {key!r}: indent its keys further"
    return f"{key!r} has no value: give it one, or leave it out"


def problem(detail: ErrorDetails, model: type[BaseModel]) -> Problem:
    """Translate an error that pydantic found while validating a `model`."""
    place = tuple(detail["loc"])
    kind = detail["type"]
    if kind == "missing":
        return Problem(place[:-1], f"key {str(place[-1])!r} is missing")
    if kind == "extra_forbidden":
        return Problem(place, _unknown(str(place[-1]), detail["input"], _keys(model, place[:-1])))
    if kind == "model_type":
        what = f"a mapping is expected here, not {describe(detail['input'])}"
        return Problem(place, f"{what}; its keys: {', '.join(_keys(model, place))}")
    return Problem(place, _wording(detail))


def _wording(detail: ErrorDetails) -> str:
    """Describe what is wrong with a single value."""
    kind, value, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind in _EXPECTED:
        return f"{_EXPECTED[kind]} is expected here, not {describe(value)}{_quotes(kind, value)}"
    if kind in _BOUNDS:
        words, key = _BOUNDS[kind]
        return f"must be {words} {context[key]:g}, not {value}"
    match kind:
        case "too_short":
            return f"at least {context['min_length']} needed here, not {len(value)}"
        case "too_long":
            return f"at most {context['max_length']} allowed here, not {len(value)}"
        case "string_too_short":
            return "text is expected here, not an empty string"
        case "string_pattern_mismatch":
            return f"{describe(value)} does not match {context['pattern']}"
        case "literal_error":
            return _no_such_word(value, str(context["expected"]))
    message = detail["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def no_such(tag: str, text: Any) -> str:
    """Describe text that looks like a value of some type and is none.

    Args:
        tag: the type's; its last word is the type's name.
        text: the text in the file; anything else for a list or a mapping.
    """
    kind = re.split(r"[:!,]", tag)[-1]
    name = {"timestamp": "date", "int": "number", "float": "number"}.get(kind, kind)
    if not isinstance(text, str):
        return f"no value of the type {cut(name, LONGEST)}"
    size = f" ({len(text):,} characters)" if len(text) > LONGEST else ""
    return f"there is no {cut(name, LONGEST)} {cut(text, LONGEST)!r}{size}: put text in quotes"


def describe(value: Any) -> str:
    """Describe a value of a document in a few words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {value[:LONGEST]!r}" + ("…" if len(value) > LONGEST else "")
        case list():
            return "a list" if value else "an empty list"
        case dict():
            return "a mapping" if value else "an empty mapping"
    if tag := getattr(value, "tag", None):
        return f"a value with the tag {cut(str(getattr(tag, 'value', tag)), LONGEST)}"
    return f"{cut(str(value), LONGEST)} (a {type(value).__name__})"


def _quotes(kind: str, value: Any) -> str:
    is_plain = value is not None and not isinstance(value, list | dict)
    return ": put it in quotes" if kind == "string_type" and is_plain else ""


def _unknown(word: str, value: Any, known: Sequence[str]) -> str:
    if " {" in word:  # push {at: bob} has a key `push {at`
        return f"unknown key {cut(word, LONGEST)!r}: a colon is missing before the brace"
    hint = nearest(word, known) or (f": one of {', '.join(known)}" if known else "")
    # {text: hi, there} has a key `there` without a value.
    comma = "; a text with a comma needs quotes" if value is None and " " not in word else ""
    return f"unknown key {cut(word, LONGEST)!r}{hint}{comma}"


def _no_such_word(value: Any, expected: str) -> str:
    known = re.findall(r"'([^']*)'", expected)
    if not known:
        return f"only {expected.lower()} is allowed here, not {describe(value)}"
    what = (
        f"no such word {cut(value, LONGEST)!r}"
        if isinstance(value, str)
        else f"a word is expected, not {describe(value)}"
    )
    return f"{what}: one of {', '.join(known)}{nearest(str(value), known)}"


def _keys(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """Return the keys allowed at `place`, as far as the types say."""
    models = [model]
    for step in place:
        named = [
            field
            for one in models
            for name, field in fields(one).items()
            if step in (name, field.alias)
        ]
        if named:
            models = [inner for field in named for inner in _models_in(field.annotation)]
        else:  # a model of a union, the key of a dictionary, or an index
            models = [one for one in models if one.__name__ == step] or models
    known = [field.alias or name for one in models for name, field in fields(one).items()]
    return [name for name in known if name != ANY]


def fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a model by name, their types resolved, which are so once it is built."""
    model.model_rebuild()
    return model.model_fields


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    inner = getattr(annotation, "__args__", ())
    return [model for part in inner for model in _models_in(part)]
