"""Connections as each console told them: one `End` for each connection at each peer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from orchestrator.checks.index.incarnations import Incarnation, Incarnations
from orchestrator.checks.index.operations import OUTCOMES
from orchestrator.history.entries import Entry, row_text

Role = Literal["dialled", "accepted", "implied"]
"""Told by the reply to `connect`, by a notice, or only by what happened on it."""

_ON_A_CONNECTION = frozenset(("message", "delivered", "undelivered"))


@dataclass(slots=True, eq=False)
class End:
    """One end of a connection, as the console of its peer told it.

    Attributes:
        peer: whose end it is.
        id: its id there; empty when the console gives none.
        other: the peer at the other end; empty when nobody knows.
        role: how it became known.
        at: when it was first told of.
        position: where in the history.
        life: the life of its peer.
        closed: how it ended, as far as is certain: `terminated`, `told` by a notice, `gone`
            with its peer; empty while it is up.
        closed_at: when.
        asked_at: when its peer was asked to end it, or to exit, or was killed; if it surely
            ran then.
        told: how often a notice said that it is over.
        told_again_at: when one said so again.
        shaken: whether it may have ended: nobody knows how a `terminate` came out.
        twin: the other peer's end of the same connection.
    """

    peer: str
    id: str
    other: str
    role: Role
    at: float
    position: int
    life: Incarnation
    closed: str = ""
    closed_at: float = 0.0
    asked_at: float | None = None
    told: int = 0
    told_again_at: float = 0.0
    shaken: bool = False
    twin: End | None = None

    def close(self, how: str, at: float, asked_at: float | None = None) -> None:
        """Take note that it ended; the first end counts."""
        if not self.closed:
            self.closed, self.closed_at, self.asked_at = how, at, asked_at


class Trace:
    """Follows every console through the history.

    Attributes:
        ends: in the order in which they were told.
        at_entry: the end that an entry is about, by the entry's place in the history.
        unsteady: the peers at which an id led to two others, or was given again while in use.

    An id stays with its connection, as it should; but once one at a peer has led to two other
    peers, ids are positions there, and its ends are told apart by who is at the other end.
    A program that was started again knows nothing of the connections that it had before, and
    counts its ids anew. What its console showed before stands before it is `ready` again.

    Args:
        entries: the history.
        lives: the lives of its peers.
    """

    def __init__(self, entries: Sequence[Entry], incarnations: Incarnations) -> None:
        self.ends: list[End] = []
        self.at_entry: dict[int, End] = {}
        self.unsteady: set[str] = set()
        self._lives = incarnations
        self._by_id: dict[tuple[Incarnation, str], End] = {}
        self._by_other: dict[tuple[Incarnation, str], End] = {}
        self._up: dict[tuple[Incarnation, str], list[End]] = defaultdict(list)
        self._shifting: set[str] = set()
        self._invoked: dict[int, tuple[int, float]] = {}
        self._done = {entry.operation for entry in entries if entry.type in OUTCOMES}
        for position, entry in enumerate(entries):
            self._follow(position, entry)
        for end in self.ends:  # with its peer, unless it was over before
            if end.life.over is not None:
                end.close("gone", end.life.over, end.life.asked_at)

    def _follow(self, position: int, entry: Entry) -> None:
        if entry.type == "notice":
            self._notice(position, entry)
        elif entry.type in OUTCOMES:
            self._outcome(position, entry)
        elif entry.type == "invoke":
            self._invoked.setdefault(entry.operation, (position, entry.at))
            if entry.operation not in self._done:  # it may have happened
                self._perhaps(position, entry)

    def _life(self, position: int, entry: Entry) -> Incarnation:
        """Return the life of the peer at whose console an entry is: for an outcome, when asked."""
        asked = self._invoked.get(entry.operation) if entry.operation else None
        return self._lives.at(entry.peer, asked[0] if asked else position)

    def _notice(self, position: int, entry: Entry) -> None:
        if entry.verb == "connected":
            self._opened(position, entry, "accepted", entry.text("of"))
        elif entry.verb == "closed":
            if end := self._find(position, entry, entry.text("id"), entry.text("of")):
                end.close("told", entry.at)
                end.told += 1
                end.told_again_at = end.told_again_at or (entry.at if end.told > 1 else 0.0)
        elif entry.verb in _ON_A_CONNECTION:
            self._find(position, entry, entry.text("id"), entry.text("of"))

    def _outcome(self, position: int, entry: Entry) -> None:
        if entry.type == "info":
            self._perhaps(position, entry)
        elif entry.type == "ok":
            self._happened(position, entry)

    def _happened(self, position: int, entry: Entry) -> None:
        match entry.verb:
            case "connect":
                self._opened(position, entry, "dialled", entry.text("to"))
            case "send":
                self._find(position, entry, entry.text("id"), entry.text("to"))
            case "terminate":
                if end := self._find(position, entry, entry.text("id"), entry.text("to")):
                    _, asked_at = self._invoked.get(entry.operation, (position, None))
                    end.close("terminated", entry.at, asked_at)
            case "list":
                for row in entry.rows:
                    self._row(position, entry, row)

    def _perhaps(self, position: int, entry: Entry) -> None:
        match entry.verb:
            case "send":
                self._find(position, entry, entry.text("id"), entry.text("to"))
            case "terminate":
                if end := self._find(position, entry, entry.text("id"), entry.text("to")):
                    end.shaken = True

    def _opened(self, position: int, entry: Entry, role: Role, other: str) -> None:
        known = self._by_id.get((self._life(position, entry), entry.text("id")))
        early = known and known.role == "implied" and not known.closed
        if known and early and known.other in ("", other):
            known.role, known.other = role, other  # a list showed it before it was told
            self.at_entry[position] = known
        else:
            if known and not known.closed:
                self.unsteady.add(entry.peer)  # see `ids`
            self._add(position, entry, role, entry.text("id"), other)

    def _row(self, position: int, entry: Entry, row: Mapping[str, object]) -> None:
        number, other = row_text(row, "id"), row_text(row, "peer")
        if other:
            self._find(position, entry, number, other)

    def _find(self, position: int, entry: Entry, number: str, other: str) -> End | None:
        """Return the end that is meant by an id, or else by the peer at the other end."""
        life = self._life(position, entry)
        end = self._by_id.get((life, number)) if number else None
        if end and other and end.other and end.other != other:
            known = entry.peer in self._shifting
            if entry.verb == "message" and not end.closed and not known:
                return None  # it may be the name that is wrong: see `senders`
            self._shifting.add(entry.peer)  # see `ids`
            self.unsteady.add(entry.peer)
            end = None
        if other and entry.peer in self._shifting:
            end = end if end and not end.closed else self._towards(life, entry, other)
        elif not end and other:
            is_over = entry.verb == "closed" and not number
            end = self._first_up(life, other) if is_over else None
            end = end or self._by_other.get((life, other))
            if end and number and end.id and end.id != number:
                end = None
        if not end and (number or other):
            end = self._add(position, entry, "implied", number, other)
        if end:
            end.other = end.other or other
            self.at_entry[position] = end
            if number:
                self._by_id[life, number] = end
        return end

    def _first_up(self, life: Incarnation, other: str) -> End | None:
        """Return the first end towards a peer that is up: what ends first was there first."""
        up = self._up[life, other]
        while up and up[0].closed:
            up.pop(0)
        return up[0] if up else None

    def _towards(self, life: Incarnation, entry: Entry, other: str) -> End | None:
        """Return the last end towards a peer that is up; for a notice, which may be late, any."""
        up = self._up[life, other]
        while up and up[-1].closed:
            up.pop()
        if up:
            return up[-1]
        return self._by_other.get((life, other)) if entry.type == "notice" else None

    def _add(self, position: int, entry: Entry, role: Role, number: str, other: str) -> End:
        life = self._life(position, entry)
        end = End(entry.peer, number, other, role, entry.at, position, life)
        self.ends.append(end)
        self.at_entry[position] = end
        if number:
            self._by_id[life, number] = end
        if other:
            self._by_other[life, other] = end
            self._up[life, other].append(end)
        return end
