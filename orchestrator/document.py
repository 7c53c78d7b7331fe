"""YAML files as strict models: every mistake of a file at once, with line and column."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from orchestrator.errors import DocumentError


class Strict(BaseModel):
    """A model without unknown keys and without conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Model = TypeVar("Model", bound=BaseModel)
Place = Sequence[int | str]
"""Where in a document: keys and indices from the top."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake, and the place of what is wrong."""

    place: tuple[int | str, ...]
    what: str


def load(path: Path) -> Any:
    """Return the document in the file `path`, with positions attached.

    Raises:
        DocumentError: no such file, or not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise DocumentError(f"{path}: cannot be read: {reason}") from error
    try:
        return YAML(typ="rt").load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
        raise DocumentError(f"{path}:{where}: not YAML: {error.problem}") from error
    except YAMLError as error:
        raise DocumentError(f"{path}:1:1: not YAML: {error}") from error


def read(
    path: Path, model: type[Model], look_closer: Callable[[Model], Iterable[Problem]]
) -> Model:
    """Return the file `path` as a `model`.

    Args:
        path: a YAML file.
        model: what it must be.
        look_closer: finds the mistakes that a model cannot, such as names that nobody
            declared.

    Raises:
        DocumentError: the file is not that; each mistake on a line of its own.
    """
    document = load(path)
    try:
        value = model.model_validate(_plain(document))
    except ValidationError as error:
        problems = [_problem(detail, model) for detail in error.errors()]
    else:
        problems = list(look_closer(value))
        if not problems:
            return value
    lines = [f"{path}:{_position(document, problem.place)}: {problem.what}" for problem in problems]
    raise DocumentError("\n".join(lines))


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a clause that suggests the word most like `word`; may be empty."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _plain(node: Any) -> Any:
    """Return a node without ruamel's own types."""
    if isinstance(node, dict):
        return {str(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    for kind in (bool, int, float, str):
        if isinstance(node, kind):
            return kind(node)
    return node


def _problem(detail: ErrorDetails, model: type[BaseModel]) -> Problem:
    place = tuple(detail["loc"])
    match detail["type"]:
        case "extra_forbidden":
            word = str(place[-1])
            hint = nearest(word, _keys_at(model, place[:-1]))
            return Problem(place, f"unknown key {word!r}{hint}")
        case "missing":
            return Problem(place[:-1], f"key {str(place[-1])!r} is missing")
    what = detail["msg"].removeprefix("Value error, ")
    return Problem(place, what[:1].lower() + what[1:])


def _keys_at(model: type[BaseModel], place: Place) -> list[str]:
    """Return the keys that are allowed at `place`, as well as types tell."""
    models = [model]
    for step in place:
        if isinstance(step, str):
            fields = [each.model_fields[step] for each in models if step in each.model_fields]
            models = [inner for field in fields for inner in _models_in(field.annotation)]
    fields_of = (each.model_fields.items() for each in models)
    return [field.alias or name for fields in fields_of for name, field in fields]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    inner = getattr(annotation, "__args__", ())
    return [found for each in inner for found in _models_in(each)]


def _position(document: Any, place: Place) -> str:
    """Return `line:column`, counted from 1, of the deepest part of `place` that exists."""
    line = column = 0
    node = document
    for step in place:
        try:
            marks: Any = node
            is_map = isinstance(node, dict)
            line, column = marks.lc.key(step) if is_map else marks.lc.item(step)
            node = node[step]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return f"{line + 1}:{column + 1}"
