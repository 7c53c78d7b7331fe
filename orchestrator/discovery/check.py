"""Check a profile: drive its program by it, and see which patterns match."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from orchestrator import chat, document, profile
from orchestrator.console.echo import Echoes
from orchestrator.console.session import Notice, Session
from orchestrator.discovery.pattern_matches import (
    NoticeSeen,
    Observations,
    ProfileCheck,
    ReplySeen,
    check_patterns,
    unread_lines,
)
from orchestrator.discovery.trio import CLOSED_PORT, NAMES, UNKNOWN_ID
from orchestrator.engines.base import Engine, Say
from orchestrator.errors import LabError, PeerGoneError, SessionError, first_line
from orchestrator.patterns import compiled, search_line
from orchestrator.profile import Profile

_A, _B, _C = NAMES
_NOTICE_WITHIN = 3.0  # seconds
_SILENT_WITHIN = 0.4  # seconds to wait for a notice that the profile does not have


def check(engine: Engine, file: str, say: Say) -> ProfileCheck:
    """Check a profile, a file or the name of one that comes with the lab, by driving its program.

    Raises:
        LabError: the profile is wrong, or the program cannot be started.
    """
    loaded = _without_doubts(profile.load(file))
    seen = ProfileDriver(engine, loaded, say).run()
    patterns = check_patterns(loaded, seen)
    source = document.load(profile.path_of(file))
    positions = ["{}:{}".format(*source.position(pattern.place)) for pattern in patterns]
    return ProfileCheck(file, patterns, positions, seen, unread_lines(loaded, seen))


def _without_doubts(given: Profile) -> Profile:
    """Return a profile that doubts nothing: what its patterns match is to be seen."""
    sure = {name: it.model_copy(update={"doubt": ""}) for name, it in given.operations.items()}
    return given.model_copy(update={"operations": sure})


class ProfileDriver:
    """Drives three peers of a program by its profile."""

    def __init__(self, engine: Engine, profile: Profile, say: Say) -> None:
        self._engine, self._profile, self._say = engine, profile, say
        self._sessions: dict[str, Session] = {}
        self._notices: dict[str, list[Notice]] = {name: [] for name in NAMES}
        self._texts: dict[str, None] = {}  # of the messages that were sent
        self._seen = Observations()

    def run(self) -> Observations:
        """Use every verb that the profile has; return everything that was printed."""
        try:
            if self._start(NAMES):
                self._use_one_peer()
                self._use_two_peers()
                self._make_mistakes()
                self._end_connections()
        finally:
            for session in self._sessions.values():
                self._record(session)
                session.close()
        return self._seen

    def _start(self, names: Sequence[str]) -> bool:
        self._engine.bring_canary()
        self._say(f"starting {', '.join(names)}")
        for peer in self._engine.start(names, self._profile, self._say):
            on_notice = self._notices.setdefault(peer.name, []).append
            self._sessions[peer.name] = Session(peer, self._profile, on_notice)
            self._sessions[peer.name].meet(NAMES, self._texts)
        for name in names:
            try:
                self._sessions[name].await_ready()
            except SessionError as error:
                self._seen.problems.append(first_line(error))
                self._seen.greeting += self._sessions[name].transcript.screen()
                return False
        for name in names:
            screen = self._sessions[name].transcript.screen()
            self._seen.greeting += map(Echoes(self._profile).without_prompts, screen)
        return True

    def _record(self, session: Session) -> None:
        self._seen.screens += session.transcript.screen()
        self._seen.stray += self._drain(session)

    def _drain(self, session: Session) -> list[str]:
        lines: list[str] = []
        try:
            while True:
                lines.append(session.await_notice("", lambda notice: not notice.kind, 0.0).line)
        except SessionError:
            return lines

    def _has(self, verb: str) -> bool:
        return verb in self._profile.operations

    # Verbs and notices

    def _ask(self, at: str, verb: str, occasion: str, *, right: bool | None = True,
             rows: bool = False, **arguments: object) -> bool:  # fmt: skip
        """Use a verb and record the reply; return whether there was one."""
        session = self._sessions.get(at)
        if session is None or not self._has(verb):
            return False
        self._say(occasion)
        before = len(session.transcript.screen())
        try:
            reply = session.ask(verb, **arguments)
        except PeerGoneError as error:
            lines = tuple(session.transcript.screen()[before:])
            if verb == "exit":
                ok = self._is_exit(lines)
                self._seen.replies.append(ReplySeen(verb, right, ok, lines, occasion))
            else:
                self._seen.problems.append(f"{occasion}: {first_line(error)}")
            self._discard(self._sessions.pop(at))
            return False
        except SessionError as error:
            self._seen.problems.append(f"{occasion}: {first_line(error)}")
            lines = tuple(session.transcript.screen()[before:])
            if right is not False:  # the last words of a console are no refusal
                self._seen.replies.append(ReplySeen(verb, right, None, lines, occasion, rows))
            return False
        lines = tuple(reply.lines)
        self._seen.replies.append(ReplySeen(verb, right, reply.ok, lines, occasion, rows))
        return True

    def _is_exit(self, lines: Sequence[str]) -> bool | None:
        """Return True if the last lines of a program confirm its exit, or need not; else None."""
        verb = self._profile.operations["exit"]
        ok = any(search_line(compiled(it), line) for it in verb.ok for line in lines)
        return True if ok or verb.silent else None

    def _discard(self, session: Session) -> None:
        self._record(session)
        session.close()
        self._engine.discard([session.peer])

    def _expect(self, at: str, kind: str, occasion: str, since: int) -> None:
        session = self._sessions.get(at)
        if session is None:
            return
        is_known = kind in self._profile.shown
        read = self._await_notice(session, kind if is_known else "", at, since)
        lines = [line for notice in self._notices[at][since:] for line in notice.line.split("\n")]
        if is_known:
            lines += self._drain(session)
            self._seen.stray += [] if read else lines
            own = self._profile.shown[kind][0]  # as the profile calls it
            self._seen.notices.append(NoticeSeen(own, read, tuple(lines), occasion))

    def _await_notice(self, session: Session, kind: str, at: str, since: int) -> bool:
        """Return whether a notice came in time; without a kind, give any output a moment."""
        deadline = time.monotonic() + (_NOTICE_WITHIN if kind else _SILENT_WITHIN)
        names = self._profile.shown.get(kind, ())
        while True:
            if kind and any(it.kind in names for it in self._notices[at][since:]):
                return True
            if time.monotonic() >= deadline:
                return False
            try:
                session.take_in(0.1)
            except SessionError:
                deadline = 0.0

    def _catch_up(self) -> dict[str, int]:
        for session in self._sessions.values():
            try:
                session.catch_up()
            except SessionError:
                continue
            self._seen.stray += self._drain(session)
        return {name: len(notices) for name, notices in self._notices.items()}

    # Occasions

    def _use_one_peer(self) -> None:
        for verb in ("help", "myip", "myport"):
            self._ask(_A, verb, verb)
        self._ask(_A, "list", "list without connections", right=None)
        self._ask(_A, "raw", "an unknown word", right=False, line="qwxz vkbj")

    def _use_two_peers(self) -> None:
        if not self._has("connect"):
            return
        self._connect(_A, _B)
        for name in (_A, _B):
            self._ask(name, "list", f"list at {name}, connected", rows=True)
        for at, to in ((_A, _B), (_B, _A)):
            id_ = self._id(at)
            since = self._catch_up()
            if self._ask(at, "send", f"{at} sends to {to}", id=id_, text="umber quill"):
                self._expect(to, "message", f"{at} sent a message", since[to])

    def _connect(self, at: str, to: str) -> None:
        since = self._catch_up()
        if to not in self._sessions:
            return
        peer = self._sessions[to].peer
        if self._ask(at, "connect", f"{at} connects to {to}", address=peer.address,
                     port=peer.port, name=to):  # fmt: skip
            self._expect(to, "connected", f"{at} connected", since[to])

    def _id(self, at: str) -> str:
        """Return the id of a peer's last connection; the profile's first id if it shows none."""
        session = self._sessions.get(at)
        if session is None or not self._has("list"):
            return str(self._profile.first_id)
        try:
            rows = session.ask("list").rows
        except LabError:
            return str(self._profile.first_id)
        ids = [row["id"] for row in rows if row.get("id")]
        return ids[-1] if ids else str(self._profile.first_id)

    def _make_mistakes(self) -> None:
        if _B not in self._sessions:
            return
        address = self._sessions[_B].peer.address
        where = {"address": address, "name": chat.NOBODY}
        mistakes: list[tuple[str, str, dict[str, Any]]] = [
            ("send", "send to an unused id", {"id": UNKNOWN_ID, "text": "vkbj"}),
            ("terminate", "terminate an unused id", {"id": UNKNOWN_ID}),
            ("connect", "connect to a closed port", {**where, "port": CLOSED_PORT}),
            ("connect", "connect to a bad port", {**where, "port": "vkbj"}),
        ]
        for verb, occasion, arguments in mistakes:
            is_over = not self._ask(_A, verb, occasion, right=False, **arguments)
            if is_over and self._has(verb):
                self._replace(_A, _B)

    def _replace(self, name: str, other: str) -> None:
        """Start a peer again that exited, or whose console answers no more, and connect it."""
        if session := self._sessions.pop(name, None):
            self._discard(session)
        if self._start([name]) and self._has("connect"):
            self._connect(name, other)

    def _end_connections(self) -> None:
        if _A in self._sessions and self._has("terminate"):
            id_ = self._id(_A)
            since = self._catch_up()
            if self._ask(_A, "terminate", "alice terminates", id=id_):
                self._expect(_B, "closed", "alice terminated", since[_B])
        for way in ("exit", "kill"):
            self._leave(way)

    def _leave(self, way: str) -> None:
        """Connect carol to bob, and have it exit or kill it."""
        if _C not in self._sessions and not self._start([_C]):
            return
        if self._has("connect"):
            self._connect(_C, _B)
        since = self._catch_up()
        if way == "exit":
            self._ask(_C, "exit", "carol exits")
            if _C in self._sessions:  # it answered before it exited
                self._await_exit()
        else:
            self._say("carol is killed")
            if session := self._sessions.pop(_C, None):  # None if it exited on its own
                session.peer.kill()
                self._discard(session)
        if self._has("connect"):
            self._expect(_B, "closed", f"carol left by {way}", since[_B])

    def _await_exit(self) -> None:
        session = self._sessions.pop(_C)
        try:
            session.await_end(_NOTICE_WITHIN)
        except SessionError:
            self._seen.problems.append("carol exits: it is still running")
        self._discard(session)
