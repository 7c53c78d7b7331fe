"""Lives of peers: a program that was killed, stopped or left may be started again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from orchestrator.checks.index.operations import Operation
from orchestrator.history.entries import Entry

How = Literal["", "killed", "stopped", "exited", "found ended"]
"""How a life ended, as far as anybody knows."""

_ENDS: dict[str, How] = {"kill": "killed", "stop": "stopped", "exit": "exited"}


@dataclass(slots=True, eq=False)
class Incarnation:
    """One life of a peer: from its start to its end.

    Attributes:
        peer: whose.
        position: where in the history its own lines begin; 0 for the first life.
        began: when it was asked to start; 0 for the first life.
        is_ready: whether it was seen to be ready.
        how: how it ended.
        over: when it had ended; None while nothing shows that it has.
        asked_at: when it was asked to end, or was killed; if it surely ran then.
        perhaps: where in the history is what may have ended it: a crash, an exit or a kill
            without an answer; -1 for nothing.
    """

    peer: str
    position: int = 0
    began: float = 0.0
    is_ready: bool = False
    how: How = ""
    over: float | None = None
    asked_at: float | None = None
    perhaps: int = -1

    @property
    def may_be_over(self) -> bool:
        """Whether it ended, or may have."""
        return self.over is not None or self.perhaps >= 0

    def may_end_after(self, position: int) -> bool:
        """Return whether it ended, or may have, after a place in the history."""
        return self.over is not None or self.perhaps > position

    @property
    def killed_at(self) -> float | None:
        """When the lab killed it; None where it did not."""
        return self.asked_at if self.how == "killed" else None

    def end(self, how: How, at: float, asked_at: float | None = None) -> None:
        """Take note that it ended; the first end counts."""
        if self.over is None:
            self.over = at
            if not (how == "found ended" and self.how):  # by what it was perhaps ended before
                self.how, self.asked_at = how, asked_at

    def meets(self, other: Incarnation) -> bool:
        """Return whether there was a time at which both were."""
        return not (_is_before(self, other) or _is_before(other, self))


def _is_before(one: Incarnation, other: Incarnation) -> bool:
    return one.over is not None and one.over <= other.began


def _how(done: Operation) -> How:
    """Return how a life was ended: who is stopped while paused has no time to be polite."""
    proof = done.last.fields.get("proof")
    before = proof[0] if isinstance(proof, list | tuple) and proof else None
    was_paused = isinstance(before, Mapping) and before.get("before") == "paused"
    return "killed" if was_paused else _ENDS[done.verb]


class Incarnations:
    """Every life of every peer.

    Lines of a life stand before the next line `ready` of its peer, but may stand behind what
    ended it: its console is read to the end.

    Args:
        entries: the history.
        operations: its operations.
    """

    def __init__(self, entries: Sequence[Entry], operations: Sequence[Operation]) -> None:
        self._lives: dict[str, list[Incarnation]] = {}
        self._starts: dict[str, float] = {}
        at_position = {each.position: each for each in operations}
        at_outcome = {each.done_position: each for each in operations if each.done}
        for position, entry in enumerate(entries):
            if entry.type == "lab":
                self._lab(position, entry)
            elif entry.type == "invoke" and entry.verb == "start":
                self._starts[entry.peer] = entry.at
            elif done := at_outcome.get(position):
                self._outcome(position, done)
            elif (begun := at_position.get(position)) and not begun.done:
                self._outcome(position, begun)

    def last(self, peer: str) -> Incarnation:
        """Return the life that a peer is in, or was in last."""
        return self._of(peer)[-1]

    def at(self, peer: str, position: int) -> Incarnation:
        """Return the life that a line of a peer's own console is about, by the line's place."""
        incarnations = self._of(peer)
        return incarnations[
            max(0, bisect_right(incarnations, position, key=lambda life: life.position) - 1)
        ]

    def when(self, peer: str, at: float) -> Incarnation:
        """Return the life that a peer was in at a time, or had been in last."""
        incarnations = self._of(peer)
        return incarnations[max(0, bisect_right(incarnations, at, key=lambda life: life.began) - 1)]

    def of(self, peer: str) -> Sequence[Incarnation]:
        """Return all lives of a peer, in order."""
        return self._of(peer)

    def _of(self, peer: str) -> list[Incarnation]:
        return self._lives.setdefault(peer, [Incarnation(peer)])

    def _outcome(self, position: int, done: Operation) -> None:
        if done.verb not in _ENDS or not done.peer or done.status == "fail":
            return
        life = self.last(done.peer)
        if done.is_perhaps:
            life.perhaps = position
            if done.verb != "exit" and life.over is None:
                life.how, life.asked_at = _ENDS[done.verb], done.at
            return
        # Who answered had not ended before, and what a fault is done to is looked at before.
        ran = done.verb != "exit" or bool(done.said)
        life.end(_how(done), done.last.at, done.at if ran else None)

    def _lab(self, position: int, entry: Entry) -> None:
        match entry.verb:
            case "ready" if entry.peer:
                self._ready(position, entry)
            case "crash" if entry.peer:
                self.last(entry.peer).perhaps = position
            case "ended" if entry.text("state") not in ("running", "paused", ""):
                self.last(entry.peer).end("found ended", entry.at)

    def _ready(self, position: int, entry: Entry) -> None:
        life = self.last(entry.peer)
        if life.is_ready or life.may_be_over:
            began = self._began(entry, life)
            life.end(life.how, min(began, entry.at), life.asked_at)
            life = Incarnation(entry.peer, position, began)
            self._of(entry.peer).append(life)
        life.is_ready = True

    def _began(self, entry: Entry, before: Incarnation) -> float:
        """Return when a life began: it may have been dialled before it was seen to be ready."""
        asked = self._starts.pop(entry.peer, entry.at)
        return max(asked, before.began, before.over or 0.0)
