"""What a workload did in a kept run, so that it can be replayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.errors import DocumentError
from orchestrator.history import entries, runs
from orchestrator.history.entries import Entry

WORKLOAD = "workload"
"""The verb of the line with which a workload begins, and the field of its operations."""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """An operation that a workload did."""

    after: float  # seconds since the workload began
    peer: str
    name: str  # of the operation
    arguments: Mapping[str, Any]  # as they were typed


@dataclass(frozen=True)
class RecordedWorkload:
    """The operations of one workload, in the order in which they began."""

    run: Path  # the folder of the run
    number: int  # which workload of that run, from 1
    peers: Sequence[str]  # that took part
    calls: Sequence[RecordedCall]

    @property
    def lasts(self) -> float:
        """The seconds from its beginning to its last operation."""
        return max((call.after for call in self.calls), default=0.0)


def recorded(run: Path, number: int = 1) -> RecordedWorkload:
    """Return what a workload did in the run that is kept in a folder.

    Raises:
        DocumentError: the history cannot be read or is damaged, or has no such workload.
    """
    path = run / runs.HISTORY
    known = entries.read(path)
    begun = {
        entry.number("number"): entry
        for entry in known
        if (entry.type, entry.verb) == ("lab", WORKLOAD)
    }
    if not begun:
        raise DocumentError(f"{run}: no workload was done in this run")
    if number not in begun:
        raise DocumentError(f"{run}: there is no workload {number}: this run had {len(begun)}")
    began = begun[number]
    done = [it for it in known if it.type == "invoke" and it.number(WORKLOAD) == number]
    for entry in done:
        _require_part(path, entry, began)
    calls = [
        RecordedCall(entry.at - began.at, entry.peer, entry.verb, entry.mapping("arguments"))
        for entry in done
    ]
    return RecordedWorkload(run, number, began.texts("peers"), calls)


def _require_part(path: Path, entry: Entry, began: Entry) -> None:
    """Raise a `DocumentError` if an operation cannot be one of the workload that it names."""
    what = f"{path}: operation {entry.operation} does not belong to its workload"
    if entry.peer not in began.texts("peers"):
        raise DocumentError(f"{what}: {entry.peer!r} did not take part")
    if entry.at < began.at:
        raise DocumentError(f"{what}: it began {began.at - entry.at:g} s earlier")
