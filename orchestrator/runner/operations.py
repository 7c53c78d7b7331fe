"""Acts at consoles, each recorded as an operation: invoked, then ok, fail or info."""

from __future__ import annotations

import functools
import re
import time
from collections.abc import Callable, Mapping, Sequence

from orchestrator.console.reply import Reply
from orchestrator.console.session import Notice
from orchestrator.errors import NoAnswerError, PeerGoneError, SessionError, first_line
from orchestrator.history.timing import WAITING, Stopwatch
from orchestrator.runner import outcomes
from orchestrator.runner.outcomes import Ended, Rows
from orchestrator.runner.peers import PeerGroup, Row
from orchestrator.runner.recording import Recorder, Wanted, Wanting
from orchestrator.scenario import (
    Connect,
    Exit,
    Expect,
    Help,
    Limits,
    List,
    MyIp,
    MyPort,
    Send,
    Terminate,
    Type,
)
from orchestrator.scenario.rules import LAST

_POLL = 0.02  # seconds between two looks at a list that is to change
_SLICE = 0.5  # seconds of a long wait, before a look at everything else
_EXIT_WITHIN = 5.0  # seconds
_SEEN_WITHIN = 2.0  # seconds in which a list shows what a program that says nothing has done


class Operator:
    """Does single acts, each with the lock of its console.

    Args:
        stage: the peers.
        limits: how long things may take.
        watch: measures what goes into waiting.
        go_on: told now and then in the middle of a long act at whose console it is; raises
            where the act must be broken off.
    """

    def __init__(
        self,
        stage: PeerGroup,
        limits: Limits,
        watch: Stopwatch,
        go_on: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._stage, self._limits, self._watch = stage, limits, watch
        self._go_on = go_on
        self._history, self._record = stage.history, Recorder(stage)
        self._last: dict[tuple[str, str], str] = {}  # the id that led to a peer last
        self._perhaps: dict[str, str] = {}  # what may be rows of a list, and cannot be read

    def help(self, act: Help) -> None:
        """Ask what a program can do."""
        self._record.operate(
            act.at, "help", act,
            lambda: outcomes.ended(self._stage.ask(act.at, "help"), whole=True),
        )  # fmt: skip

    def myip(self, act: MyIp) -> None:
        """Let a peer tell its address."""
        peer = self._stage.sessions[act.at].peer
        own = getattr(peer, "addresses", None) or {peer.address}
        self._tell(act.at, "myip", "address", sorted(own))

    def myport(self, act: MyPort) -> None:
        """Let a peer tell its port."""
        self._tell(act.at, "myport", "port", self._stage.sessions[act.at].peer.port)

    def _tell(self, peer: str, verb: str, part: str, right: object) -> None:
        def work() -> Ended:
            return outcomes.told(self._stage.ask(peer, verb), part)

        self._record.operate(peer, verb, Wanted({"outcome": "ok", part: right}), work)

    def connect(self, act: Connect) -> None:
        """Dial a peer, at the address where it is, or as the act says."""
        to = act.to or ""

        def work() -> Ended:
            address, port = self._stage.place_of(to, dialler=act.at) if to else ("", 0)
            where = {"address": act.address or address, "port": act.port or port}
            before = self._before(act.at, "connect")
            began = time.monotonic()
            reply = self._stage.ask(act.at, "connect", **where)
            took = {} if act.within is None else {"took": time.monotonic() - began}
            outcome, said = self._seen(act.at, reply, to, before, outcomes.came)
            if outcome == "ok" and "id" in said:
                self._stage.learn(act.at, said["id"], to)
            return outcome, {**said, **took, **_answered(act, reply)}

        given = {"to": act.to, "address": act.address, "port": act.port}
        self._record.operate(act.at, "connect", act, work, **_known(given))

    def _before(self, peer: str, verb: str) -> Rows | None:
        """Return the list before something whose answer may be none; None where none is asked."""
        verbs = self._stage.sessions[peer].profile.verbs
        is_silent = verb in verbs and verbs[verb].silent and "list" in verbs
        return self._rows(peer) if is_silent else None

    def _seen(
        self,
        peer: str,
        reply: Reply,
        other: str,
        before: Rows | None,
        change: Callable[[str, Rows, Rows], Mapping[str, str] | None],
    ) -> Ended:
        """Return how something ended: where nothing was said, the list must show it."""
        if not reply.silent or before is None:
            return outcomes.ended(reply)
        deadline = time.monotonic() + min(_SEEN_WITHIN, self._limits.expect)
        while not (row := change(other, before, self._rows(peer))):
            if time.monotonic() >= deadline:
                what = f"no change of {other}" if other else "no change"
                what = f"nothing was said, and list shows {what}"
                return outcomes.missing(what, self._perhaps[peer])
            with self._watch.measure(WAITING):
                self._stage.sessions[peer].take_in(_POLL)
        return "ok", {"said": "", "id": row["id"]}

    def _rows(self, peer: str) -> Rows:
        return self._looked(peer)[1]

    def _looked(self, peer: str) -> tuple[Reply, list[Row]]:
        """Ask for a peer's list, and take note of whom each id leads to."""
        reply, rows = self._stage.rows(peer)
        place = self._stage.sessions[peer].peer
        self._perhaps[peer] = outcomes.perhaps_rows(reply, place.address, place.port)
        self._last.update({(peer, row["peer"]): row["id"] for row in rows if row["peer"]})
        return reply, rows

    def send(self, act: Send, messages: Sequence[tuple[str, str]]) -> None:
        """Send messages, each to its receiver; several are typed ahead of their replies."""
        if len(messages) > 1:
            self._send_all(act, messages)
            return
        for to, text in messages:
            self._on_connection("send", act, to, text=text)

    def terminate(self, act: Terminate) -> None:
        """End the connection with a peer."""
        self._on_connection("terminate", act, act.to or "")

    def _on_connection(self, verb: str, act: Send | Terminate, to: str, **arguments: str) -> None:
        def work() -> Ended:
            number, before = self._id(act, to), None
            if number is None:
                return outcomes.unlisted(to, self._perhaps.get(act.at, ""))
            if verb == "terminate":
                before = self._before(act.at, verb)
            reply = self._stage.ask(act.at, verb, id=number, **arguments)
            outcome, said = self._seen(act.at, reply, to, before, outcomes.went)
            return outcome, {"id": number, **said, **_answered(act, reply)}

        given = {"to": to or None, "id": None if act.id == LAST else act.id}
        self._record.operate(act.at, verb, act, work, **_known(given), **arguments)

    def _id(self, act: Send | Terminate, to: str) -> str | None:
        """Return the id to be typed; None where the list shows none."""
        if act.id == LAST:
            return self._last.get((act.at, to))
        return outcomes.id_of(to, self._rows(act.at)) if act.id is None else act.id

    def _send_all(self, act: Send, messages: Sequence[tuple[str, str]]) -> None:
        """Send many, the ids looked up once: nothing ends connections meanwhile."""
        ids: dict[str, str | None] = {}

        def look_up() -> Ended:
            rows = self._rows(act.at)
            ids.update({to: outcomes.id_of(to, rows) for to, _ in messages})
            return "ok", {"rows": rows}

        self._record.operate(act.at, "list", None, look_up)
        listed = [(to, text) for to, text in messages if ids.get(to) is not None]
        for to, text in messages:
            if ids.get(to) is None:
                why = functools.partial(outcomes.unlisted, to, self._perhaps.get(act.at, ""))
                unknown = functools.partial(outcomes.not_there, "its list is not known")
                not_sent = why if ids else unknown
                self._record.operate(act.at, "send", act, not_sent, to=to, text=text)
        self._type_ahead(act, listed, ids)

    def _type_ahead(
        self, act: Send, messages: Sequence[tuple[str, str]], ids: dict[str, str | None]
    ) -> None:
        with self._stage.consoles[act.at]:
            if messages and act.at not in self._stage.gone:
                self._type_all(act, messages, ids)

    def _type_all(
        self, act: Send, messages: Sequence[tuple[str, str]], ids: dict[str, str | None]
    ) -> None:
        typed: list[int] = []

        def typing(index: int) -> None:
            self._go_on(act.at)
            to, text = messages[index]
            typed.append(self._record.invoke(act.at, "send", act, to=to, text=text))

        arguments = [{"id": ids[to], "text": text} for to, text in messages]
        replies = self._stage.sessions[act.at].ask_all("send", arguments, typing)
        try:
            for index, reply in enumerate(replies):
                outcome, said = outcomes.ended(reply)
                told = {"id": ids[messages[index][0]], **said}
                self._history.complete(typed[index], outcome, **told)
        except SessionError as error:
            for operation in self._history.unfinished(typed):
                self._history.complete(operation, "info", said=first_line(error))
            self._record.broken(act.at, error)

    def type(self, act: Type) -> None:
        """Type any line."""

        def work() -> Ended:
            reply = self._stage.ask(act.at, "raw", line=act.line)
            outcome, said = outcomes.ended(reply, whole=True)
            return outcome, {**said, "answered": _is_answer(reply)}

        self._record.operate(act.at, "type", act, work, line=act.line)

    def await_listed(
        self,
        peer: str,
        others: Sequence[str],
        within: float | None = None,
        dialled: Sequence[str] = (),
    ) -> None:
        """Wait until a peer lists these; that it lists whom it dialled itself is wanted.

        Whether those who were dialled list it as well is for the checks of the end: not every
        program's list shows them.
        """
        within = self._limits.expect if within is None else within
        wanting = Wanted({"outcome": "ok"}) if dialled else None
        self._list(List(at=peer, shows=[*others], within=within), wanting, dialled)

    def neighbours(self, act: Send | Terminate) -> Sequence[str] | None:
        """Return whom a peer lists; that it does is wanted, if the act itself is.

        None where it gave no list.
        """
        found: Sequence[Row] | None = None

        def work() -> Ended:
            nonlocal found
            reply, found = self._looked(act.at)
            outcome, said = outcomes.ended(reply)
            return outcome, {**said, "rows": found}

        self._record.operate(act.at, "list", None if act.may_fail else List(at=act.at), work)
        return None if found is None else [row["peer"] for row in found if row["peer"]]

    def nobody(self, act: Send | Terminate) -> None:
        """Take note that an act for all whom a peer lists came to nothing: it lists nobody."""
        text = act.text if isinstance(act, Send) else None
        verb = "terminate" if text is None else "send"
        nobody = functools.partial(outcomes.not_there, "list shows nobody")
        self._record.operate(act.at, verb, act, nobody, **_known({"text": text}))

    def list(self, act: List) -> None:
        """Look at the list; until it is as wanted, or as long as that may take."""
        self._list(act, act)

    def _list(self, act: List, wanting: Wanting | None, must: Sequence[str] = ()) -> None:
        def work() -> Ended:
            deadline = time.monotonic() + act.within
            while True:
                reply, rows = self._looked(act.at)
                shown = sorted(row["peer"] for row in rows)
                right = act.shows is None or shown == sorted(act.shows)
                if right or time.monotonic() >= deadline:
                    outcome, said = outcomes.ended(reply)
                    perhaps = self._perhaps[act.at]
                    if outcome == "ok" and (absent := [p for p in must if p not in shown]):
                        return outcomes.unlisted(" and ".join(absent), perhaps)
                    return outcome, {**_known({"unread": perhaps or None}), **said, "rows": rows}
                with self._watch.measure(WAITING):
                    self._stage.sessions[act.at].take_in(_POLL)

        self._record.operate(act.at, "list", wanting, work)

    def exit(self, act: Exit) -> None:
        """Let a peer exit, and see that it does."""

        def work() -> Ended:
            refused, said = self._ask_to_exit(act.at)
            if refused:
                return "fail", {"said": said}
            status = self._stage.sessions[act.at].peer.await_end(_EXIT_WITHIN)
            told = {"said": said, "state": status.state}
            if status.state in ("running", "paused"):  # as with `expect`: not in time
                return "fail", told
            self._stage.gone.add(act.at)
            return "ok", {**told, "status": status.exit_status}

        self._record.operate(act.at, "exit", act, work)

    def _ask_to_exit(self, peer: str) -> tuple[bool, str]:
        """Ask a peer to exit and wait while its console is open; return whether it said no."""
        said = ""
        try:
            reply = self._stage.ask(peer, "exit")
            said = "".join(reply.lines[-1:])
            if reply.ok is False:
                return True, said
            self._stage.sessions[peer].await_end(_EXIT_WITHIN)
        except PeerGoneError:
            pass
        except NoAnswerError as error:
            self._stage.unanswered(peer)
            return False, said or first_line(error)
        return False, said

    def expect(self, act: Expect) -> None:
        """Wait until a peer has shown something."""
        text = act.message if isinstance(act.message, str) else None
        fields = {"kind": act.kind or "line", "of": act.of, "text": text, "line": act.line,
                  "may_fail": act.may_fail or None}  # fmt: skip
        within = act.within or self._limits.expect

        def wanted(notice: Notice) -> bool:
            if act.line is not None and not re.search(act.line, notice.line):
                return False
            right_text = text in (None, notice.fields.get("text"))
            return right_text and act.of in (None, self._stage.who(act.at, notice.fields))

        def work() -> Ended:
            try:
                with self._watch.measure(WAITING):
                    notice = self._await(act, wanted, time.monotonic() + within)
            except NoAnswerError:
                said = f"nothing of the kind within {within:g} s{self._else(act)}"
                return "fail", {"said": said}
            except PeerGoneError as error:  # and all that it had shown was looked at
                self._stage.gone.add(act.at)
                return "fail", {"said": first_line(error)}
            return "ok", {"said": notice.line}

        self._record.operate(act.at, "expect", None, work, **_known(fields))

    def _await(self, act: Expect, wanted: Callable[[Notice], bool], deadline: float) -> Notice:
        session = self._stage.sessions[act.at]
        while True:
            left = deadline - time.monotonic()
            try:
                return session.await_notice(act.kind, wanted, min(left, _SLICE))
            except NoAnswerError:
                if left <= _SLICE:
                    raise
                self._go_on(act.at)

    def _else(self, act: Expect) -> str:
        """Return what came instead of what was expected, as a clause; may be empty."""
        came = self._stage.sessions[act.at].last_unclaimed(act.kind)
        return f"; what came was {came.line!r}" if came else ""


def _known(fields: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in fields.items() if value is not None}


def _answered(act: Connect | Send | Terminate, reply: Reply) -> dict[str, bool]:
    return {"answered": _is_answer(reply)} if act.answered else {}


def _is_answer(reply: Reply) -> bool:
    return any(line.strip() for line in reply.lines)
