"""What happened, in order: operations of the lab, and notices of the peers."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Outcome = Literal["ok", "fail", "info"]
"""Happened; certainly did not; may have (no answer in time, or the peer is gone)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history.

    Attributes:
        at: seconds since the run began.
        type: ``invoke`` opens an operation, its outcome closes it; ``notice`` is unasked.
        peer: at whose console.
        verb: the operation, or the kind of notice.
        operation: number that an invocation and its outcome share; 0 for a notice.
        fields: arguments, then what the console said.
    """

    at: float
    type: Literal["invoke", "ok", "fail", "info", "notice"]
    peer: str
    verb: str
    operation: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> str:
        """Return the entry as one line of JSON."""
        known = {"at": round(self.at, 6), "type": self.type, "peer": self.peer, "verb": self.verb}
        return json.dumps(known | {"operation": self.operation, **self.fields}, ensure_ascii=True)


class History:
    """Entries in the order in which they became known, written to a file as they come.

    Args:
        path: a file of JSON, an object a line; None keeps the history in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.entries: list[Entry] = []
        self._file = path.open("w", encoding="utf-8", buffering=1) if path else None
        self._started = time.monotonic()
        self._operations = 0
        self._open: dict[int, Entry] = {}

    def invoke(self, peer: str, verb: str, **fields: object) -> int:
        """Record that an operation begins; return its number."""
        self._operations += 1
        at = time.monotonic() - self._started
        begun = Entry(at, "invoke", peer, verb, self._operations, fields)
        self._open[self._operations] = begun
        self._add(begun)
        return self._operations

    def complete(self, operation: int, outcome: Outcome, **fields: object) -> None:
        """Record how an operation ended; the invocation's fields are repeated."""
        begun = self._open.pop(operation)
        at = time.monotonic() - self._started
        both = {**begun.fields, **fields}
        self._add(Entry(at, outcome, begun.peer, begun.verb, operation, both))

    def abandon(self, **fields: object) -> None:
        """Record of every operation that has not ended that nobody knows how it did."""
        for operation in list(self._open):
            self.complete(operation, "info", **fields)

    def notice(self, peer: str, kind: str, at: float, **fields: object) -> None:
        """Record a notice that was shown at `at` on `time.monotonic`."""
        self._add(Entry(at - self._started, "notice", peer, kind, 0, fields))

    def _add(self, entry: Entry) -> None:
        self.entries.append(entry)
        if self._file:
            self._file.write(entry.as_json() + "\n")

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
