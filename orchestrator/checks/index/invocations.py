"""Operations: each invocation with its outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from orchestrator.history.entries import Entry, row_text

OperationStatus = Literal["ok", "fail", "info", "open"]  # an outcome, or none yet

TOLERANCE = 0.1  # seconds by which an effect may seem to precede its cause
EARLY = 1.0  # seconds by which one end may be notified before the other has answered
LONGEST = 5.0  # seconds; no notice takes longer, however busy the machine
OUTCOMES = frozenset(("ok", "fail", "info"))


@dataclass(slots=True)
class Operation:
    """An invocation, and its outcome once there is one."""

    position: int  # of the invocation in the history
    invoked: Entry  # the invocation; the outcome if the invocation is missing
    done: Entry | None = None  # the outcome
    done_position: int = -1  # of the outcome in the history

    @property
    def status(self) -> OperationStatus:
        """How it ended."""
        return self.done.type if self.done else "open"  # type: ignore[return-value]

    @property
    def is_indeterminate(self) -> bool:
        """Whether it may or may not have happened."""
        return self.done is None or self.done.type == "info"

    @property
    def is_never_answered(self) -> bool:
        """Whether nothing was printed, and all programs rested for good when time was up."""
        fields = self.last.fields
        return self.is_indeterminate and fields.get("answered") is False and "rested" in fields

    @property
    def last(self) -> Entry:
        """The entry that knows most: the outcome, if there is one."""
        return self.done or self.invoked

    @property
    def number(self) -> int:
        """Its number in the history."""
        return self.invoked.operation

    @property
    def peer(self) -> str:
        """The peer at whose console it was done."""
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

    @property
    def listed(self) -> Counter[str]:
        """How often a `list` shows each peer; empty for none of the run."""
        return Counter(row_text(row, "peer") for row in self.last.rows)


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
        """Return whether it may have caused what was shown at a time."""
        return self.at <= at + TOLERANCE


def typed_lines(operations: Iterable[Operation]) -> dict[str, list[Typed]]:
    """Return the lines that were typed as they are, by peer. Their effect is unknown.

    A line that the console refused had none.
    """
    lines: dict[str, list[Typed]] = {}
    for operation in operations:
        if operation.verb == "type" and operation.status != "fail":
            line = Typed(operation.at, operation.last.text("line"))
            lines.setdefault(operation.peer, []).append(line)
    return lines
