"""Operations: each invocation with its outcome."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from orchestrator.history.entries import Entry

Status = Literal["ok", "fail", "info", "open"]
"""An outcome, or none yet."""

TOLERANCE = 0.1  # seconds by which what was shown may seem to be before what was done
LONGEST = 5.0  # seconds that no notice takes, even where much is going on
OUTCOMES = frozenset(("ok", "fail", "info"))


@dataclass(slots=True)
class Operation:
    """An invocation, and its outcome once there is one.

    Attributes:
        position: where the invocation stands in the history.
        invoked: the invocation; the outcome where the invocation is missing.
        done: the outcome.
        done_index: where the outcome stands.
    """

    position: int
    invoked: Entry
    done: Entry | None = None
    done_position: int = -1

    @property
    def status(self) -> Status:
        """How it ended."""
        return self.done.type if self.done else "open"  # type: ignore[return-value]

    @property
    def is_perhaps(self) -> bool:
        """Whether it may have happened and nobody knows."""
        return self.done is None or self.done.type == "info"

    @property
    def last(self) -> Entry:
        """The entry that knows most: the outcome, if there is one."""
        return self.done or self.invoked

    @property
    def peer(self) -> str:
        """At whose console."""
        return self.invoked.peer

    @property
    def verb(self) -> str:
        """What was done."""
        return self.invoked.verb

    @property
    def at(self) -> float:
        """When it was invoked."""
        return self.invoked.at

    @property
    def to(self) -> str:
        """The peer that it was done to."""
        return self.last.text("to")

    @property
    def of(self) -> str:
        """The peer that an `expect` is about."""
        return self.last.text("of")

    @property
    def said(self) -> str:
        """What the console answered."""
        return self.done.text("said") if self.done else ""


def paired(entries: Sequence[Entry]) -> list[Operation]:
    """Return the operations in the order of their invocations."""
    operations: dict[int, Operation] = {}
    for position, entry in enumerate(entries):
        if entry.type == "invoke":
            operations.setdefault(entry.operation, Operation(position, entry))
        elif entry.type in OUTCOMES:
            begun = operations.setdefault(entry.operation, Operation(position, entry))
            if begun.done is None:
                begun.done, begun.done_position = entry, position
    return list(operations.values())


@dataclass(frozen=True, slots=True)
class Typed:
    """A line that was typed as it is, and when."""

    at: float
    line: str

    def is_before(self, at: float) -> bool:
        """Return whether it may have brought about what was shown at a time."""
        return self.at <= at + TOLERANCE


def typing(operations: Iterable[Operation]) -> dict[str, list[Typed]]:
    """Return the lines that were typed as they are, by peer: nobody knows what they did.

    A line that the console refused did nothing.
    """
    lines: dict[str, list[Typed]] = {}
    for each in operations:
        if each.verb == "type" and each.status != "fail":
            lines.setdefault(each.peer, []).append(Typed(each.at, each.last.text("line")))
    return lines
