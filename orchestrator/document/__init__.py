"""YAML files as strict models: every mistake of a file at once, with line and column."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from orchestrator.document.mistakes import Problem, empty, found, nearest, problem
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


_IN_A_FILE = "in a file"
"""In the context of a validation: whether the value was read from a file."""


class Strict(BaseModel):
    """A model without unknown keys and without conversions.

    In a file, a key with nothing behind it is a mistake: as though it were not there, it would
    often mean the opposite of what somebody had begun to write.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @field_validator("*", mode="before")
    @classmethod
    def _no_key_is_empty(cls, value: Any, info: ValidationInfo) -> Any:
        field = cls.model_fields.get(info.field_name or "")
        is_read = info.context and info.context.get(_IN_A_FILE)
        if value is None and is_read and field and field.default is None:
            raise ValueError(empty(field.alias or str(info.field_name), field.annotation))
        return value


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
        context = {**context, _IN_A_FILE: True}
        return model.model_validate(source.plain, context=context), []
    except ValidationError as error:
        return None, [problem(detail, model) for detail in error.errors()]
