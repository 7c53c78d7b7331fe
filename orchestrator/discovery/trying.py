"""Driving a program by its profile, to hear everything that the profile speaks of."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence

from orchestrator.console.session import Notice, Session
from orchestrator.discovery.matching import Asked, Heard, Told
from orchestrator.engines.base import Engine, Say
from orchestrator.errors import LabError, PeerGoneError, SessionError, first_line
from orchestrator.profile import Profile

_A, _B, _C = NAMES = ("alice", "bob", "carol")
_NOTICE_WITHIN = 3.0  # seconds
_SILENT_WITHIN = 0.4  # seconds in which something may come that no pattern knows
_UNKNOWN_ID = 97
_NOBODY = 1  # a port at which nobody listens


class Trier:
    """Three of a program that are driven by its profile.

    Args:
        engine: where they run.
        profile: what they are.
        say: told what is done.

    Attributes:
        heard: what came.
    """

    def __init__(self, engine: Engine, profile: Profile, say: Say) -> None:
        self._engine, self._profile, self._say = engine, profile, say
        self._sessions: dict[str, Session] = {}
        self._notices: dict[str, list[Notice]] = {name: [] for name in NAMES}
        self.heard = Heard()

    def all(self) -> Heard:
        """Do everything that the profile knows a word for; return what came."""
        try:
            if self._start(NAMES):
                self._alone()
                self._together()
                self._wrong()
                self._ends()
        finally:
            for session in self._sessions.values():
                self._record(session)
                session.close()
        return self.heard

    def _start(self, names: Sequence[str]) -> bool:
        self._say(f"starting {', '.join(names)}")
        for peer in self._engine.start(names, self._profile, self._say):
            name = peer.name
            self._sessions[name] = Session(
                peer, self._profile, self._notices.setdefault(name, []).append
            )
        try:
            for name in names:
                self._sessions[name].await_ready()
        except SessionError as error:
            self.heard.problems.append(first_line(error))
            self.heard.greeting += self._sessions[name].transcript.screen()
            return False
        for name in names:
            self.heard.greeting += self._sessions[name].transcript.screen()
        return True

    def _record(self, session: Session) -> None:
        self.heard.screens += session.transcript.screen()
        self.heard.stray += self._drained(session)

    def _drained(self, session: Session) -> list[str]:
        """Return the lines that are neither reply nor notice, once each."""
        lines: list[str] = []
        try:
            while True:
                lines.append(session.await_notice("", lambda each: not each.kind, 0.0).line)
        except SessionError:
            return lines

    def _has(self, verb: str) -> bool:
        return verb in self._profile.verbs

    # Asking

    def _ask(self, at: str, verb: str, occasion: str, *, right: bool | None = True,
             rows: bool = False, **arguments: object) -> Asked | None:  # fmt: skip
        """Ask a verb and keep the reply; None where it cannot be asked."""
        session = self._sessions.get(at)
        if session is None or not self._has(verb):
            return None
        self._say(occasion)
        before = len(session.transcript.screen())
        try:
            reply = session.ask(verb, **arguments)
        except PeerGoneError as error:
            self._gone(at, verb, occasion, error, before, right)
            return None
        except SessionError as error:
            self.heard.problems.append(f"{occasion}: {first_line(error)}")
            lines = tuple(session.transcript.screen()[before:])
            self.heard.asked.append(Asked(verb, right, None, lines, occasion, rows))
            return None
        found = Asked(verb, right, reply.ok, tuple(reply.lines), occasion, rows)
        self.heard.asked.append(found)
        return found

    def _gone(self, at: str, verb: str, occasion: str, error: SessionError, before: int,
              right: bool | None) -> None:  # noqa: FBT001  # fmt: skip
        """Keep what a program said at its end, which it was asked for or not, and let it go."""
        session = self._sessions.pop(at)
        lines = tuple(session.transcript.screen()[before:])
        if verb == "exit":
            looks = self._profile.verbs["exit"]
            ok = any(re.search(each, line) for each in looks.ok for line in lines)
            read = True if ok or looks.silent else None
            self.heard.asked.append(Asked(verb, right, read, lines, occasion))
        else:
            self.heard.problems.append(f"{occasion}: {first_line(error)}")
        self._let_go(session)

    def _let_go(self, session: Session) -> None:
        self._record(session)
        session.close()
        self._engine.discard([session.peer])

    def _expect(self, at: str, kind: str, occasion: str, since: int) -> None:
        """Wait for a notice at the other end, and keep what came there."""
        session = self._sessions.get(at)
        if session is None:
            return
        is_known = kind in self._profile.notices
        read = self._await(session, kind if is_known else "", at, since)
        lines = [line for one in self._notices[at][since:] for line in one.line.split("\n")]
        if is_known:
            lines += self._drained(session)
            self.heard.stray += [line for line in lines if not read]
            self.heard.told.append(Told(kind, read, tuple(lines), occasion))

    def _await(self, session: Session, kind: str, at: str, since: int) -> bool:
        deadline = time.monotonic() + (_NOTICE_WITHIN if kind else _SILENT_WITHIN)
        while time.monotonic() < deadline:
            if kind and any(one.kind == kind for one in self._notices[at][since:]):
                return True
            try:
                session.take_in(0.1)
            except SessionError:
                break
        return bool(kind) and any(one.kind == kind for one in self._notices[at][since:])

    def _mark(self) -> dict[str, int]:
        """Put what has come aside; return how many notices there are, by peer."""
        for session in self._sessions.values():
            try:
                session.catch_up()
            except SessionError:
                continue
            self.heard.stray += self._drained(session)
        return {name: len(several) for name, several in self._notices.items()}

    # What is done

    def _alone(self) -> None:
        for verb in ("help", "myip", "myport"):
            self._ask(_A, verb, verb)
        self._ask(_A, "list", "list with nobody connected", right=None)
        self._ask(_A, "raw", "a word that is none", right=False, line="qwxz vkbj")

    def _connect(self, at: str, to: str) -> None:
        since = self._mark()
        peer = self._sessions[to].peer if to in self._sessions else None
        if peer and self._ask(at, "connect", f"{at} connects to {to}", address=peer.address,
                              port=peer.port):  # fmt: skip
            self._expect(to, "connected", f"{at} connected", since[to])

    def _id(self, at: str) -> str:
        """Return the id of a peer's only connection; what the profile counts from otherwise."""
        session = self._sessions.get(at)
        if session is None or not self._has("list"):
            return str(self._profile.first_id)
        try:
            found = session.ask("list").rows
        except LabError:
            return str(self._profile.first_id)
        ids = [row["id"] for row in found if row.get("id")]
        return ids[-1] if ids else str(self._profile.first_id)

    def _together(self) -> None:
        if not self._has("connect"):
            return
        self._connect(_A, _B)
        for name in (_A, _B):
            self._ask(name, "list", f"list at {name}, connected", rows=True)
        for at, to in ((_A, _B), (_B, _A)):
            known = self._id(at)
            since = self._mark()
            if self._ask(at, "send", f"{at} sends to {to}", id=known, text="umber quill"):
                self._expect(to, "message", f"{at} sent a message", since[to])

    def _wrong(self) -> None:
        bob = self._sessions[_B].peer if _B in self._sessions else None
        if bob is None:
            return
        self._ask(
            _A, "send", "send to an id that nobody has", right=False, text="vkbj", id=_UNKNOWN_ID
        )
        self._ask(_A, "terminate", "terminate an id that nobody has", right=False, id=_UNKNOWN_ID)
        self._ask(_A, "connect", "connect to a port where nobody listens", right=False,
                  address=bob.address, port=_NOBODY)  # fmt: skip
        self._ask(_A, "connect", "connect to no port", right=False, address=bob.address,
                  port="vkbj")  # fmt: skip

    def _ends(self) -> None:
        if _A in self._sessions and self._has("terminate"):
            known = self._id(_A)
            since = self._mark()
            if self._ask(_A, "terminate", "alice terminates", id=known):
                self._expect(_B, "closed", "alice terminated", since[_B])
        for way in ("exit", "kill"):
            self._leave(way)

    def _leave(self, way: str) -> None:
        """Let carol connect to bob, and leave in one way or another."""
        if _C not in self._sessions and not self._start([_C]):
            return
        if self._has("connect"):
            self._connect(_C, _B)
        since = self._mark()
        if way == "exit":
            self._ask(_C, "exit", "carol exits")
            if _C in self._sessions:  # it answered before it ended
                self._finish()
        else:
            self._say("carol is killed")
            session = self._sessions.pop(_C)
            session.peer.kill()
            self._let_go(session)
        if self._has("connect"):
            self._expect(_B, "closed", f"carol left by {way}", since[_B])

    def _finish(self) -> None:
        session = self._sessions.pop(_C)
        try:
            session.await_end(_NOTICE_WITHIN)
        except SessionError:
            self.heard.problems.append("carol exits: it still runs")
        self._let_go(session)
