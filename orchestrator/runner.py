"""A scenario on an engine makes a history."""

from __future__ import annotations

import functools
import ipaddress
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from orchestrator import checks, scenario
from orchestrator.engines.base import Engine, Peer, Progress
from orchestrator.errors import LabError, NoAnswerError, PeerGoneError
from orchestrator.history import History
from orchestrator.profile import Profile
from orchestrator.reply import Reply
from orchestrator.scenario import Scenario, Step
from orchestrator.session import Notice, Session

_SETTLE = 3.0  # seconds in which what is under way at the end may still arrive
_SLICE = 0.02  # seconds spent on one console while waiting for all
_EXIT_WITHIN = 5.0  # seconds


@dataclass(slots=True)
class Run:
    """One run of a scenario.

    Attributes:
        error: what ended it early, if anything did.
        boot: seconds from nothing to every peer being ready.
        drive: seconds spent on the steps.
    """

    scenario: Scenario
    engine: str
    history: History
    sessions: dict[str, Session] = field(default_factory=dict)
    error: LabError | None = None
    boot: float = 0.0
    drive: float = 0.0

    @property
    def peers(self) -> list[Peer]:
        """The peers, in the scenario's order."""
        return [session.peer for session in self.sessions.values()]


class Runner:
    """Drives one scenario.

    Args:
        script: what to do.
        profile: what the programs look like.
        engine: where they run.
        history: records what happens.
        progress: told what is being done.
    """

    def __init__(
        self,
        script: Scenario,
        profile: Profile,
        engine: Engine,
        history: History,
        progress: Progress,
    ) -> None:
        self._script, self._profile, self._engine = script, profile, engine
        self._history, self._progress = history, progress
        self.run = Run(script, f"{engine.name} {engine.version}", history)
        self._known: dict[tuple[str, str], str] = {}  # connection ids by peer, with whom

    def carry_out(self) -> Run:
        """Start the peers, do every step, let things settle; never raises a `LabError`."""
        try:
            self._start()
            began = time.monotonic()
            for number, step in enumerate(self._script.steps, 1):
                self._progress.step(f"step {number} of {len(self._script.steps)}: {_phrase(step)}")
                self._do(step)
            self._settle()
            self._look_around()
            self.run.drive = time.monotonic() - began
        except LabError as error:
            self.run.error = error
            self._history.abandon(said=error.what.splitlines()[0])
        finally:
            for session in self.run.sessions.values():
                session.close()
        return self.run

    def _start(self) -> None:
        began = time.monotonic()
        for peer in self._engine.start(self._script.peers, self._profile, self._progress.phase):
            heard = functools.partial(self._notice, peer.name)
            self.run.sessions[peer.name] = Session(peer, self._profile, heard)
        for name, session in self.run.sessions.items():
            session.await_ready()
            where = {"address": session.peer.address, "port": session.peer.port}
            self._history.notice(name, "ready", time.monotonic(), **where)
        self.run.boot = time.monotonic() - began

    # Steps

    def _do(self, step: Step) -> None:
        act = step.act
        match act:
            case scenario.Connect():
                self._connect(act)
            case scenario.Send():
                self._send(act)
            case scenario.Terminate():
                self._terminate(act)
            case scenario.Show():
                self._list(act)
            case scenario.Leave():
                self._exit(act)
            case scenario.Expect():
                self._expect(act)

    def _connect(self, act: scenario.Connect) -> None:
        other = self.run.sessions[act.to].peer
        operation = self._history.invoke(act.at, "connect", to=act.to, wanted=act.wanted)
        reply = self._ask(act.at, "connect", address=other.address, port=other.port)
        self._complete(operation, reply, act.refused)
        if reply.ok and "id" in reply.fields:
            self._known[act.at, reply.fields["id"]] = act.to

    def _send(self, act: scenario.Send) -> None:
        self._on_connection("send", act, text=act.text)

    def _terminate(self, act: scenario.Terminate) -> None:
        self._on_connection("terminate", act)

    def _on_connection(
        self, verb: str, act: scenario.Send | scenario.Terminate, **arguments: str
    ) -> None:
        operation = self._history.invoke(act.at, verb, to=act.to, wanted=act.wanted, **arguments)
        rows = self._rows(act.at)
        number = next((number for number, name in rows.items() if name == act.to), None)
        if number is None:
            unlisted = Reply(verb, lines=[f"list does not show {act.to}"])
            self._complete(operation, unlisted, act.refused)
            return
        reply = self._ask(act.at, verb, id=number, **arguments)
        self._complete(operation, reply, act.refused)

    def _list(self, act: scenario.Show) -> None:
        operation = self._history.invoke(act.at, "list", shows=act.shows)
        shown = sorted(self._rows(act.at).values())
        right = act.shows is None or shown == sorted(act.shows)
        self._history.complete(operation, "ok" if right else "fail", said=f"shows {shown}")

    def _exit(self, act: scenario.Leave) -> None:
        session = self.run.sessions[act.at]
        operation = self._history.invoke(act.at, "exit", status=act.status)
        reply = self._ask(act.at, "exit")
        session.await_end(_EXIT_WITHIN)
        status = session.peer.await_end(_EXIT_WITHIN)
        right = reply.ok and status.exit_status == act.status
        said = f"{_said(reply)}; {status.phrase}"
        self._history.complete(operation, "ok" if right else "fail", said=said)

    def _expect(self, act: scenario.Expect) -> None:
        session = self.run.sessions[act.at]
        operation = self._history.invoke(act.at, "expect", of=act.of, kind=act.kind)

        def wanted(fields: Mapping[str, str]) -> bool:
            right_text = act.message is None or fields.get("text") == act.message
            return right_text and self._who(act.at, fields) == act.of

        try:
            notice = session.await_notice(act.kind, wanted, act.within)
        except NoAnswerError:
            said = f"nothing of the kind within {act.within:g} s"
            self._history.complete(operation, "fail", said=said)
        else:
            self._history.complete(operation, "ok", said=notice.line)

    # Asking

    def _ask(self, peer: str, verb: str, **arguments: object) -> Reply:
        return self.run.sessions[peer].ask(verb, **arguments)

    def _complete(self, operation: int, reply: Reply, refused: str | None) -> None:
        if reply.ok or not refused or any(refused in line for line in reply.lines):
            self._history.complete(operation, "ok" if reply.ok else "fail", said=_said(reply))
        else:
            said = f"refused, but not with {refused!r}: {_said(reply)}"
            self._history.complete(operation, "fail", said=said, wanted=f"refusal: {refused}")

    def _rows(self, peer: str) -> dict[str, str]:
        """Ask a peer for its list; return ids and the peers that they lead to."""
        found = {}
        for row in self._ask(peer, "list").rows:
            found[row["id"]] = self._at(row["address"], row["port"]) or "somebody else"
            self._known[peer, row["id"]] = found[row["id"]]
        return found

    # Notices

    def _notice(self, peer: str, notice: Notice) -> None:
        fields: dict[str, object] = {"said": notice.line, "of": self._who(peer, notice.fields)}
        if "text" in notice.fields:
            fields["text"] = notice.fields["text"]
        if "number" in notice.fields:
            first, last = notice.fields["number"], notice.fields.get("last")
            fields["count"] = int(last or first) - int(first) + 1
        self._history.notice(peer, notice.kind, notice.at, **fields)

    def _who(self, peer: str, fields: Mapping[str, str]) -> str:
        """Return the peer that a notice of `peer` is about; empty when it names none."""
        if "address" in fields and "port" in fields:
            name = self._at(fields["address"], fields["port"])
            if name and "id" in fields:
                self._known[peer, fields["id"]] = name
            return name or "somebody else"
        return self._known.get((peer, fields.get("id", "")), "")

    def _at(self, address: str, port: str) -> str:
        for other in self.run.peers:
            if _same(other.address, address) and str(other.port) == port:
                return other.name
        return ""

    # The end

    def _settle(self) -> None:
        """Wait until every message has been seen and accounted for, or for a few seconds."""
        self._progress.step("waiting for what is under way")
        self._wait_until(lambda: not self._under_way(), _SETTLE)

    def _look_around(self) -> None:
        """Record how every peer is doing at the end, and whom it lists."""
        for name, session in self.run.sessions.items():
            status = session.peer.status()
            shows = None
            if status.state == "running":
                operation = self._history.invoke(name, "list", shows=None)
                shows = sorted(self._rows(name).values())
                self._history.complete(operation, "ok", said=f"shows {shows}")
            now = time.monotonic()
            self._history.notice(name, "at the end", now, state=status.phrase, shows=shows)

    def _under_way(self) -> bool:
        entries = self._history.entries
        settled = checks.Judgement.VALID
        pending = checks.receipts(entries).judgement, checks.both_ends(entries).judgement
        return bool(checks.undelivered(entries)) or any(each != settled for each in pending)

    def _wait_until(self, condition: Callable[[], bool], timeout: float) -> None:
        deadline = time.monotonic() + timeout
        living = list(self.run.sessions.values())
        while living:
            for session in list(living):
                try:
                    session.take_in(_SLICE)
                except PeerGoneError:
                    living.remove(session)
            if condition() or time.monotonic() >= deadline:
                return


def _said(reply: Reply) -> str:
    return reply.lines[-1] if reply.lines else ""


def _same(one: str, other: str) -> bool:
    try:
        return ipaddress.ip_address(one) == ipaddress.ip_address(other)
    except ValueError:
        return one == other


def _phrase(step: Step) -> str:
    act = step.act
    other = getattr(act, "to", "") or getattr(act, "of", "")
    return f"{act.at}: {step.verb} {other}".rstrip()
