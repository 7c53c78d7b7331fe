"""What happened, in order: operations of the lab, notices of the peers. See docs/history.md."""

from __future__ import annotations

import contextlib
import json
import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NoReturn, get_args

from orchestrator.document import describe
from orchestrator.errors import DocumentError, LabError
from orchestrator.history.fields import mistakes
from orchestrator.reading import read_text

FORMAT = 1  # the format of histories; a change of meaning takes a higher number

Outcome = Literal["ok", "fail", "info"]
"""Happened; certainly did not; may have (no answer in time, or the peer is gone)."""

Type = Literal["invoke", "ok", "fail", "info", "notice", "lab"]
"""An invocation, its three outcomes, a notice of a peer, a line about the run itself."""

GONE = "is not there any more"
"""What is said of a peer that had ended before an operation, behind its name."""

_NO_OBJECT = "not a JSON object, as every line of a history is"
_OWN = ("at", "type", "peer", "verb", "operation")
_OWN_TYPES: tuple[tuple[str, Callable[[Any], bool], str], ...] = (
    ("at", lambda at: type(at) in (int, float) and math.isfinite(at), "a number of seconds"),
    ("type", lambda kind: kind in get_args(Type), f"one of {', '.join(get_args(Type))}"),
    ("peer", lambda peer: isinstance(peer, str), "text"),
    ("verb", lambda verb: isinstance(verb, str), "text"),
    ("operation", lambda number: type(number) is int and number >= 0, "a whole number"),
)
_MOST_MEGABYTES = 100
_MOST_MISTAKES = 20  # that are listed


class EntryError(ValueError):
    """A line of the file is not an entry of a history.

    Args:
        key: the key with the mistake; empty if it is the whole line's.
        what: the mistake.
    """

    def __init__(self, key: str, what: str) -> None:
        super().__init__(what)
        self.key = key


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number in JSON")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the history."""

    at: float  # seconds since the run began
    type: Type  # ``invoke`` opens an operation, its outcome closes it; ``notice`` is unasked
    peer: str  # whose console it was; empty for the run as a whole
    verb: str  # the operation, or the kind of notice
    operation: int = 0  # number that an invocation and its outcome share; otherwise 0
    fields: Mapping[str, Any] = field(default_factory=dict)  # arguments, then what the console said

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
            EntryError: it did not, or was changed since.
        """
        try:
            data = json.loads(line, parse_constant=_no_number)
        except (ValueError, RecursionError) as error:
            raise EntryError("", _NO_OBJECT) from error
        if not isinstance(data, dict):
            raise EntryError("", _NO_OBJECT)
        if missing := [key for key in _OWN if key not in data]:
            raise EntryError("", f"the key {missing[0]!r} is missing")
        for key, is_right, expected in _OWN_TYPES:
            if not is_right(data[key]):
                raise EntryError(
                    key, f"{key}: {expected} is expected here, not {describe(data[key])}"
                )
        at, kind, peer, verb, operation = (data.pop(key) for key in _OWN)
        for key, what in mistakes(data):
            raise EntryError(key, what)
        return cls(float(at), kind, peer, verb, operation, data)


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
        DocumentError: there is no such file, or other lines are no entries, or are outcomes
            of operations that did not begin.
    """
    try:
        lines = read_text(path, _MOST_MEGABYTES).split("\n")
    except FileNotFoundError as error:
        raise DocumentError(f"{path}: cannot be read: {error.strerror}") from error
    *whole, _cut_off = lines  # empty, unless the lab was killed in the middle of a line
    _refuse_newer(path, whole[:1])
    entries, wrong, begun = [], [], dict[int, Entry]()
    for number, line in enumerate(whole, 1):
        try:
            entry = Entry.from_json(line)
            _require_pair(entry, begun)
        except EntryError as error:
            column = max(line.find(f'"{error.key}"') if error.key else 0, 0) + 1
            wrong.append(f"{path}:{number}:{column}: {error}")
            if len(wrong) == _MOST_MISTAKES:
                break
        else:
            entries.append(entry)
    if wrong:
        raise DocumentError("\n".join(wrong))
    return entries


def _refuse_newer(path: Path, first: Sequence[str]) -> None:
    """Raise a `DocumentError` if a history may not mean what this version reads in it."""
    try:
        given = json.loads(first[0]).get("format", FORMAT)
    except (IndexError, ValueError, AttributeError, RecursionError):
        return  # reported with its line
    if type(given) is not int or given > FORMAT:
        raise DocumentError(
            f"{path}: written by a newer Peerlab: its format is {describe(given)},"
            f" this one knows {FORMAT}",
            hint="judge it with the Peerlab that wrote it, or a later one",
        )


def _require_pair(entry: Entry, begun: dict[int, Entry]) -> None:
    """Note an invocation in `begun`, and take out the one that an outcome ends."""
    if entry.type == "invoke":
        if entry.operation in begun:
            raise EntryError("operation", f"operation {entry.operation} has begun already")
        begun[entry.operation] = entry
    elif entry.is_done:
        first = begun.pop(entry.operation, None)
        if first is None or (first.peer, first.verb) != (entry.peer, entry.verb):
            what = f"no {entry.verb} of {entry.peer or 'the run'} with this number is under way"
            raise EntryError("operation", f"operation {entry.operation}: {what}")


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
                hint="choose another folder with --output",
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
