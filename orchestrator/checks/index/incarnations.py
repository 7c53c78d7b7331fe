"""Incarnations of peers: a program that was killed, stopped or left may be started again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from orchestrator.checks.index.invocations import Operation
from orchestrator.checks.index.meanings import Meanings
from orchestrator.history.entries import Entry

Ending = Literal["", "killed", "stopped", "exited", "found ended"]
"""How an incarnation ended, as far as is known."""

_ENDS: dict[str, Ending] = {"kill": "killed", "stop": "stopped", "exit": "exited"}


@dataclass(slots=True, eq=False)
class Incarnation:
    """One run of a peer's program, from its start to its end."""

    peer: str  # its name
    position: int = 0  # in the history, of its first line; 0 for the first incarnation
    began: float = 0.0  # when it was asked to start; 0 for the first incarnation
    is_ready: bool = False  # whether it was seen to be ready
    ending: Ending = ""  # how it ended
    ended: float | None = None  # when it had ended; None while nothing shows that it has
    asked_at: float | None = None  # when it was asked to end, or was killed, if it surely ran then
    # position of what may have ended it: a crash, or an exit or a kill without an answer; -1 for
    # nothing
    doubtful_from: int = -1

    @property
    def may_have_ended(self) -> bool:
        """Whether it ended, or may have."""
        return self.ended is not None or self.doubtful_from >= 0

    def may_have_ended_after(self, position: int) -> bool:
        """Return whether it ended, or may have, after a position in the history."""
        return self.ended is not None or self.doubtful_from > position

    @property
    def killed_at(self) -> float | None:
        """When the lab killed it; None if it did not."""
        return self.asked_at if self.ending == "killed" else None

    def end(self, ending: Ending, at: float, asked_at: float | None = None) -> None:
        """Record that it ended; the first time counts."""
        if self.ended is None:
            self.ended = at
            if not (ending == "found ended" and self.ending):  # an unproven kill explains it
                self.ending, self.asked_at = ending, asked_at

    def overlaps(self, other: Incarnation) -> bool:
        """Return whether both ran at some time."""
        return not (_precedes(self, other) or _precedes(other, self))


def _precedes(one: Incarnation, other: Incarnation) -> bool:
    return one.ended is not None and one.ended <= other.began


def _was_paused(done: Operation) -> bool:
    proof = done.last.fields.get("proof")
    before = proof[0] if isinstance(proof, list | tuple) and proof else None
    return isinstance(before, Mapping) and before.get("before") == "paused"


class Incarnations:
    """Every incarnation of every peer.

    The lines of one stand before the next `ready` of its peer, but may stand behind the
    operation that ended it: its console is read to the end.
    """

    def __init__(self, entries: Sequence[Entry], operations: Sequence[Operation]) -> None:
        self._by_peer: dict[str, list[Incarnation]] = {}
        self._starts: dict[str, float] = {}
        self._meanings = Meanings(entries)
        at_outcome = {
            operation.done_position if operation.done else operation.position: operation
            for operation in operations
        }
        for position, entry in enumerate(entries):
            if entry.type == "lab":
                self._lab(position, entry)
            elif entry.type == "invoke" and entry.verb == "start":
                self._starts[entry.peer] = entry.at
            elif operation := at_outcome.get(position):
                self._outcome(position, operation)

    def of(self, peer: str) -> list[Incarnation]:
        """Return all incarnations of a peer, in order."""
        return self._by_peer.setdefault(peer, [Incarnation(peer)])

    def last(self, peer: str) -> Incarnation:
        """Return the current incarnation of a peer, or its last one."""
        return self.of(peer)[-1]

    def at(self, peer: str, position: int) -> Incarnation:
        """Return the incarnation that the line at a position of the history is about."""
        several = self.of(peer)
        return several[max(0, bisect_right(several, position, key=lambda i: i.position) - 1)]

    def when(self, peer: str, at: float) -> Incarnation:
        """Return the incarnation that ran at a time, or the last one before."""
        several = self.of(peer)
        return several[max(0, bisect_right(several, at, key=lambda i: i.began) - 1)]

    def _outcome(self, position: int, done: Operation) -> None:
        ends = "exit" if self._meanings.of(done.peer, done.verb) == "exit" else done.verb
        if ends not in _ENDS or not done.peer or done.status == "fail":
            return
        incarnation, ending = self.last(done.peer), _ENDS[ends]
        if done.is_indeterminate:
            incarnation.doubtful_from = position
            if ending != "exited" and incarnation.ended is None:
                incarnation.ending, incarnation.asked_at = ending, done.at
            return
        # A program that answered was running, and the lab looks before it applies a fault.
        ran = ending != "exited" or bool(done.said)
        incarnation.end(
            "killed" if _was_paused(done) else ending, done.last.at, done.at if ran else None
        )

    def _lab(self, position: int, entry: Entry) -> None:
        match entry.verb:
            case "ready" if entry.peer:
                self._ready(position, entry)
            case "crash" if entry.peer:
                self.last(entry.peer).doubtful_from = position
            case "ended" if entry.text("state") not in ("running", "paused", ""):
                self.last(entry.peer).end("found ended", entry.at)

    def _ready(self, position: int, entry: Entry) -> None:
        incarnation = self.last(entry.peer)
        if incarnation.is_ready or incarnation.may_have_ended:
            began = self._began(entry, incarnation)
            incarnation.end(incarnation.ending, min(began, entry.at), incarnation.asked_at)
            incarnation = Incarnation(entry.peer, position, began)
            self.of(entry.peer).append(incarnation)
        incarnation.is_ready = True

    def _began(self, entry: Entry, before: Incarnation) -> float:
        """Return when an incarnation began: others may dial it before it is seen to be ready."""
        asked = self._starts.pop(entry.peer, entry.at)
        return max(asked, before.began, before.ended or 0.0)
