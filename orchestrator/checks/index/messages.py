"""Messages as the sender's console accepted them, and as the receiver's showed them."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from orchestrator.checks.index.connections import ConnectionEnd
from orchestrator.checks.index.incarnations import Incarnation, Incarnations
from orchestrator.checks.index.invocations import Operation
from orchestrator.history.entries import Entry

Match = Literal[
    "", "right", "other sender", "again", "changed", "piece", "elsewhere", "typed", "unknown"
]
"""How a message shown goes with the `send` it comes from: see `ShownMessage.match`."""

Direction = tuple[str, str]  # sender and receiver

Key = tuple[str, str, str]  # sender, receiver, text

_NO_RECEIPT = "no receipt"


@dataclass(slots=True, eq=False)
class SentMessage:
    """A `send`."""

    operation: Operation
    sender: str  # the peer that sent
    receiver: str  # the peer that it was sent to; empty if unknown
    text: str  # of the message
    incarnation: Incarnation  # the sender's
    end: ConnectionEnd | None  # the sender's end of the connection, if it is known
    shown: ShownMessage | None = None  # what the receiver showed of it, right or not

    @property
    def at(self) -> float:
        """When it was invoked."""
        return self.operation.at

    @property
    def position(self) -> int:
        """The position of the invocation in the history."""
        return self.operation.position

    @property
    def direction(self) -> Direction:
        """The sender and the receiver."""
        return self.sender, self.receiver

    @property
    def key(self) -> Key:
        """What equal messages have in common."""
        return self.sender, self.receiver, self.text

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
        """Whether an outcome is promised: a plain TCP program gives none."""
        return _NO_RECEIPT not in self.operation.said


@dataclass(slots=True, eq=False)
class ShownMessage:
    """A message that a console showed."""

    receiver: str  # the peer whose console it was
    sender: str  # the peer named as its sender; empty if that is none of the run
    named: bool  # whether the console names a peer of the run; else its id led to the sender
    called: str  # the console's name for the sender
    text: str  # as shown
    at: float  # when
    position: int  # in the history
    end: ConnectionEnd | None  # the receiver's end of the connection, if it is known
    # `right`; from an `other sender`; shown `again`; `changed`, or a further `piece` of a changed
    # one; meant for another peer, `elsewhere`; perhaps `typed` by hand; `unknown`
    match: Match = ""
    send: SentMessage | None = None  # the `send` that it comes from, as far as is known

    @property
    def direction(self) -> Direction:
        """The sender and the receiver."""
        return self.sender, self.receiver

    def comes_from(self, send: SentMessage, match: Match) -> None:
        """Record where it comes from."""
        self.send, self.match = send, match
        if send.shown is None:
            send.shown = self


def sends(
    operations: Iterable[Operation], end_at: Mapping[int, ConnectionEnd], incarnations: Incarnations
) -> list[SentMessage]:
    """Return every `send`, in the order of the invocations."""
    return [
        SentMessage(
            operation,
            operation.peer,
            operation.to,
            operation.last.text("text"),
            incarnations.at(operation.peer, operation.position),
            end_at.get(operation.done_position if operation.done else operation.position),
        )
        for operation in operations
        if operation.verb == "send"
    ]


def shown(
    entries: Sequence[Entry], end_at: Mapping[int, ConnectionEnd], sends: Iterable[SentMessage]
) -> list[ShownMessage]:
    """Return every message that was shown, in the history's order."""
    sent = {(send.receiver, send.text) for send in sends}
    return [
        _shown(position, entry, end_at.get(position), sent)
        for position, entry in enumerate(entries)
        if entry.verb == "message" and entry.type == "notice"
    ]


def _shown(
    position: int, entry: Entry, end: ConnectionEnd | None, sent: Container[tuple[str, str]]
) -> ShownMessage:
    of, called = entry.text("of"), entry.text("called")
    texts = (entry.text("text"), *entry.texts("perhaps"))  # a reply may stand behind the text
    text = next((it for it in texts if (entry.peer, it) in sent), texts[0])
    sender = of or (end.other if end else "")
    return ShownMessage(entry.peer, sender, bool(of), called, text, entry.at, position, end)
