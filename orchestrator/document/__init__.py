"""Read YAML files into strict models, reporting every mistake at once by line and column."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from orchestrator.document.mistakes import ANY, Problem, describe, empty, fields, nearest, problem
from orchestrator.document.source import FORMER, Source, load, to_yaml
from orchestrator.errors import DocumentError

__all__ = [
    "ANY",
    "FORMER",
    "Problem",
    "Source",
    "Strict",
    "describe",
    "load",
    "nearest",
    "problem",
    "read",
    "to_yaml",
]

_IN_A_FILE = "in a file"  # set in the validation context of values that were read from a file


class Strict(BaseModel):
    """A frozen model that refuses unknown keys and converts nothing.

    In a file, a key without a value is a mistake. Treating it as absent would often mean the
    opposite of what its author had begun to write. A model is built when it is first used: all of
    them would take a tenth of the time in which a command starts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    @field_validator("*", mode="before")
    @classmethod
    def _require_a_value(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and info.context and info.context.get(_IN_A_FILE):
            field = fields(cls).get(info.field_name or "")
            if field and field.default is None:
                raise ValueError(empty(field.alias or str(info.field_name), field.annotation))
        return value


Model = TypeVar("Model", bound=BaseModel)


def read(
    origin: Path | Source,
    model: type[Model],
    *,
    check: Callable[[Model], Iterable[Problem]] = lambda _: (),
    raw: Callable[[Any], Iterable[Problem]] = lambda _: (),
    context: Callable[[Any], dict[str, Any]] = lambda _: {},
) -> Model:
    """Read a document as a `model`.

    Args:
        origin: a YAML file, or one that has been parsed already.
        model: the model to validate against.
        check: finds mistakes that the model cannot, in a valid value.
        raw: finds mistakes in the plain document, whether or not it is valid.
        context: makes the validators' context from the plain document.

    Raises:
        DocumentError: the document is wrong; the message has one line for each mistake.
    """
    source = origin if isinstance(origin, Source) else load(origin)
    problems = list(raw(source.plain))
    value: Model | None = None
    try:
        value = model.model_validate(
            source.plain, context={**context(source.plain), _IN_A_FILE: True}
        )
        problems += check(value)
    except ValidationError as error:
        problems += [problem(detail, model) for detail in error.errors()]
    if value is None or problems or source.repeated:
        raise DocumentError("\n".join(source.placed(problems)))
    return value
