"""What a history says, read once for every check. Pure: no clock, no I/O, no engine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from orchestrator.checks.index import (
    connections,
    faults,
    matching,
    messages,
    operations,
    pairing,
    unread,
)
from orchestrator.checks.index import ledger as accounts
from orchestrator.checks.index.connections import End, Trace
from orchestrator.checks.index.faults import Calm, Window
from orchestrator.checks.index.incarnations import Incarnation, Incarnations
from orchestrator.checks.index.ledger import Fate, Ledger
from orchestrator.checks.index.messages import Send, Shown
from orchestrator.checks.index.operations import LONGEST, Operation, Typed
from orchestrator.checks.verdict import Finding
from orchestrator.history.entries import Entry

_NOT_ASKED = faults.VERBS | {"expect"}


class HistoryIndex:
    """The parsed view of a history. Everything is worked out when it is first asked for.

    Args:
        entries: the history, whole or cut off anywhere.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries

    # The run

    @cached_property
    def lab(self) -> list[tuple[int, Entry]]:
        """The lab's own lines, each with its place."""
        return [(i, entry) for i, entry in enumerate(self.entries) if entry.type == "lab"]

    def marks(self, verb: str) -> list[Entry]:
        """Return the lab's own lines of one kind."""
        return [entry for _, entry in self.lab if entry.verb == verb]

    @cached_property
    def settled(self) -> int | None:
        """The place of the mark that what was under way had its time; None without one."""
        return next((i for i, entry in self.lab if entry.verb == "settled"), None)

    @cached_property
    def is_over(self) -> bool:
        """Whether the run came to its end."""
        return bool(self.marks("over"))

    @cached_property
    def unsettled(self) -> tuple[Finding, ...]:
        """Why nothing that is missing proves anything; empty in a run that settled."""
        if self.settled is not None:
            return ()
        return (Finding(self.cut_short, self.last_at),)

    @cached_property
    def cut_short(self) -> str:
        """What ended a run before its end, in a few words."""
        if broke := self.marks("broke off"):
            said = broke[0].text("said")
            return f"the run broke off: {said}" if said else "the run broke off"
        return "the history ends in the middle of the run"

    @cached_property
    def last_at(self) -> float:
        """When the last entry was written."""
        return self.entries[-1].at if self.entries else 0.0

    @cached_property
    def peers(self) -> tuple[str, ...]:
        """The peers of the run, in the scenario's order as far as it is known."""
        named = [name for entry in self.marks("began") for name in entry.texts("peers")]
        ready = [entry.peer for entry in self.marks("ready")]
        seen = [] if named else [entry.peer for entry in self.entries if entry.peer]
        return tuple(dict.fromkeys([*named, *ready, *seen]))

    def reads(self, kind: str) -> bool:
        """Return whether the profile can read a kind of notice; where it is silent, yes."""
        return self._kinds is None or kind in self._kinds

    @cached_property
    def _kinds(self) -> tuple[str, ...] | None:
        began = [entry for entry in self.marks("began") if "notices" in entry.fields]
        return began[0].texts("notices") if began else None

    # Operations

    @cached_property
    def operations(self) -> list[Operation]:
        """Every operation, in the order of the invocations."""
        return operations.paired(self.entries)

    @cached_property
    def unread(self) -> unread.UnreadLines:
        """What the consoles showed and the profile does not read."""
        return unread.UnreadLines(self.entries, self.operations)

    @cached_property
    def typed(self) -> dict[str, list[Typed]]:
        """The lines that were typed as they are, by peer."""
        return operations.typing(self.operations)

    def is_typed(self, peer: str, at: float) -> bool:
        """Return whether somebody typed at a peer's console, or any without one, before a time."""
        peers = [peer] if peer else [*self.typed]
        return any(self.typed[each][0].is_before(at) for each in peers if each in self.typed)

    @cached_property
    def silent(self) -> set[str]:
        """Peers that did not answer what they were asked last."""
        asking = (each for each in self.operations if each.verb not in _NOT_ASKED)
        last = {each.peer: each for each in asking}
        return {
            peer
            for peer, each in last.items()
            if each.is_perhaps
            and self.incarnations.at(peer, each.position) is self.incarnations.last(peer)
        }

    # Faults

    @cached_property
    def faults(self) -> list[Window]:
        """Every fault that the lab let hold, in order."""
        return faults.windows(self.operations, self.marks("lapse"))

    @cached_property
    def calm(self) -> Calm:
        """Since when the lab has let peers alone."""
        return Calm(self.faults)

    def is_calm(self, one: str, other: str, at: float | None = None) -> bool:
        """Return whether what was under way between two peers had its time, at the end or before.

        Where the run did not settle it had not.
        """
        if self.settled is None:
            return False
        at = self.entries[self.settled].at if at is None else at
        since = self.calm.since(one, other, at)
        return not since or at - since > LONGEST

    def was_due(self, one: str, other: str, since: float) -> bool:
        """Return whether what one of two owes the other since a time must have come by the end."""
        if self.is_calm(one, other):
            return True
        return self.settled is not None and self.had_time(
            one, other, since, self.entries[self.settled].at
        )

    def had_time(self, one: str, other: str, since: float, until: float) -> bool:
        """Return whether two peers were let alone for longer than any notice takes."""
        return self.calm.longest(one, other, since, until) > LONGEST

    # Peers and connections

    @cached_property
    def trace(self) -> Trace:
        """What the consoles told of connections, in order."""
        return connections.Trace(self.entries, self.incarnations)

    @cached_property
    def incarnations(self) -> Incarnations:
        """From when to when each program ran, as often as it was started."""
        return Incarnations(self.entries, self.operations)

    def life_beyond(self, end: End) -> Incarnation:
        """Return the life of the peer at the other end of a connection."""
        return end.twin.life if end.twin else self.incarnations.when(end.other, end.at)

    @property
    def ends(self) -> list[End]:
        """Every end of every connection; joined with its twin."""
        _ = self.unasked
        return self.trace.ends

    @cached_property
    def unasked(self) -> list[End]:
        """Connections that a console told of although nobody had dialled."""
        connects = [each for each in self.operations if each.verb == "connect"]
        return pairing.pair(self.trace.ends, connects)

    def is_vague(self, end: End) -> bool:
        """Return whether an end may be that of a `connect` that nobody knows the outcome of.

        Nothing that both ends told before that `connect` is.
        """
        tried = self._perhaps_connected.get(frozenset((end.peer, end.other)))
        return tried is not None and max(end.at, end.twin.at if end.twin else 0.0) >= tried

    @cached_property
    def _perhaps_connected(self) -> dict[frozenset[str], float]:
        """When two peers were first connected by a `connect` that nobody knows the outcome of."""
        first: dict[frozenset[str], float] = {}
        for each in self.operations:
            if each.verb == "connect" and each.is_perhaps:
                first.setdefault(frozenset((each.peer, each.to)), each.at)
        return first

    @cached_property
    def running(self) -> list[str]:
        """Peers that ran at the end, as far as anybody knows."""
        return [peer for peer in self.peers if self.incarnations.last(peer).over is None]

    def may_have_ended(self, end: End, position: int) -> bool:
        """Return whether a connection may have ended after a place in the history."""
        if end.life.may_end_after(position) or self.life_beyond(end).may_end_after(position):
            return True
        if end.closed or end.shaken:
            return True
        return bool(end.twin and (end.twin.closed or end.twin.shaken))

    # Messages

    @cached_property
    def sends(self) -> list[Send]:
        """Every `send`, in order; with what was shown of it."""
        _ = self.ends
        return messages.sends(self.operations, self.trace.at_entry, self.incarnations)

    @cached_property
    def shown(self) -> list[Shown]:
        """Every message shown, in order; with the `send` that it comes from."""
        found = messages.shown(self.entries, self.trace.at_entry)
        matching.match(self.sends, found, self.typed)
        return found

    @cached_property
    def accepted(self) -> list[Send]:
        """The sends that the sender's console took; matched."""
        _ = self.shown
        return [each for each in self.sends if each.is_accepted]

    @cached_property
    def accounts(self) -> list[Ledger]:
        """What the senders reported of what they had accepted."""
        _ = self.shown
        return accounts.accounts(
            self.sends, self.entries, self.trace.at_entry, self.typed, self.incarnations
        )

    @cached_property
    def blurred(self) -> set[str]:
        """Peers whose reports say by ids alone which messages they are about, by wrong ones."""
        nameless = {e.peer for e in self.entries if accounts.is_report(e) and not e.text("of")}
        return nameless & self.trace.unsteady

    @cached_property
    def fates(self) -> dict[Send, Fate]:
        """What was reported of each send, where that can be told."""
        return {send: fate for book in self.accounts for send, fate in book.fates.items()}

    @cached_property
    def latencies(self) -> list[float]:
        """Seconds from each send's invocation to the notice at the receiver."""
        right = [m for m in self.shown if m.send and m.send.shown is m and m.how == "right"]
        return [max(0.0, m.at - m.send.at) for m in right if m.send]

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many operations, messages accepted, and messages shown there were."""
        return len(self.operations), len(self.accepted), len(self.shown)
