"""The commands of a chat, each recorded from its invocation to its outcome.

A chat is the vocabulary of which the lab knows most: it looks up ids in the list, dials peers at
their addresses, and sees in the list what a command without an answer has done.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from orchestrator import chat
from orchestrator.console.reply import Reply
from orchestrator.errors import SessionError, first_line
from orchestrator.history.timing import WAITING, Stopwatch
from orchestrator.runner import outcomes
from orchestrator.runner.addressing import messages_of, recipients_of
from orchestrator.runner.calls import Counters, exited
from orchestrator.runner.outcomes import Completion, Rows
from orchestrator.runner.peers import PeerGroup, Row
from orchestrator.runner.recording import Expecting, Recorder, Wanted
from orchestrator.runner.rests import ask_in_time
from orchestrator.runner.unread_rows import UnreadRows, again
from orchestrator.scenario import ALL, Step, TimeLimits, acts
from orchestrator.scenario.rules import LAST

_POLL = 0.02  # seconds between two looks at a list that should change
_LISTED_WITHIN = 2.0  # seconds until a list shows the effect of a command without an answer


class ChatDriver:
    """Does the commands of a chat, each with the lock of its console.

    Args:
        peers: the peers.
        limits: how long things may take.
        watch: measures the time spent waiting.
        checkpoint: called now and then during a long operation, with the peer whose console is
            in use; raises if the run must be broken off.
    """

    def __init__(
        self,
        peers: PeerGroup,
        limits: TimeLimits,
        watch: Stopwatch,
        checkpoint: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._peers, self._limits, self._watch = peers, limits, watch
        self._checkpoint = checkpoint
        self._history, self._recorder = peers.history, Recorder(peers)
        self._last_ids: dict[tuple[str, str], str] = {}  # by peer and the one it is connected to
        self._lines = UnreadRows(peers)
        # by peer, of its last list: unreadable lines that may be rows, and those that plainly are
        self._unread_rows: dict[str, str] = {}
        self._missed: dict[str, list[str]] = {}
        # by peer, how its list ended if the profile may misread that
        self._doubted: dict[str, Completion] = {}

    def act(self, step: Step, act: Any, counters: Counters) -> bool:
        """Do a command at one console; return False if it was for all listed, and none is.

        Args:
            step: as it is written.
            act: its act at that console, with the counters filled in, except in a message.
            counters: for the texts of messages.
        """
        if step.verb in (chat.SEND, chat.TERMINATE) and act.to == ALL:
            return self._act_to_all_listed(step.verb, act, counters)
        if step.verb == chat.SEND:
            self.send_messages(act, messages_of(act, recipients_of(step, act), counters))
        elif step.verb == chat.CONNECT and act.to == ALL:
            for other in self._peers.sessions:
                if other != act.at:
                    self.dial(act.model_copy(update={"to": other}))
        else:
            self._plain[step.verb](act)
        return True

    def _act_to_all_listed(self, verb: str, act: Any, counters: Counters) -> bool:
        listed = self.listed(act)
        if verb == chat.SEND:
            self.send_messages(act, messages_of(act, listed or (), counters))
        else:
            for other in listed or ():
                self.end_connection(act.model_copy(update={"to": other}))
        return listed is None or bool(listed)

    @cached_property
    def _plain(self) -> Mapping[str, Callable[[Any], None]]:
        """What does each command that needs no more than its act."""
        return {
            chat.HELP: self.ask_commands,
            chat.MYIP: self.ask_address,
            chat.MYPORT: self.ask_port,
            chat.CONNECT: self.dial,
            chat.TERMINATE: self.end_connection,
            chat.LIST: self.read_list,
            chat.EXIT: self.end_program,
        }

    # About the program itself

    def ask_commands(self, act: acts.HelpStep) -> None:
        """Ask which commands a program has."""

        def work() -> Completion:
            return outcomes.completion(self._peers.ask(act.at, chat.HELP), whole=True)

        self._recorder.at_console(act.at, chat.HELP, act, work)

    def ask_address(self, act: acts.MyIpStep) -> None:
        """Ask a peer for its address."""
        peer = self._peers.sessions[act.at].peer
        own = getattr(peer, "addresses", None) or {peer.address}
        self._ask_value(act.at, chat.MYIP, "address", sorted(own))

    def ask_port(self, act: acts.MyPortStep) -> None:
        """Ask a peer for its port."""
        self._ask_value(act.at, chat.MYPORT, "port", self._peers.sessions[act.at].peer.port)

    def _ask_value(self, peer: str, verb: str, part: str, right: object) -> None:
        def work() -> Completion:
            return outcomes.value(self._peers.ask(peer, verb), part)

        self._recorder.at_console(peer, verb, Wanted({"outcome": "ok", part: right}), work)

    def end_program(self, act: acts.ExitStep) -> None:
        """Ask a peer to exit, and wait until it has."""
        work = functools.partial(exited, self._peers, act.at, chat.EXIT)
        self._recorder.at_console(act.at, chat.EXIT, act, work)
        self._peers.sockets.note_cheaply()

    # Connections

    def dial(self, act: acts.ConnectStep) -> None:
        """Dial a peer at its own address, or at the one that the act gives."""
        to = act.to or ""

        def work() -> Completion:
            address, port = self._peers.dial_address(to, dialler=act.at) if to else ("", "")
            before = self._rows_if_silent(act.at, chat.CONNECT)
            where = {"address": act.address or address, "port": act.port or port}
            arguments = {**where, "name": to or chat.NOBODY}
            took: dict[str, object] = {}
            if act.within is None:
                reply = self._peers.ask(act.at, chat.CONNECT, **arguments)
            else:
                reply, took = ask_in_time(self._peers, act.at, chat.CONNECT, **arguments)
            outcome, said = self._completion(act, reply, to, before, outcomes.new_row)
            if outcome == "ok" and "id" in said:
                self._peers.note_id(act.at, said["id"], to)
            return outcome, {**said, **took, **_answered(act, reply)}

        given = {"to": act.to, "address": act.address, "port": act.port}
        sockets = self._peers.sockets
        is_to_fail = act.wants.get("outcome") == "fail"  # what it leaves is judged
        note = sockets.note if is_to_fail else sockets.note_cheaply
        note(act.at)
        self._recorder.at_console(act.at, chat.CONNECT, act, work, **_given(given))
        note(act.at, always=True)  # some programs say that they are connected, and are not

    def end_connection(self, act: acts.TerminateStep) -> None:
        """End the connection with a peer."""
        self._peers.sockets.note(act.at)
        self._at_connection(chat.TERMINATE, act, act.to or "")
        self._peers.sockets.note_cheaply(act.at, act.to or act.at)

    def _at_connection(
        self, verb: str, act: acts.SendStep | acts.TerminateStep, to: str, **arguments: str
    ) -> None:
        """Do an operation that takes the id of a connection, looked up if the act has none."""

        def work() -> Completion:
            before: Rows | None = None
            if act.id == LAST:
                with self._watch.measure(WAITING):
                    self._peers.sockets.await_end(act.at, to, self._limits.expect)
                number = self._last_ids.get((act.at, to))
            elif act.id is None:
                number = self._peers.id_of(act.at, to, self._read_list(act.at)[1])
            else:
                number = act.id
            if number is None:
                return self._missing(act.at, f"list does not show {to}")
            if verb == chat.TERMINATE:
                before = self._rows_if_silent(act.at, verb)
            reply = self._peers.ask(act.at, verb, id=number, **arguments)
            outcome, said = self._completion(act, reply, to, before, outcomes.lost_row)
            return outcome, {"id": number, **said, **_answered(act, reply)}

        given = {"to": to or None, "id": None if act.id == LAST else act.id}
        self._recorder.at_console(act.at, verb, act, work, **_given(given), **arguments)

    def _rows_if_silent(self, peer: str, verb: str) -> Rows | None:
        """Return a peer's list if it may not answer this verb: only the list shows the effect."""
        verbs = self._peers.sessions[peer].profile.operations
        is_silent = verb in verbs and verbs[verb].silent and chat.LIST in verbs
        return self._read_list(peer)[1] if is_silent else None

    def _completion(
        self,
        act: acts.ConnectStep | acts.SendStep | acts.TerminateStep,
        reply: Reply,
        other: str,
        before: Rows | None,
        change: Callable[[str, Rows, Rows], Mapping[str, str] | None],
    ) -> Completion:
        """Return how an operation ended; if there was no answer, by the change in the list.

        Where it is to be refused, no answer will do, of a program that always tells of success.
        """
        peer, operations = act.at, self._peers.sessions[act.at].profile.operations
        is_to_fail = act.wants.get("outcome") == "fail"
        if is_to_fail and outcomes.lacks_success(reply, operations[reply.verb]):
            return outcomes.failed("")
        if not reply.silent or before is None:
            return outcomes.completion(reply)
        deadline = time.monotonic() + min(_LISTED_WITHIN, self._limits.expect)
        while not (row := change(other, before, self._read_list(peer)[1])):
            if time.monotonic() >= deadline or peer in self._doubted:
                what = f"no change of {other}" if other else "no change"
                return self._missing(peer, f"nothing was said, and list shows {what}")
            with self._watch.measure(WAITING):
                self._peers.sessions[peer].take_in(_POLL)
        return "ok", {"said": "", "id": row["id"]}

    # Messages

    def send_messages(self, act: acts.SendStep, messages: Sequence[tuple[str, str]]) -> None:
        """Send messages, given as receiver and text; several are typed ahead of their replies."""
        if len(messages) == 1:
            ((to, text),) = messages
            self._at_connection(chat.SEND, act, to, text=text)
        elif messages:
            self._send_many(act, messages)

    def _send_many(self, act: acts.SendStep, messages: Sequence[tuple[str, str]]) -> None:
        """Send many messages; the ids are looked up once, as no connection ends meanwhile."""
        ids: dict[str, str | None] = {}

        def look_up() -> Completion:
            _, rows = self._read_list(act.at)
            ids.update({to: self._peers.id_of(act.at, to, rows) for to, _ in messages})
            return self._doubted.get(act.at) or ("ok", {"rows": rows})

        self._recorder.at_console(act.at, chat.LIST, None, look_up)
        listed = [(to, text) for to, text in messages if ids.get(to) is not None]
        for to, text in messages:
            if ids.get(to) is None:
                unlisted = functools.partial(self._missing, act.at, f"list does not show {to}")
                unknown = functools.partial(outcomes.failed, "its list is not known")
                work = unlisted if ids else unknown
                self._recorder.at_console(act.at, chat.SEND, act, work, to=to, text=text)
        with self._peers.locks[act.at]:
            if listed and act.at not in self._peers.ended:
                self._type_ahead(act, listed, ids)

    def _type_ahead(
        self, act: acts.SendStep, messages: Sequence[tuple[str, str]], ids: Mapping[str, str | None]
    ) -> None:
        typed: list[int] = []

        def on_typing(index: int) -> None:
            self._checkpoint(act.at)
            to, text = messages[index]
            typed.append(self._recorder.invoke(act.at, chat.SEND, act, to=to, text=text))

        arguments = [{"id": ids[to], "text": text} for to, text in messages]
        replies = self._peers.sessions[act.at].ask_all(chat.SEND, arguments, on_typing)
        try:
            for index, reply in enumerate(replies):
                outcome, said = outcomes.completion(reply)
                fields = {"id": ids[messages[index][0]], **said}
                self._history.complete(typed[index], outcome, **fields)
        except SessionError as error:
            for operation in self._history.unfinished(typed):
                self._history.complete(operation, "info", said=first_line(error))
            self._recorder.tolerate(error)

    def record_no_target(self, act: acts.SendStep | acts.TerminateStep) -> None:
        """Record that an act for every peer in a list had no target: the list is empty."""
        text = act.text if isinstance(act, acts.SendStep) else None
        verb = chat.TERMINATE if text is None else chat.SEND
        work = functools.partial(outcomes.failed, "the list is empty")
        self._recorder.at_console(act.at, verb, act, work, **_given({"text": text}))

    # Lists

    def read_list(self, act: acts.ListStep) -> None:
        """Read the list, again and again until it is as wanted or time is up."""
        self._list(act, act)

    def await_listed(
        self,
        peer: str,
        others: Sequence[str],
        within: float | None = None,
        dialled: Sequence[str] = (),
    ) -> None:
        """Wait until a peer lists exactly these others.

        The operation must be ok only if the peer lists all that it `dialled` itself. Whether the
        others list it too is for the checks to judge: not every program's list shows that.
        """
        within = self._limits.expect if within is None else within
        wanted = Wanted({"outcome": "ok"}) if dialled else None
        act = acts.ListStep(at=peer, shows=[*others], within=within)
        self._list(act, wanted, dialled, self._peers.behind)

    def _list(
        self,
        act: acts.ListStep,
        expecting: Expecting | None,
        required: Sequence[str] = (),
        leads: Callable[[str, Row], str] = lambda _, row: row["peer"],
    ) -> None:
        def work() -> Completion:
            deadline = time.monotonic() + act.within
            while True:
                reply, rows = self._read_list(act.at)
                shown = sorted(leads(act.at, row) for row in rows)
                is_known = act.shows is None or shown == sorted(act.shows) or reply.doubt
                if is_known or time.monotonic() >= deadline:
                    break
                with self._watch.measure(WAITING):
                    self._peers.sessions[act.at].take_in(_POLL)
            outcome, said = outcomes.completion(reply)
            if act.shows is not None:
                said["limit"] = act.within
            unread = self._unread_rows[act.at]
            if missed := self._missed_rows(act.at):
                said["missed"] = "\n".join(missed)
            if outcome == "ok" and (absent := [name for name in required if name not in shown]):
                return self._missing(act.at, f"list does not show {' and '.join(absent)}")
            return outcome, {**_given({"unread": unread or None}), **said, "rows": rows}

        self._recorder.at_console(act.at, chat.LIST, expecting, work)

    def _missed_rows(self, peer: str) -> list[str]:
        """Return the lines of the last list that plainly are rows: they are there again."""
        if not (missed := self._missed[peer]):
            return []
        self._read_list(peer)
        return again(missed, self._missed[peer])

    def listed(self, act: acts.SendStep | acts.TerminateStep) -> Sequence[str] | None:
        """Return the peers in a peer's list; None if there was no list, or it cannot be read.

        The list must succeed if the act itself must.
        """
        found: Sequence[Row] | None = None

        def work() -> Completion:
            nonlocal found
            reply, rows = self._read_list(act.at)
            found = None if reply.ok is None else rows
            outcome, said = outcomes.completion(reply)
            return outcome, {**said, "rows": rows}

        expecting = None if act.may_fail else acts.ListStep(at=act.at)
        self._recorder.at_console(act.at, chat.LIST, expecting, work)
        return None if found is None else [row["peer"] for row in found if row["peer"]]

    def _read_list(self, peer: str) -> tuple[Reply, Sequence[Row]]:
        """Ask for a peer's list, and remember its ids and what in it could not be read."""
        reply, rows = self._peers.rows(peer)
        if reply.doubt:
            self._doubted[peer] = outcomes.unreadable(reply)
        missed = self._lines.certain(peer, reply, rows) if not reply.doubt else []
        self._missed[peer] = missed
        self._unread_rows[peer] = self._lines.possible(peer, reply, missed)
        leads = [(self._peers.behind(peer, row), row["id"]) for row in rows]
        self._last_ids.update({(peer, other): number for other, number in leads if other})
        return reply, rows

    def _missing(self, peer: str, what: str) -> Completion:
        """Return that a peer's last list does not show something, or that this is unknown."""
        doubted = self._doubted.get(peer)
        return doubted or outcomes.missing(what, self._unread_rows.get(peer, ""))


def _given(fields: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in fields.items() if value is not None}


def _answered(act: acts.Act, reply: Reply) -> dict[str, bool]:
    return {"answered": outcomes.is_answered(reply)} if act.answered else {}
