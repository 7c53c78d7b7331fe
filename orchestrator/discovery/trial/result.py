"""How the replies of a program were read by its profile. Pure data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestrator.profile import Value
from orchestrator.text import count


class ReplyReading(StrEnum):
    """How a reply was read."""

    SUCCESS = "success"
    NIL = "nothing there"
    FAILURE = "definite failure"
    INDEFINITE = "may have happened"
    UNREAD = "not read"


@dataclass(frozen=True, slots=True)
class Tried:
    """An operation that was typed, and its reply.

    Attributes:
        operation: its name.
        typed: the lines that were typed.
        said: what the console said.
        reading: how that was read.
        results: the typed results.
        rows: the typed rows.
        position: the place of its patterns in the profile, as `line:column`.
        hint: what would help, if the reply was not read.
    """

    operation: str
    typed: Sequence[str]
    said: str
    reading: ReplyReading
    results: Mapping[str, Value] = field(default_factory=dict)
    rows: Sequence[Mapping[str, Value]] = ()
    position: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class NoticeRead:
    """A notice of the profile, and the first line that it read; no line if none came."""

    kind: str
    position: str
    peer: str = ""
    said: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Trial:
    """The result for a profile.

    Attributes:
        file: the profile's file.
        peers: which program each peer ran, by peer.
        operations: those of the profile, in its order.
        tried: each operation with each way in which its replies were read.
        notices: those of the profile.
        unread: lines without a command that no pattern read.
        problems: what went wrong besides.
    """

    file: str
    peers: Mapping[str, str]
    operations: Sequence[str]
    tried: list[Tried] = field(default_factory=list)
    notices: list[NoticeRead] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, tried: Tried) -> None:
        """Add what was tried, unless the same operation was already read in the same way."""
        known = [(it.operation, it.reading) for it in self.tried]
        if (tried.operation, tried.reading) not in known:
            self.tried.append(tried)

    def in_order(self) -> list[Tried]:
        """Return what was tried, in the order of the profile."""
        return sorted(self.tried, key=lambda it: self.operations.index(it.operation))

    def readings(self, name: str) -> set[ReplyReading]:
        """Return how the replies to an operation were read."""
        return {it.reading for it in self.tried if it.operation == name}

    @property
    def untried(self) -> list[str]:
        """The operations that were not typed, as the program had ended."""
        return [name for name in self.operations if not self.readings(name)]

    @property
    def is_wrong(self) -> bool:
        """Whether a reply was not read, or an operation not tried."""
        return any(it.reading is ReplyReading.UNREAD for it in self.tried) or bool(self.untried)

    def complaints(self) -> list[str]:
        """Return two lines for each reply that was not read, in a format that editors know."""
        return [
            line
            for it in self.in_order()
            if it.reading is ReplyReading.UNREAD
            for line in (
                f"{self.file}:{it.position}: {it.operation}: no pattern reads the reply",
                f"  hint: {it.hint}",
            )
        ]

    @property
    def summary(self) -> str:
        """How many operations were read, in a sentence."""
        came = sum(bool(it.peer) for it in self.notices)
        notices = f"{came} of {count(len(self.notices), 'notice')} came" if self.notices else ""
        if not self.operations:
            parts = ["the program is ready, and has no operations to try", notices]
            return f"{self.file}: {'; '.join(filter(None, parts))}"
        unread = [n for n in self.operations if ReplyReading.UNREAD in self.readings(n)]
        read = len(self.operations) - len(unread) - len(self.untried)
        parts = [f"the replies to {read} of {count(len(self.operations), 'operation')} were read"]
        if unread:
            parts.append(f"not those to {', '.join(unread)}")
        if self.untried:
            parts.append(f"not tried: {', '.join(self.untried)}")
        known = {name: self.readings(name) for name in self.operations}
        fine = {ReplyReading.SUCCESS, ReplyReading.UNREAD}
        without = [name for name, seen in known.items() if seen and not seen & fine]
        if without:
            parts.append(f"never seen to succeed with a result: {', '.join(without)}")
        return f"{self.file}: {'; '.join(filter(None, [*parts, notices]))}"

    def as_data(self) -> dict[str, Any]:
        """Return the result as plain data."""
        return {
            "profile": self.file,
            "peers": dict(self.peers),
            "operations": [
                {"operation": it.operation, "typed": list(it.typed), "said": it.said,
                 "reading": it.reading.value, "results": dict(it.results),
                 "rows": [dict(row) for row in it.rows], "at": it.position, "hint": it.hint}
                for it in self.in_order()
            ],
            "untried": self.untried,
            "notices": [
                {"notice": it.kind, "at": it.position, "peer": it.peer, "said": it.said,
                 "fields": dict(it.fields)}
                for it in self.notices
            ],
            "unread": self.unread,
            "problems": self.problems,
        }  # fmt: skip
