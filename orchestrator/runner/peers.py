"""The peers of one run: their consoles, and which peer an id or an address there means."""

from __future__ import annotations

import functools
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from orchestrator import chat, text
from orchestrator.console.reply import Reply
from orchestrator.console.session import CLIENT, CRASH, UNREAD, Notice, Session
from orchestrator.engines.base import Peer
from orchestrator.engines.endpoints import is_address, plain
from orchestrator.errors import PeerGoneError
from orchestrator.history.entries import History
from orchestrator.profile import MEANINGS, Profile
from orchestrator.runner.sockets import SocketRecorder
from orchestrator.runner.verify import FaultVerifier
from orchestrator.scenario import ALL

Row = dict[str, str]
"""One row of a list: id, peer, address, port, and what is at that address: docs/history.md."""

_ROW_FIELDS = ("id", "address", "port")

_MAX_UNREAD_LINES = 2_000  # of a console that no pattern reads; more are not recorded
_MAX_UNREAD_LENGTH = 5_000  # characters; a line that is typed has less

ADDRESS = re.compile(r"\d+(?:\.\d+){3}|[0-9a-f]*:[0-9a-f]*:[0-9a-f:]*", re.I)
PORT = re.compile(r"\b\d{4,5}\b")

_COUNTED = re.compile(r"[0-9]{1,12}")


class Watch(Protocol):
    """Something that must not appear while it is watched for."""

    def end(self) -> None:
        """Record whether it has appeared."""

    def abandon(self) -> None:
        """Watch no longer; nothing is recorded."""


def meanings(profile: Profile) -> dict[str, str]:
    """Return what a program's operations and notices mean to promises, by name."""
    notices = {kind: profile.means(kind) for kind in profile.notices}
    operations = {name: it.means for name, it in profile.operations.items() if it.means}
    return {kind: it for kind, it in notices.items() if it in MEANINGS} | operations


class PeerGroup:
    """The peers that take part. Thread-safe, but a console may only be used with its lock."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.clock: Callable[[], float] = time.monotonic  # the time for deadlines
        self.sessions: dict[str, Session] = {}  # the consoles, by peer
        self.ended: set[str] = set()  # the peers whose console has ended
        self.crashed: set[str] = set()  # the peers that showed a crash, and may live on
        # one for each console: one thread at a time types and reads there
        self.locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        # the network between the peers and its faults; None until there are peers
        self.verifier: FaultVerifier | None = None
        self.paused: set[str] = set()  # the peers that are paused
        self.texts: dict[str, None] = {}  # of the messages that were sent
        self.watches: list[Watch] = []  # what must not appear, at the moment
        self.programs_differ = False  # whether they run programs of several profiles
        self.is_faulted = False  # whether a fault was applied to the peers or their network
        # By peer: the peer behind an id there.
        self._ids: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self._relayed: dict[tuple[str, str], str] = {}  # the peer behind a relay's address and port
        self._ends: dict[tuple[str, str], str] = {}  # the peer that had a connection at this end
        self.sockets = SocketRecorder(history, self.sessions, self.ended, self._relayed)
        self._silences: dict[str, int] = {}  # unanswered commands in a row
        self._unread: Counter[str] = Counter()  # lines recorded so far

    def record_ready(self, name: str, *, warm: bool) -> None:
        """Record that a peer is ready, and its sockets."""
        peer, profile = self.sessions[name].peer, self.sessions[name].profile
        self.crashed.discard(name)
        own: dict[str, Any] = {}
        if self.programs_differ:
            own = {"chats": profile.vocabulary == "chat", "means": meanings(profile)}
        self.history.lab("ready", name, address=peer.address, port=peer.port, warm=warm, **own)
        self.sockets.record(name)

    def named(self, at: str | list[str]) -> list[str]:
        """Return the names of the peers at which a step is done: one, several, or `all`."""
        if at == ALL:
            return [*self.sessions]
        return at if isinstance(at, list) else [at]

    # Asking

    def ask(self, peer: str, verb: str, **arguments: object) -> Reply:
        """Ask at a console; see `Session.ask`."""
        reply = self.sessions[peer].ask(verb, **arguments)
        self._silences[peer] = 0
        return reply

    def count_silence(self, peer: str) -> int:
        """Count a command that a console did not answer; return how many in a row."""
        self._silences[peer] = self._silences.get(peer, 0) + 1
        return self._silences[peer]

    def is_responsive(self, peer: str) -> bool:
        """Return whether a peer has not ended and answered the last command."""
        return peer not in self.ended and not self._silences.get(peer)

    def rows(self, peer: str) -> tuple[Reply, list[Row]]:
        """Ask a peer for its list; return the reply, and the rows with the peer behind each."""
        reply = self.ask(peer, chat.LIST)
        rows = []
        for number, row in enumerate(reply.rows, self.sessions[peer].profile.first_id):
            name, at = self._resolve(row)
            shown = {key: row[key] for key in _ROW_FIELDS if row.get(key)}
            fields = {"id": str(number), **shown}
            if name != peer:  # some lists show the near end of each connection
                self.note_id(peer, fields["id"], name)
            rows.append({**fields, "peer": name, "at": at})
        return reply, rows

    def behind(self, peer: str, row: Row) -> str:
        """Return the peer to which a row of a list leads; empty if that is unknown.

        If its address is no other peer's, the console may still have said whose the id is, as
        `connect` and notices do.
        """
        told = self._ids[peer].get(row["id"], "")
        return told or row["peer"] if row["peer"] in ("", peer) else row["peer"]

    def id_of(self, peer: str, other: str, rows: Sequence[Row]) -> str | None:
        """Return a peer's id for its connection with another one; None if no row has it."""
        by_address = [row["id"] for row in rows if row["peer"] == other]
        leading = [row["id"] for row in rows if self.behind(peer, row) == other]
        return next(iter([*by_address, *leading]), None)

    def catch_up(self, but: str = "") -> None:
        """Read what every console has shown by now, except those that are in use.

        Args:
            but: the console that this thread itself is using.
        """
        for name in list(self.sessions):
            console = self.locks[name]
            if name != but and console.acquire(blocking=False):
                try:
                    self.catch_up_at(name)
                finally:
                    console.release()

    def catch_up_at(self, peer: str) -> None:
        """Read what one console has shown by now. Needs its lock."""
        if peer not in self.ended:
            try:
                self.sessions[peer].catch_up()
            except PeerGoneError:
                self.ended.add(peer)

    def drain(self, peer: str, timeout: float) -> None:
        """Read the rest of a console whose program has ended. Needs its lock.

        Args:
            peer: whose console.
            timeout: in seconds.

        Raises:
            NoAnswerError: the console is still open after that.
        """
        if peer not in self.ended:
            self.sessions[peer].await_end(timeout)
            self.ended.add(peer)

    def rejoin(self, session: Session) -> None:
        """Take a restarted peer back, with its new console. Needs its lock."""
        name = session.peer.name
        self.sessions[name] = session
        self.ended.discard(name)
        self._silences.pop(name, None)
        self._ids.pop(name, None)  # a new process numbers its connections from the start

    # Which peer

    def dial_address(self, to: str, dialler: str) -> tuple[str, int]:
        """Return the address and port at which another peer dials this one now."""
        peer = self.sessions[to].peer
        address, port = peer.address, peer.port
        if self.verifier:
            address, port = self.verifier.network.dialled(dialler, to)
            if address not in peer.dialled_at or port != peer.port:
                self._relayed[_plain(address), str(port)] = to
        return address, port

    def note_id(self, peer: str, number: str, other: str) -> None:
        """Note which peer is behind an id."""
        if other:
            self._ids[peer][number] = other

    def peer_of(self, peer: str, fields: Mapping[str, str]) -> str:
        """Return the peer that a notice of `peer` is about; empty if it names none."""
        by_id = self._ids[peer].get(fields.get("id", ""), "")
        if fields.get("address") or fields.get("name") in self.sessions:
            name, _ = self._resolve(fields)
            if "id" in fields:
                self.note_id(peer, fields["id"], name)
            return name or (by_id if by_id in self._sharing(fields) else "")
        return by_id or self._at_port(peer, fields.get("port", ""))

    def _at_port(self, peer: str, port: str) -> str:
        """Return the one other peer that listens on a port or has dialled from it, if there is one.

        By the addresses with that port which consoles have named so far.
        """
        listening = {name: str(session.peer.port) for name, session in self.sessions.items()}
        there = {name for name, its in listening.items() if its == port}
        there |= {name for (_, its), name in [*self._ends.items()] if its == port}
        there -= {peer}
        return there.pop() if len(there) == 1 else ""

    def named_in(self, line: str) -> set[str]:
        """Return the peers that a line names: by host name, address, or port of a connection."""
        found = {
            name for name in self.sessions
            if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", line)
        }  # fmt: skip
        return found | {name for name in self.sessions if self.has_endpoint(name, line)}

    def has_endpoint(self, name: str, line: str) -> bool:
        """Return whether a line has a peer's address, or the port of a connection of it."""
        addresses = {_plain(it) for it in ADDRESS.findall(line) if is_address(it)}
        if not addresses:
            return self.has_port(name, line, but={str(self.sessions[name].peer.port)})
        ports = PORT.findall(ADDRESS.sub(" ", line))
        relayed = {self._relayed.get((at, port)) for at in addresses for port in ports}
        there = map(_plain, self.sessions[name].peer.dialled_at)
        return name in relayed or not addresses.isdisjoint(there)

    def has_port(self, name: str, line: str, but: Collection[str]) -> bool:
        """Return whether a line has a port of a peer, of its connections too, but for some."""
        peer = self.sessions[name].peer
        ports = PORT.findall(ADDRESS.sub(" ", line))
        return any(peer.has(peer.address, port) for port in ports if port not in but)

    def may_be_about(self, peer: str, fields: Mapping[str, str], other: str | None) -> bool:
        """Return whether a notice of `peer` is about another peer, or any, as far as it can say.

        Where peers share an address, as local processes do, an address alone cannot say which.
        """
        name = self.peer_of(peer, fields)
        return other in (None, name) or (not name and other in self._sharing(fields))

    def _sharing(self, fields: Mapping[str, str]) -> list[str]:
        """Return the peers that share the address in a notice; none if one peer alone has it."""
        address = _plain(fields.get("address", ""))
        peers = [session.peer for session in self.sessions.values()]
        there = [peer.name for peer in peers if address in map(_plain, peer.dialled_at)]
        return there if len(there) > 1 else []

    def _resolve(self, fields: Mapping[str, str]) -> tuple[str, str]:
        """Return the peer behind an address, a port or a name, and what that address is to it.

        That is ``listening`` for the address at which it is dialled, or ``elsewhere`` for another
        one, such as the port from which it dialled. Both are empty if there is no such peer.
        """
        address, port, name = (fields.get(key, "") for key in ("address", "port", "name"))
        if not address:
            known = name in self.sessions
            listens = known and port == str(self.sessions[name].peer.port)
            return (name if known else ""), ("listening" if listens else "")
        if behind := self._relayed.get((_plain(address), port)):
            return behind, "listening"
        peers = [session.peer for session in self.sessions.values()]
        for peer in peers:
            if str(peer.port) == port and _plain(address) in map(_plain, peer.dialled_at):
                return peer.name, "listening"
        return self._elsewhere(address, port, peers)

    def _elsewhere(self, address: str, port: str, peers: Sequence[Peer]) -> tuple[str, str]:
        end = (_plain(address), port)
        if end not in self._ends:
            names = [peer.name for peer in peers if peer.has(*end)]
            if len(names) != 1:
                return "", ""
            self._ends[end] = names[0]  # remembered: the connection may end
        return self._ends[end], "elsewhere"

    def record_notice(self, peer: str, notice: Notice) -> None:
        """Record a notice."""
        if notice.kind == CRASH:
            self.crashed.add(peer)
            self.history.lab("crash", peer, notice.at, said=notice.line)
            return
        if notice.kind == CLIENT:
            self.history.lab(CLIENT, peer, notice.at, said=notice.line)
            return
        if notice.kind == UNREAD:
            self._record_unread(peer, notice)
            return
        fields: dict[str, Any] = {"said": notice.line, "of": self.peer_of(peer, notice.fields)}
        fields |= {key: notice.fields[key] for key in ("id", "text") if key in notice.fields}
        fields |= {"perhaps": [*notice.perhaps]} if notice.perhaps else {}
        if notice.fields.get("name"):
            fields["called"] = notice.fields["name"]
        fields |= _numbers(notice.fields)
        kind = notice.kind
        if self.sessions[peer].profile.vocabulary == "chat":  # whose notices are known by meaning
            kind = notice.means or kind
            fields |= {"notice": notice.kind} if notice.means else {}
        elif notice.fields:
            fields = {"said": notice.line, "results": dict(notice.fields)}
        self.history.notice(peer, kind, notice.at, **fields)

    def _record_unread(self, peer: str, notice: Notice) -> None:
        """Record a line that no pattern reads, up to a limit for each console."""
        self._unread[peer] += 1
        if self._unread[peer] <= _MAX_UNREAD_LINES:
            said = text.cut(notice.line, _MAX_UNREAD_LENGTH)
            self.history.lab(UNREAD, peer, notice.at, said=said, **notice.fields)


def _numbers(fields: Mapping[str, str]) -> dict[str, int]:
    """Return the numbers of the messages that a notice is about, if it gives any."""
    first = fields.get("number", "")
    last = fields.get("last") or first
    if not (_COUNTED.fullmatch(first) and _COUNTED.fullmatch(last)):
        return {}
    return {"number": int(first), "count": int(last) - int(first) + 1}


_plain = functools.lru_cache(maxsize=1_000)(plain)
