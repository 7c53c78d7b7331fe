"""The history index: what a history says, read once for every check.

Pure, like the checks: no clock, no I/O, no engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from orchestrator.checks.index import messages
from orchestrator.checks.index.calls import Call, Told, find_calls, find_told
from orchestrator.checks.index.connections import ConnectionEnd, ConnectionLog
from orchestrator.checks.index.fault_windows import VERBS, FaultWindow, QuietPeriods, find_faults
from orchestrator.checks.index.incarnations import Incarnation, Incarnations
from orchestrator.checks.index.invocations import LONGEST, Operation, Typed, paired, typed_lines
from orchestrator.checks.index.ledger import Ledger, Reported, is_report, ledgers
from orchestrator.checks.index.matching import match
from orchestrator.checks.index.meanings import Meanings
from orchestrator.checks.index.messages import SentMessage, ShownMessage
from orchestrator.checks.index.pairing import pair
from orchestrator.checks.index.sockets import SocketLog
from orchestrator.checks.index.unread import UnreadLines
from orchestrator.checks.verdict import Finding
from orchestrator.history.entries import Entry
from orchestrator.history.machine import Machine
from orchestrator.promises import CHAT

UNASKED = VERBS | {"expect", "never"}
"""What is done without asking a program for anything."""


class HistoryIndex:
    """The parsed view of a history, whole or cut off anywhere.

    Everything is worked out when it is first used.
    """

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries

    # The run

    @cached_property
    def lab(self) -> list[tuple[int, Entry]]:
        """The lab's own lines, each with its position."""
        return [(i, entry) for i, entry in enumerate(self.entries) if entry.type == "lab"]

    def marks(self, verb: str) -> list[Entry]:
        """Return the lab's own lines of one kind."""
        return [entry for _, entry in self.lab if entry.verb == verb]

    @cached_property
    def settled(self) -> int | None:
        """The position of the mark that everything under way had its time; None without one."""
        return next((i for i, entry in self.lab if entry.verb == "settled"), None)

    @cached_property
    def unsettled(self) -> tuple[Finding, ...]:
        """Why nothing that is missing proves anything; empty in a run that settled."""
        if self.settled is not None:
            return ()
        is_definite = any(mark.fields.get("definite") for mark in self.marks("broke off"))
        late = "" if is_definite else self.late_at(self.last_at)
        return (Finding(f"{self.interruption}{late}", self.last_at),)

    def late_at(self, at: float) -> str:
        """Return that the machine was late around a time, to be read behind a doubt; or nothing.

        A lab that was itself late then, or programs that waited for a CPU for most of the run,
        are a reason why something took too long or could not be measured.
        """
        return self.machine.says(at)

    @cached_property
    def machine(self) -> Machine:
        """How much the machine could do; all the time everything if the history does not say."""
        marks = self.marks("machine")
        return Machine(marks[-1].fields if marks else {})

    @cached_property
    def is_complete(self) -> bool:
        """Whether the run came to its end."""
        return bool(self.marks("over"))

    @cached_property
    def interruption(self) -> str:
        """What ended a run early, in a few words."""
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
        """Return whether the profiles read a kind of notice; yes if the history says nothing."""
        return self._kinds is None or kind in self._kinds

    @cached_property
    def lacks(self) -> frozenset[str]:
        """The commands and notices that some program of the run does not have, for certain."""
        return frozenset(name for entry in self.marks("began") for name in entry.texts("lacks"))

    def pads(self, peer: str) -> bool:
        """Return whether blanks fill up the lines in which a peer shows messages."""
        padded = {name for entry in self.marks("began") for name in entry.texts("padded")}
        return not padded.isdisjoint({peer, ""})

    @cached_property
    def _kinds(self) -> tuple[str, ...] | None:
        began = [entry for entry in self.marks("began") if "notices" in entry.fields]
        return began[0].texts("notices") if began else None

    # Operations

    @cached_property
    def operations(self) -> list[Operation]:
        """Every operation, in the order of the invocations."""
        return paired(self.entries)

    @cached_property
    def steps(self) -> list[Operation]:
        """The operations that the scenario asked for: all but the lists that end a run."""
        end = len(self.entries) if self.settled is None else self.settled
        return [operation for operation in self.operations if operation.position < end]

    @cached_property
    def idle(self) -> str:
        """Why the run says nothing about its programs; empty if it says something."""
        if not self.steps:
            return "no step was done"
        wanted = any(operation.invoked.mapping("wants") for operation in self.steps)
        if not wanted and all(operation.status == "fail" for operation in self.steps):
            return "every step was refused"
        return ""

    @cached_property
    def unread(self) -> UnreadLines:
        """What the consoles showed and the profile does not read."""
        return UnreadLines(self.entries, self.operations)

    @cached_property
    def typed(self) -> dict[str, list[Typed]]:
        """The lines that were typed as they are, by peer."""
        return typed_lines(self.operations)

    def is_typed(self, peer: str, at: float) -> bool:
        """Return whether a person typed at a peer's console, or at any without one, by then."""
        peers = [peer] if peer else [*self.typed]
        return any(self.typed[name][0].is_before(at) for name in peers if name in self.typed)

    @cached_property
    def silent(self) -> set[str]:
        """Peers that did not answer the last operation."""
        last = {op.peer: op for op in self.operations if op.verb not in UNASKED}
        return {
            peer
            for peer, operation in last.items()
            if operation.is_indeterminate
            and self.incarnations.at(peer, operation.position) is self.incarnations.last(peer)
        }

    # Operations of any vocabulary

    @cached_property
    def promises(self) -> tuple[str, ...]:
        """The promises that are judged; those of the chat if the history does not say."""
        began = [entry for entry in self.marks("began") if "promises" in entry.fields]
        return began[0].texts("promises") if began else CHAT

    @cached_property
    def meanings(self) -> Meanings:
        """What the operations and notices mean to the models."""
        return Meanings(self.entries)

    @cached_property
    def calls(self) -> list[Call]:
        """The operations with arguments or a meaning, in the order of their invocations."""
        return list(find_calls(self.operations, self.meanings))

    @cached_property
    def told(self) -> list[Told]:
        """The notices with a meaning, in order."""
        return list(find_told(self.entries, self.meanings))

    def chats(self, peer: str) -> bool:
        """Return whether the promises of the chat are about a peer; not if its program is none."""
        return peer not in self._others

    @cached_property
    def _others(self) -> set[str]:
        return {entry.peer for entry in self.marks("ready") if entry.fields.get("chats") is False}

    # Faults

    @cached_property
    def faults(self) -> list[FaultWindow]:
        """Every fault that the lab applied, in order."""
        return find_faults(self.operations, self.marks("lapse"))

    @cached_property
    def quiet(self) -> QuietPeriods:
        """When the lab left peers alone."""
        return QuietPeriods(self.faults)

    def is_quiet(self, one: str, other: str, at: float | None = None) -> bool:
        """Return whether two peers had been left alone long enough, by a time or by the end.

        They never had in a run that did not settle.
        """
        if self.settled is None:
            return False
        at = self.entries[self.settled].at if at is None else at
        since = self.quiet.since(one, other, at)
        return not since or at - since > LONGEST

    def was_due(self, one: str, other: str, since: float) -> bool:
        """Return whether a notice between two peers, owed since a time, was due by the end."""
        if self.is_quiet(one, other):
            return True
        return self.settled is not None and self.had_time(
            one, other, since, self.entries[self.settled].at
        )

    def had_time(self, one: str, other: str, since: float, until: float) -> bool:
        """Return whether two peers were left alone for longer than any notice takes."""
        return self.quiet.longest(one, other, since, until) > LONGEST

    # Peers and connections

    @cached_property
    def incarnations(self) -> Incarnations:
        """From when to when each program ran, as often as it was started."""
        return Incarnations(self.entries, self.operations)

    @cached_property
    def running(self) -> list[str]:
        """Peers that ran at the end, as far as is known."""
        return [peer for peer in self.peers if self.incarnations.last(peer).ended is None]

    @cached_property
    def _connections(self) -> tuple[ConnectionLog, list[ConnectionEnd]]:
        log = ConnectionLog(self.entries, self.incarnations)
        connects = [operation for operation in self.operations if operation.verb == "connect"]
        return log, pair(log.ends, connects)

    @property
    def connections(self) -> ConnectionLog:
        """What the consoles reported of connections, in order."""
        return self._connections[0]

    @property
    def ends(self) -> list[ConnectionEnd]:
        """Every end of every connection, joined with its twin."""
        return self.connections.ends

    @property
    def undialled(self) -> list[ConnectionEnd]:
        """Connections that a console reported although no one had dialled."""
        return self._connections[1]

    @cached_property
    def sockets(self) -> SocketLog:
        """The TCP sockets of each peer, as the kernel listed them."""
        return SocketLog(self.entries)

    def program(self, peer: str) -> str:
        """Return the name of the profile of a peer."""
        began = self.marks("began")
        own = began[0].mapping("profiles").get(peer) if began else None
        return str(own or (began[0].text("profile") if began else ""))

    def incarnation_beyond(self, end: ConnectionEnd) -> Incarnation:
        """Return the incarnation of the peer at the other end of a connection."""
        if end.twin:
            return end.twin.incarnation
        return self.incarnations.when(end.other, end.at)

    def is_vague(self, end: ConnectionEnd) -> bool:
        """Return whether an end may belong to a `connect` with an unknown outcome.

        An end that both consoles reported before that `connect` does not.
        """
        tried = self._perhaps_connected.get(frozenset((end.peer, end.other)))
        return tried is not None and max(end.at, end.twin.at if end.twin else 0.0) >= tried

    @cached_property
    def _perhaps_connected(self) -> dict[frozenset[str], float]:
        """When a `connect` with an unknown outcome was first made between two peers."""
        first: dict[frozenset[str], float] = {}
        for operation in self.operations:
            if operation.verb == "connect" and operation.is_indeterminate:
                first.setdefault(frozenset((operation.peer, operation.to)), operation.at)
        return first

    def may_have_ended(self, end: ConnectionEnd, position: int) -> bool:
        """Return whether a connection may have ended after a position in the history."""
        incarnations = (end.incarnation, self.incarnation_beyond(end))
        if any(incarnation.may_have_ended_after(position) for incarnation in incarnations):
            return True
        return end.may_be_closed or bool(end.twin and end.twin.may_be_closed)

    # Messages

    @cached_property
    def _messages(self) -> tuple[list[SentMessage], list[ShownMessage]]:
        end_at = self.connections.end_at
        sends = messages.sends(self.operations, end_at, self.incarnations)
        shown = messages.shown(self.entries, end_at, sends)
        match(sends, shown, self.typed)
        return sends, shown

    @property
    def sends(self) -> list[SentMessage]:
        """Every `send`, in order, with what was shown of it."""
        return self._messages[0]

    @property
    def shown(self) -> list[ShownMessage]:
        """Every message shown, in order, with the `send` that it comes from."""
        return self._messages[1]

    @cached_property
    def accepted(self) -> list[SentMessage]:
        """The sends to peers that chat which the sender's console took."""
        return [send for send in self.sends if send.is_accepted and self.chats(send.receiver)]

    @cached_property
    def ledgers(self) -> list[Ledger]:
        """What the senders reported of what they had accepted."""
        end_at = self.connections.end_at
        return ledgers(self.sends, self.entries, end_at, self.typed, self.incarnations)

    @cached_property
    def ambiguous(self) -> set[str]:
        """Peers whose reports say which messages they are about by ids alone, and wrong ones."""
        by_id = {e.peer for e in self.entries if is_report(e) and not e.text("of")}
        return by_id & self.connections.unsteady

    @cached_property
    def outcomes(self) -> dict[SentMessage, Reported]:
        """What was reported of each send, as far as is known."""
        return {send: what for ledger in self.ledgers for send, what in ledger.outcomes.items()}

    @cached_property
    def latencies(self) -> list[float]:
        """Seconds from each send's invocation to the notice at the receiver."""
        return [
            max(0.0, message.at - message.send.at)
            for message in self.shown
            if message.send and message.send.shown is message and message.match == "right"
        ]

    @property
    def counts(self) -> tuple[int, int, int]:
        """How many operations, messages accepted, and messages shown there were."""
        return len(self.operations), len(self.accepted), len(self.shown)
