"""Make JSON Schemas for editors from strict models and their docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from orchestrator.document import Strict

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NAMED = ("properties", "$defs")  # hold schemas by name
_ATTRIBUTE = re.compile(r"^(\w+): (.*)$")


def described(model: type[BaseModel], title: str) -> dict[str, Any]:
    """Return the JSON Schema of a model, with descriptions from its docstrings."""
    made = model.model_json_schema(by_alias=True)
    named = {known.__name__: known for known in _models(Strict)}
    for name, definition in made.get("$defs", {}).items():
        if name in named:
            _describe(definition, named[name])
    _describe(made, model)
    head = {"$schema": _DIALECT, "title": title}
    return head | {key: value for key, value in _tidy(made).items() if key != "title"}


def _models(model: type[BaseModel]) -> list[type[BaseModel]]:
    below = model.__subclasses__()
    return [*below, *(deeper for one in below for deeper in _models(one))]


def _describe(definition: dict[str, Any], model: type[BaseModel]) -> None:
    summary, attributes = _docstring(model)
    definition["description"] = summary
    for name, field in model.model_fields.items():
        key = field.alias or name
        if name in attributes and key in definition.get("properties", {}):
            definition["properties"][key]["description"] = attributes[name]


def _docstring(model: type[BaseModel]) -> tuple[str, dict[str, str]]:
    """Return a docstring's summary, and its attributes' descriptions with inherited ones."""
    attributes: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, Strict) and base.__doc__:
            attributes |= _attributes(inspect.cleandoc(base.__doc__))
    summary = inspect.cleandoc(model.__doc__ or "").partition("\n\n")[0]
    return summary.replace("\n", " "), attributes


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
    """Return a schema without generated titles and without null.

    Nor without defaults that no file spells out, such as None: a file leaves the key out.
    """
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    kept = {
        key: {name: _tidy(one) for name, one in value.items()} if key in _NAMED else _tidy(value)
        for key, value in node.items()
        if key not in ("title", "discriminator")
        and not (key == "default" and (value is None or isinstance(value, dict)))
    }
    if "anyOf" not in kept:
        return kept
    branches: list[Any] = [one for one in kept.pop("anyOf") if one != {"type": "null"}]
    return (branches[0] if len(branches) == 1 else {"anyOf": branches}) | kept
