"""What happened, in order: operations of the lab, notices of the peers. See docs/history.md."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from orchestrator.errors import DocumentError, LabError

FORMAT = 1
"""The format of histories; a change of meaning takes a higher number."""

Outcome = Literal["ok", "fail", "info"]
"""Happened; certainly did not; may have (no answer in time, or the peer is gone)."""

Type = Literal["invoke", "ok", "fail", "info", "notice", "lab"]
"""An invocation, its three outcomes, a notice of a peer, a line about the run itself."""

_NO_OBJECT = "not a JSON object, as every line of a history is"
_OWN = ("at", "type", "peer", "verb", "operation")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history.

    Attributes:
        at: seconds since the run began.
        type: ``invoke`` opens an operation, its outcome closes it; ``notice`` is unasked.
        peer: whose console it was; empty for the run as a whole.
        verb: the operation, or the kind of notice.
        operation: number that an invocation and its outcome share; otherwise 0.
        fields: arguments, then what the console said.
    """

    at: float
    type: Type
    peer: str
    verb: str
    operation: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """Whether this is the outcome of an operation."""
        return self.type in get_args(Outcome)

    def text(self, key: str) -> str:
        """Return a field that is text; empty if it is absent or something else."""
        return _text(self.fields.get(key))

    def texts(self, key: str) -> tuple[str, ...]:
        """Return the texts in a field that is a list."""
        return tuple(value for value in _items(self.fields.get(key)) if isinstance(value, str))

    def number(self, key: str) -> int | None:
        """Return a field that is a whole number."""
        value = self.fields.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def mapping(self, key: str) -> Mapping[str, Any]:
        """Return a field that is an object; empty if it is absent or something else."""
        value = self.fields.get(key)
        return value if isinstance(value, Mapping) else {}

    @property
    def rows(self) -> list[Mapping[str, Any]]:
        """The rows of a `list`."""
        return [row for row in _items(self.fields.get("rows")) if isinstance(row, Mapping)]

    def as_json(self) -> str:
        """Return the entry as one line of JSON."""
        known = {"at": round(self.at, 6), "type": self.type, "peer": self.peer, "verb": self.verb}
        return json.dumps(known | {"operation": self.operation, **self.fields}, ensure_ascii=True)

    @classmethod
    def from_json(cls, line: str) -> Entry:
        """Return the entry that `as_json` wrote as `line`.

        Raises:
            ValueError: it did not.
        """
        try:
            data = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ValueError(_NO_OBJECT) from error
        if not isinstance(data, dict):
            raise ValueError(_NO_OBJECT)  # noqa: TRY004 - no caller passed a wrong type
        if missing := [key for key in _OWN if key not in data]:
            raise ValueError(f"the key {missing[0]!r} is missing")
        at, kind, peer, verb, operation = (data.pop(key) for key in _OWN)
        if kind not in get_args(Type):
            raise ValueError(f"there is no type {kind!r}")
        try:
            return cls(float(at), kind, str(peer), str(verb), int(operation), data)
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError("'at' or 'operation' is no number") from error


def row_text(row: Mapping[str, Any], key: str) -> str:
    """Return a part of a row that is text; empty if it is absent or something else."""
    return _text(row.get(key))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _items(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else ()


def read(path: Path) -> list[Entry]:
    """Return the entries in the file `path`; a last line that was cut off is left out.

    Raises:
        DocumentError: there is no such file, or another line is not an entry.
    """
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise DocumentError(f"{path}: cannot be read: {reason}") from error
    *whole, _cut_off = lines  # empty, unless the lab was killed in the middle of a line
    entries = []
    for number, line in enumerate(whole, 1):
        try:
            entries.append(Entry.from_json(line))
        except ValueError as error:
            raise DocumentError(f"{path}:{number}:1: {error}") from error
    return entries


class History:
    """Entries in the order in which they became known, written to a file as they come.

    Any thread may write.

    Args:
        path: a file of JSON objects, one a line; None keeps the history in memory only.

    Raises:
        LabError: from every method that writes, if the file cannot be written.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.entries: list[Entry] = []
        self.started = time.monotonic()
        self._path = path
        self._file = path.open("w", encoding="utf-8", buffering=1) if path else None
        self._is_closed = False
        self._lock = threading.Lock()
        self._operations = 0
        self._open: dict[int, Entry] = {}

    def invoke(self, peer: str, verb: str, **fields: object) -> int:
        """Record that an operation begins; return its number."""
        with self._lock:
            self._operations += 1
            begun = Entry(self._now(), "invoke", peer, verb, self._operations, fields)
            self._open[begun.operation] = begun
            self._add(begun)
        return begun.operation

    def complete(self, operation: int, outcome: Outcome, **fields: object) -> None:
        """Record the outcome of an operation; the invocation's fields are repeated."""
        with self._lock:
            begun = self._open.pop(operation)
            merged = {**begun.fields, **fields}
            self._add(Entry(self._now(), outcome, begun.peer, begun.verb, operation, merged))

    def abandon(self, said: str) -> None:
        """Record that the outcome of every open operation is not known."""
        for operation in list(self._open):
            self.complete(operation, "info", said=said)

    def notice(self, peer: str, kind: str, at: float, **fields: object) -> None:
        """Record a notice that was shown at `at` on `time.monotonic`."""
        with self._lock:
            self._add(Entry(at - self.started, "notice", peer, kind, 0, fields))

    def lab(self, verb: str, peer: str = "", at: float | None = None, **fields: object) -> None:
        """Record something about the run itself, now or at `at` on `time.monotonic`."""
        with self._lock:
            when = self._now() if at is None else at - self.started
            self._add(Entry(when, "lab", peer, verb, 0, fields))

    def unfinished(self, operations: Sequence[int]) -> list[int]:
        """Return those operations whose outcome is not recorded yet."""
        return [operation for operation in operations if operation in self._open]

    def _now(self) -> float:
        return time.monotonic() - self.started

    def _add(self, entry: Entry) -> None:
        if self._is_closed:
            return
        self.entries.append(entry)
        try:
            if self._file:
                self._file.write(entry.as_json() + "\n")
        except OSError as error:
            self._close_file()
            self._file = None  # what follows is kept in memory
            raise LabError(
                f"{self._path}: cannot be written: {error.strerror}",
                hint="choose another folder with --runs",
            ) from error

    def close(self) -> None:
        """Close the file; what a console shows later is not recorded."""
        with self._lock:
            self._is_closed = True
            self._close_file()

    def _close_file(self) -> None:
        if self._file:
            with contextlib.suppress(OSError):  # a full disk was reported already
                self._file.close()
