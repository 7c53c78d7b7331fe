"""JSON Schemas of strict models, for editors, made of the models and their docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from orchestrator.document import Strict

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_ATTRIBUTE = re.compile(r"^(\w+): (.*)$")


def described(model: type[BaseModel], title: str) -> dict[str, Any]:
    """Return the schema of a document.

    Args:
        model: what it must be.
        title: what it is, in a few words.
    """
    made = model.model_json_schema(by_alias=True)
    named = {each.__name__: each for each in _models(Strict)}
    for name, definition in made.get("$defs", {}).items():
        if name in named:
            _describe(definition, named[name])
    _describe(made, model)
    head = {"$schema": _DIALECT, "title": title}
    return head | {key: value for key, value in _tidy(made).items() if key != "title"}


def _models(model: type[BaseModel]) -> list[type[BaseModel]]:
    """Return every model that is made of one."""
    below = model.__subclasses__()
    return [*below, *(each for one in below for each in _models(one))]


def _describe(definition: dict[str, Any], model: type[BaseModel]) -> None:
    """Put what docstrings say beside the keys that they say it of."""
    summary, attributes = _docstring(model)
    definition["description"] = summary
    for name, field in model.model_fields.items():
        key = field.alias or name
        if name in attributes and key in definition.get("properties", {}):
            definition["properties"][key]["description"] = attributes[name]


def _docstring(model: type[BaseModel]) -> tuple[str, dict[str, str]]:
    """Return the summary of a docstring, and what it says of attributes, also inherited ones."""
    attributes: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, Strict) and each.__doc__:
            attributes |= _attributes(inspect.cleandoc(each.__doc__))
    return inspect.cleandoc(model.__doc__ or "").partition("\n\n")[0].replace("\n", " "), attributes


def _attributes(docstring: str) -> dict[str, str]:
    _, _, section = docstring.partition("Attributes:\n")
    found: dict[str, str] = {}
    last = ""
    for line in section.splitlines():
        if match := _ATTRIBUTE.match(line.strip()):
            last, found[match[1]] = match[1], match[2]
        elif last:
            found[last] += f" {line.strip()}"
    return {name: text.strip() for name, text in found.items()}


def _tidy(node: Any) -> Any:
    """Return a schema without the titles that pydantic makes of names, and without null.

    A key that may be left out has None as its default; in a file nobody writes null.
    """
    if isinstance(node, list):
        return [_tidy(each) for each in node]
    if not isinstance(node, Mapping):
        return node
    kept = {
        key: _tidy_named(value) if key in ("properties", "$defs") else _tidy(value)
        for key, value in node.items()
        if key not in ("title", "discriminator") and not _is_no_default(key, value)
    }
    if "anyOf" not in kept:
        return kept
    branches: list[Any] = [each for each in kept.pop("anyOf") if each != {"type": "null"}]
    return (branches[0] if len(branches) == 1 else {"anyOf": branches}) | kept


def _is_no_default(key: str, value: Any) -> bool:
    """Tell whether a default is one that nobody would write."""
    return key == "default" and (value is None or isinstance(value, dict))


def _tidy_named(node: Mapping[str, Any]) -> dict[str, Any]:
    """Return schemas by their names, which may be any."""
    return {key: _tidy(value) for key, value in node.items()}
