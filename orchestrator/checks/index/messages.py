"""Messages as the sender's console accepted them, and as the receiver's showed them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from orchestrator.checks.index.connections import End
from orchestrator.checks.index.incarnations import Incarnation, Incarnations
from orchestrator.checks.index.operations import Operation
from orchestrator.history.entries import Entry

How = Literal[
    "", "right", "other sender", "again", "changed", "piece", "elsewhere", "typed", "unknown"
]
"""What became of a message that was shown: see `Shown.how`."""

_NO_RECEIPT = "no receipt"


@dataclass(slots=True, eq=False)
class Send:
    """A `send`.

    Attributes:
        operation: it.
        sender: who sent.
        receiver: to whom; empty when nobody knows.
        text: what.
        life: the sender's, in which it sent.
        end: the sender's end of the connection, if it is known.
        shown: what the receiver showed of it, right or not.
    """

    operation: Operation
    sender: str
    receiver: str
    text: str
    life: Incarnation
    end: End | None
    shown: Shown | None = None

    @property
    def at(self) -> float:
        """When it was invoked."""
        return self.operation.at

    @property
    def position(self) -> int:
        """Where the invocation stands in the history."""
        return self.operation.position

    @property
    def is_accepted(self) -> bool:
        """Whether the sender's console took it."""
        return self.operation.status == "ok"

    @property
    def accepted_at(self) -> float:
        """When the sender's console had taken it."""
        return self.operation.last.at

    @property
    def has_receipt(self) -> bool:
        """Whether an outcome is promised: there is none from a plain TCP program."""
        return _NO_RECEIPT not in self.operation.said


@dataclass(slots=True, eq=False)
class Shown:
    """A message that a console showed.

    Attributes:
        receiver: at whose console.
        sender: who is named as its sender; empty when nobody in the run is.
        named: whether the console names a peer of the run; else its id led to the sender.
        called: the name that the console gives the sender.
        text: what.
        at: when.
        position: where in the history.
        end: the receiver's end of the connection, if it is known.
        how: `right`; from an `other sender`; shown `again`; `changed`, or a further `piece`
            of what was; meant for somebody `elsewhere`; perhaps `typed` by hand; `unknown`.
        send: the `send` that it comes from, as far as that can be told.
    """

    receiver: str
    sender: str
    named: bool
    called: str
    text: str
    at: float
    position: int
    end: End | None
    how: How = ""
    send: Send | None = None

    def comes_from(self, send: Send, how: How) -> None:
        """Take note of where it comes from."""
        self.send, self.how = send, how
        if send.shown is None:
            send.shown = self


def sends(
    operations: Iterable[Operation], at_entry: Mapping[int, End], incarnations: Incarnations
) -> list[Send]:
    """Return every `send`, in the order of the invocations."""
    return [
        Send(
            each,
            each.peer,
            each.to,
            each.last.text("text"),
            incarnations.at(each.peer, each.position),
            _end(each, at_entry),
        )
        for each in operations
        if each.verb == "send"
    ]


def _end(operation: Operation, at_entry: Mapping[int, End]) -> End | None:
    position = operation.done_position if operation.done else operation.position
    return at_entry.get(position)


def shown(entries: Sequence[Entry], at_entry: Mapping[int, End]) -> list[Shown]:
    """Return every message that was shown, in the history's order."""
    return [
        _shown(position, entry, at_entry.get(position))
        for position, entry in enumerate(entries)
        if entry.verb == "message" and entry.type == "notice"
    ]


def _shown(position: int, entry: Entry, end: End | None) -> Shown:
    of, text = entry.text("of"), entry.text("text")
    sender = of or (end.other if end else "")
    called = entry.text("called")
    return Shown(entry.peer, sender, bool(of), called, text, entry.at, position, end)
