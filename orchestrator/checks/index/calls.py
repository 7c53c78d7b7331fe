"""Calls: operations with typed arguments and results, whatever their names; and such notices.

What an operation means to a model is in the line `began`, by its name. A model sees nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, Literal

from orchestrator.checks.index.invocations import Operation
from orchestrator.checks.index.meanings import Meanings
from orchestrator.history.entries import Entry

CallStatus = Literal["ok", "fail", "info"]
"""Happened; certainly did not; may have, or may still happen."""

Scalar = str | int | float


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """An operation that any vocabulary may have, with its outcome."""

    peer: str  # at whose console
    name: str  # of the operation
    meaning: str  # what it is to a model; empty for nothing
    status: CallStatus  # `info` if it has no outcome, too
    arguments: Mapping[str, Scalar]
    results: Mapping[str, Scalar]
    rows: Sequence[Mapping[str, Scalar]]  # of the reply
    is_nil: bool  # whether the reply was "there is nothing"
    unread: str | None  # the reply that the lab could not read; None if it could
    invoked: float  # when, in seconds since the run began
    completed: float  # when; infinite if it may still happen
    position: int  # of the invocation in the history: what began first
    done_position: float  # of the outcome; infinite if it may still happen

    @property
    def is_ok(self) -> bool:
        """Whether it happened."""
        return self.status == "ok"

    @property
    def may_happen(self) -> bool:
        """Whether it happened, or may have."""
        return self.status != "fail"

    @property
    def key(self) -> str:
        """What it is about, such as a register's name; empty if there is just one."""
        return spelled(self.arguments.get("key", ""))

    def precedes(self, other: Call) -> bool:
        """Return whether it was over before another began."""
        return self.done_position < other.position

    def values(self, name: str, plural: str) -> list[str]:
        """Return what its reply lists: of each row, or as a result of words or with commas.

        Args:
            name: of the column, and of a result that is just one.
            plural: of the result that lists several.
        """
        listed = [spelled(row[name]) for row in self.rows if name in row]
        if name in self.results:
            listed.append(spelled(self.results[name]))
        several = str(self.results.get(plural, ""))
        return listed + several.replace(",", " ").split()


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """A notice with a meaning."""

    peer: str  # at whose console
    kind: str  # its name
    meaning: str
    fields: Mapping[str, Any]
    at: float  # when it was shown, in seconds since the run began
    position: int  # in the history

    def text(self, name: str) -> str:
        """Return one of its fields as text; empty without it."""
        return spelled(self.fields.get(name, ""))


def spelled(value: object) -> str:
    """Return a value as models compare it: 1, 1.0 and the text "1" are the same."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def find_calls(operations: Iterable[Operation], means: Meanings) -> Iterator[Call]:
    """Yield the operations that have arguments or a meaning, in the order of their invocations.

    Args:
        operations: all of a history.
        means: the meanings of those that have one.
    """
    for operation in operations:
        meaning = means.of(operation.peer, operation.verb)
        if meaning or isinstance(operation.invoked.fields.get("arguments"), Mapping):
            yield call_of(operation, meaning)


def call_of(operation: Operation, meaning: str = "") -> Call:
    """Return an operation of any vocabulary as a call."""
    is_over = operation.status in ("ok", "fail")
    last = operation.last
    return Call(
        operation.peer,
        operation.verb,
        meaning,
        "info" if operation.is_indeterminate else "ok" if operation.status == "ok" else "fail",
        _scalars(operation.invoked.fields.get("arguments")),
        _scalars(last.fields.get("results")),
        [_scalars(row) for row in last.rows],
        last.fields.get("nil") is True,
        str(last.fields["unread"]) if "unread" in last.fields else None,
        operation.at,
        last.at if is_over else inf,
        operation.position,
        operation.done_position if is_over else inf,
    )


def _scalars(value: object) -> dict[str, Scalar]:
    """Return the named values of an object that are text or numbers."""
    fields = value.items() if isinstance(value, Mapping) else ()
    return {str(k): v for k, v in fields if isinstance(v, str | int | float)}


def find_told(entries: Iterable[Entry], means: Meanings) -> Iterator[Told]:
    """Yield the notices that have a meaning, in order."""
    for position, entry in enumerate(entries):
        if entry.type == "notice" and (meaning := means.of(entry.peer, entry.verb)):
            named = {**entry.fields, **entry.mapping("results")}
            yield Told(entry.peer, entry.verb, meaning, named, entry.at, position)
