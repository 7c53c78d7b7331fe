"""YAML files as strict models: every mistake of a file at once, with line and column."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestrator.document.mistakes import Problem, found, nearest, problem
from orchestrator.document.source import Source, load
from orchestrator.document.writing import written
from orchestrator.errors import DocumentError

__all__ = [
    "Problem",
    "Source",
    "Strict",
    "found",
    "load",
    "nearest",
    "problem",
    "read",
    "validate",
    "written",
]


class Strict(BaseModel):
    """A model without unknown keys and without conversions."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Model = TypeVar("Model", bound=BaseModel)


def read(
    where: Path | Source,
    model: type[Model],
    *,
    closer: Callable[[Model], Iterable[Problem]] = lambda _: (),
    raw: Callable[[Any], Iterable[Problem]] = lambda _: (),
    context: Callable[[Any], dict[str, Any]] = lambda _: {},
) -> Model:
    """Return a document as a `model`.

    Args:
        where: a YAML file, or what was read from one.
        model: what it must be.
        closer: finds the mistakes that a model cannot, in a value that is one.
        raw: finds mistakes in the document, whatever else is wrong with it.
        context: what the model's validators are told about the document.

    Raises:
        DocumentError: the file is not that; each mistake on a line of its own.
    """
    source = where if isinstance(where, Source) else load(where)
    problems = list(raw(source.plain))
    value, wrong = validate(source, model, context(source.plain))
    problems += closer(value) if value is not None else wrong
    if value is None or problems or source.repeated:
        raise DocumentError("\n".join(source.placed(problems)))
    return value


def validate(
    source: Source, model: type[Model], context: dict[str, Any]
) -> tuple[Model | None, list[Problem]]:
    """Return a document as a `model`; or None, and why it is not one."""
    try:
        return model.model_validate(source.plain, context=context), []
    except ValidationError as error:
        return None, [problem(detail, model) for detail in error.errors()]
