"""Connections as each console reported them: one end for each connection at each peer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from orchestrator.checks.index.incarnations import Incarnation, Incarnations
from orchestrator.checks.index.invocations import LONGEST, OUTCOMES
from orchestrator.history.entries import Entry, row_text

Role = Literal["dialled", "accepted", "implied"]
"""Known by the reply to `connect`, by a notice, or only by what happened on it."""

Closed = Literal["", "terminated", "reported", "peer ended"]
"""Still up; ended by a `terminate`; by a notice; together with its peer."""

_ON_A_CONNECTION = frozenset(("message", "delivered", "undelivered"))


@dataclass(slots=True, eq=False)
class ConnectionEnd:
    """One end of a connection, as the console of its peer reported it."""

    peer: str  # whose end it is
    id: str  # its id there; empty if the console gives none
    other: str  # the peer at the other end; empty if unknown
    role: Role  # how it became known
    at: float  # when it first was
    position: int  # in the history, likewise
    incarnation: Incarnation  # of its peer
    closed: Closed = ""  # how it ended, as far as is certain
    closed_at: float = 0.0  # when
    # when its peer was asked to end it, or to exit, or was killed; if it surely ran then
    asked_at: float | None = None
    reports: int = 0  # how many notices said that it is over
    reported_again_at: float = 0.0  # when one said so again
    is_doubtful: bool = False  # whether the outcome of a `terminate` of it is unknown
    twin: ConnectionEnd | None = None  # the other peer's end of the same connection

    def close(self, how: Closed, at: float, asked_at: float | None = None) -> None:
        """Record that it ended; the first time counts."""
        if not self.closed:
            self.closed, self.closed_at, self.asked_at = how, at, asked_at

    @property
    def may_be_closed(self) -> bool:
        """Whether it ended, or may have."""
        return bool(self.closed) or self.is_doubtful


class ConnectionLog:
    """Follows every console through the history.

    An id stays with its connection, as it should; but once an id has led to two different
    peers, ids are positions at that peer, and its ends are distinguished by who is at the other
    end. A restarted program knows nothing of its earlier connections and numbers from the
    start again. What its console showed before stands before it is `ready` again.
    """

    def __init__(self, entries: Sequence[Entry], incarnations: Incarnations) -> None:
        self.ends: list[ConnectionEnd] = []  # in the order in which they became known
        # the end that an entry is about, by the entry's position
        self.end_at: dict[int, ConnectionEnd] = {}
        # the peers at which an id led to two others, or was given again while in use
        self.unsteady: set[str] = set()
        self._incarnations = incarnations
        self._by_id: dict[tuple[Incarnation, str], ConnectionEnd] = {}
        self._named: set[ConnectionEnd] = set()  # the ends in it
        self._by_other: dict[tuple[Incarnation, str], ConnectionEnd] = {}
        self._up: dict[tuple[Incarnation, str], list[ConnectionEnd]] = defaultdict(list)
        self._shifting: set[str] = set()
        # dials that may have reached a peer and that it has not reported, by it and the dialler
        self._awaited: dict[tuple[str, str], int] = defaultdict(int)
        # ends that were reported before their beginnings were, likewise, with the end that
        # seemed to be meant
        self._early: dict[tuple[str, str], list[tuple[ConnectionEnd, float]]] = defaultdict(list)
        self._invoked: dict[int, tuple[int, float]] = {}
        done = {entry.operation for entry in entries if entry.type in OUTCOMES}
        for position, entry in enumerate(entries):
            if entry.type == "invoke":
                self._invoked.setdefault(entry.operation, (position, entry.at))
            if entry.verb == "connect" and entry.type in ("invoke", "fail"):
                dialled = entry.text("to"), entry.peer
                self._awaited[dialled] += 1 if entry.type == "invoke" else -1
            if entry.type == "notice":
                self._notice(position, entry)
            elif entry.type == "ok":
                self._done(position, entry)
            elif entry.type == "info" or (entry.type == "invoke" and entry.operation not in done):
                self._perhaps_done(position, entry)
        for end in self.ends:
            if end.incarnation.ended is not None:
                end.close("peer ended", end.incarnation.ended, end.incarnation.asked_at)

    def _incarnation(self, position: int, entry: Entry) -> Incarnation:
        """Return the incarnation that an entry is about: of an outcome, when it was invoked."""
        invoked = self._invoked.get(entry.operation) if entry.operation else None
        return self._incarnations.at(entry.peer, invoked[0] if invoked else position)

    def _notice(self, position: int, entry: Entry) -> None:
        if entry.verb == "connected":
            self._begun(self._opened(position, entry, "accepted", entry.text("of")), entry.at)
        elif entry.verb == "closed":
            if end := self._find(position, entry, entry.text("id"), entry.text("of")):
                end.close("reported", entry.at)
                self._reported(end, entry)
        elif entry.verb in _ON_A_CONNECTION:
            self._find(position, entry, entry.text("id"), entry.text("of"))

    def _reported(self, end: ConnectionEnd, entry: Entry) -> None:
        """Count a report that an end is over.

        Without an id, one too many may be about a connection whose beginning another thread of
        the program is about to report.
        """
        end.reports += 1
        if end.reports > 1 and not entry.text("id") and self._awaited[entry.peer, end.other] > 0:
            self._early[entry.peer, end.other].append((end, end.reported_again_at))
        if end.reports > 1 and not end.reported_again_at:
            end.reported_again_at = entry.at

    def _begun(self, end: ConnectionEnd, at: float) -> None:
        """Note that a peer reported that it was dialled, perhaps behind the end of the same."""
        peers = end.peer, end.other
        self._awaited[peers] -= 1
        if self._early[peers] and not end.id:
            meant, again_before = self._early[peers].pop(0)
            meant.reports -= 1
            meant.reported_again_at = again_before if meant.reports > 1 else 0.0
            end.close("reported", at)
            end.reports += 1

    def _done(self, position: int, entry: Entry) -> None:
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
                    number, other = row_text(row, "id"), row_text(row, "peer")
                    if other and not self._is_near_end(position, entry, number, other):
                        self._find(position, entry, number, other)

    def _is_near_end(self, position: int, entry: Entry, number: str, other: str) -> bool:
        """Return whether a row shows the peer itself, although its id leads to another one.

        Some lists show the near end of each connection. That says nothing about the far end.
        """
        known = self._by_id.get((self._incarnation(position, entry), number))
        return other == entry.peer and bool(known and known.other not in ("", other))

    def _perhaps_done(self, position: int, entry: Entry) -> None:
        if entry.verb in ("send", "terminate"):
            end = self._find(position, entry, entry.text("id"), entry.text("to"))
            if end and entry.verb == "terminate":
                end.is_doubtful = True

    def _opened(self, position: int, entry: Entry, role: Role, other: str) -> ConnectionEnd:
        known = self._by_id.get((self._incarnation(position, entry), entry.text("id")))
        if known and self._began_before(known, entry) and known.other in ("", other):
            known.role, known.other = role, other
            self.end_at[position] = known
            return known
        if known and not known.closed:
            self.unsteady.add(entry.peer)  # the check `ids` judges that
        return self._add(position, entry, role, entry.text("id"), other)

    @staticmethod
    def _began_before(end: ConnectionEnd, entry: Entry) -> bool:
        """Return whether an end is the one whose beginning is reported only now.

        A list showed it before, or another thread of the program reported its end just before.
        """
        if end.role != "implied":
            return False
        is_just_over = end.closed == "reported" and entry.at - end.closed_at <= LONGEST
        return not end.closed or (is_just_over and entry.type == "notice")

    def _find(self, position: int, entry: Entry, number: str, other: str) -> ConnectionEnd | None:
        """Return the end that is meant by an id, or else by the peer at the other end."""
        incarnation = self._incarnation(position, entry)
        end = self._by_number(incarnation, entry, number, other) if number else None
        if end and other and end.other and end.other != other:
            is_shifting = entry.peer in self._shifting
            if entry.verb == "message" and not end.closed and not is_shifting:
                return None  # the name may be what is wrong, which `senders` judges
            self._shifting.add(entry.peer)
            self.unsteady.add(entry.peer)
            end = None
        if other and entry.peer in self._shifting:
            end = end if end and not end.closed else self._last_up(incarnation, entry, other)
        elif not end and other:
            is_over = entry.verb == "closed"
            end = self._first_up(incarnation, other, is_nameless=bool(number)) if is_over else None
            end = end or self._by_other.get((incarnation, other))
            if end and number and (end.id not in ("", number) or (is_over and end in self._named)):
                end = None
        if not end and (number or other):
            end = self._add(position, entry, "implied", number, other)
        if end:
            end.other = end.other or other
            self.end_at[position] = end
            if number:
                self._name(incarnation, number, end)
        return end

    def _by_number(
        self, incarnation: Incarnation, entry: Entry, number: str, other: str
    ) -> ConnectionEnd | None:
        """Return the end that has an id, or that has it by now."""
        end = self._by_id.get((incarnation, number))
        is_past = end is not None and self._is_past(end, entry)
        later: ConnectionEnd | None = None
        if end and is_past and other == end.other:
            later = self._nameless(incarnation, other, end)
        elif not other and (not end or is_past):
            later = self._by_elimination(incarnation, entry, end)
        return later or end

    def _name(self, incarnation: Incarnation, number: str, end: ConnectionEnd) -> None:
        self._by_id[incarnation, number] = end
        self._named.add(end)

    def _is_past(self, end: ConnectionEnd, entry: Entry) -> bool:
        """Return whether an entry with an end's id can no longer be about it."""
        return bool(end.reports) if entry.verb == "closed" else bool(end.closed)

    def _nameless(
        self, incarnation: Incarnation, other: str, past: ConnectionEnd
    ) -> ConnectionEnd | None:
        """Return the end that has the id of a past one by now: a later one that had none so far."""
        return next((end for end in self._up[incarnation, other]
                     if not (end.closed or end in self._named)
                     and end.position > past.position), None)  # fmt: skip

    def _by_elimination(
        self, incarnation: Incarnation, entry: Entry, past: ConnectionEnd | None
    ) -> ConnectionEnd | None:
        """Return the end that a new id without a name belongs to: the only one that has none.

        Not every reply to `connect` says which id it gave. If several ends have none, each of them
        may be the one that is over.
        """
        after = past.position if past else -1
        nameless = [end for (one, _), up in self._up.items() if one is incarnation for end in up
                    if not (end.closed or end in self._named) and end.position > after]  # fmt: skip
        if len(nameless) == 1:
            return nameless[0]
        for end in nameless if entry.verb == "closed" else ():
            end.is_doubtful = True
        return None

    def _first_up(
        self, incarnation: Incarnation, other: str, *, is_nameless: bool
    ) -> ConnectionEnd | None:
        """Return the first end to a peer that is up: what ends first probably began first.

        If it `is_nameless`, it has had no id so far.
        """
        up = self._up[incarnation, other]
        while up and up[0].closed:
            up.pop(0)
        ends = (end for end in up if not (is_nameless and (end.closed or end in self._named)))
        return next(ends, None)

    def _last_up(self, incarnation: Incarnation, entry: Entry, other: str) -> ConnectionEnd | None:
        """Return the last end to a peer that is up; for a notice, which may be late, any."""
        up = self._up[incarnation, other]
        while up and up[-1].closed:
            up.pop()
        if up:
            return up[-1]
        return self._by_other.get((incarnation, other)) if entry.type == "notice" else None

    def _add(
        self, position: int, entry: Entry, role: Role, number: str, other: str
    ) -> ConnectionEnd:
        incarnation = self._incarnation(position, entry)
        end = ConnectionEnd(entry.peer, number, other, role, entry.at, position, incarnation)
        self.ends.append(end)
        self.end_at[position] = end
        if number:
            self._name(incarnation, number, end)
        if other:
            self._by_other[incarnation, other] = end
            self._up[incarnation, other].append(end)
        return end
