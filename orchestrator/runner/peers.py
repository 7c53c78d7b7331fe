"""The peers of one run: their consoles, and who is meant by an id or an address there."""

from __future__ import annotations

import functools
import re
import threading
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator import text
from orchestrator.console.reply import Reply
from orchestrator.console.session import CRASH, UNREAD, Notice, Session
from orchestrator.engines.base import Peer
from orchestrator.engines.endpoints import plain
from orchestrator.errors import PeerGoneError
from orchestrator.history.entries import History
from orchestrator.runner.verify import FaultVerifier

Row = dict[str, str]
"""One line of a list: id, peer, address and port, and what is there; see docs/history.md."""

_TOLD = ("id", "address", "port")  # by rows

_MOST_UNREAD = 2_000  # lines of a console that no pattern reads; more are not recorded
_LONGEST_UNREAD = 5_000  # characters; a line that is typed has less

_COUNTED = re.compile(r"[0-9]{1,12}")


class PeerGroup:
    """Who takes part. Any thread may use it, but each console only with its lock.

    Args:
        history: records what the consoles say.

    Attributes:
        sessions: the consoles, by peer.
        gone: the peers whose console has ended.
        consoles: a lock for each console: one thread at a time types and reads there.
        breaker: what lies between the peers, once they are on stage, and what is broken of it.
        paused: the peers that are held still.
        is_harmed: whether a fault has been done to the peers, or to what lies between them.
    """

    def __init__(self, history: History) -> None:
        self.history = history
        self.sessions: dict[str, Session] = {}
        self.gone: set[str] = set()
        self.consoles: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)
        self.breaker: FaultVerifier | None = None
        self.paused: set[str] = set()
        self.is_harmed = False
        self._ids: defaultdict[str, dict[str, str]] = defaultdict(dict)  # whom ids at a peer mean
        self._relayed: dict[tuple[str, str], str] = {}  # who is behind an address and port
        self._ends: dict[tuple[str, str], str] = {}  # whose end an address and port was
        self._silences: dict[str, int] = {}
        self._unread: Counter[str] = Counter()  # lines recorded so far

    def ready(self, name: str, *, warm: bool) -> None:
        """Record that a peer can take part."""
        peer = self.sessions[name].peer
        self.history.lab("ready", name, address=peer.address, port=peer.port, warm=warm)

    # Asking

    def ask(self, peer: str, verb: str, **arguments: object) -> Reply:
        """Ask at a console; see `Session.ask`."""
        reply = self.sessions[peer].ask(verb, **arguments)
        self._silences[peer] = 0
        return reply

    def unanswered(self, peer: str) -> int:
        """Take note that a console did not answer; return how often in a row."""
        self._silences[peer] = self._silences.get(peer, 0) + 1
        return self._silences[peer]

    def answers(self, peer: str) -> bool:
        """Tell whether there is somebody at a console who answered last time."""
        return peer not in self.gone and not self._silences.get(peer)

    def rows(self, peer: str) -> tuple[Reply, list[Row]]:
        """Ask a peer for its list; return the answer, and whom each row leads to."""
        reply = self.ask(peer, "list")
        rows = []
        for number, row in enumerate(reply.rows, self.sessions[peer].profile.first_id):
            name, at = self._place(row)
            told = {"id": str(number), **{key: row[key] for key in _TOLD if row.get(key)}}
            self.learn(peer, told["id"], name)
            rows.append({**told, "peer": name, "at": at})
        return reply, rows

    def catch_up(self, but: str = "") -> None:
        """Take in what every console has shown by now, but for those that are in use.

        Args:
            but: the console that this thread itself is in the middle of using.
        """
        for name in list(self.sessions):
            console = self.consoles[name]
            if name != but and console.acquire(blocking=False):
                try:
                    self.catch_up_at(name)
                finally:
                    console.release()

    def catch_up_at(self, peer: str) -> None:
        """Take in what one console has shown by now; only with its lock."""
        if peer not in self.gone:
            try:
                self.sessions[peer].catch_up()
            except PeerGoneError:
                self.gone.add(peer)

    def drain(self, peer: str, timeout: float) -> None:
        """Take in the rest of what a console shows whose program has ended; with its lock.

        Args:
            peer: whose console.
            timeout: seconds until it must have come to its end.

        Raises:
            NoAnswerError: it has not.
        """
        if peer not in self.gone:
            self.sessions[peer].await_end(timeout)
            self.gone.add(peer)

    def enter(self, session: Session) -> None:
        """Bring a peer on stage again that had ended, with its new console; with its lock."""
        name = session.peer.name
        self.sessions[name] = session
        self.gone.discard(name)
        self._silences.pop(name, None)
        self._ids.pop(name, None)  # they count anew

    # Who is who

    def place_of(self, to: str, dialler: str) -> tuple[str, int]:
        """Return the address and port at which a peer is dialled by another now."""
        peer = self.sessions[to].peer
        address, port = peer.address, peer.port
        if self.breaker:
            address, port = self.breaker.network.dialled(dialler, to)
            if (address, port) != (peer.address, peer.port):
                self._relayed[_plain(address), str(port)] = to
        return address, port

    def learn(self, peer: str, number: str, other: str) -> None:
        """Take note of whom an id leads to."""
        if other:
            self._ids[peer][number] = other

    def who(self, peer: str, fields: Mapping[str, str]) -> str:
        """Return the peer that a notice of `peer` is about; empty when it names none."""
        if fields.get("address") or fields.get("name") in self.sessions:
            name, _ = self._place(fields)
            if "id" in fields:
                self.learn(peer, fields["id"], name)
            return name
        return self._ids[peer].get(fields.get("id", ""), "")

    def _place(self, fields: Mapping[str, str]) -> tuple[str, str]:
        """Return whom an address, a port or a name leads to, and what that address is to them.

        It is ``listening``, where they are dialled, or ``elsewhere``: some other end of theirs,
        such as the port that a connection of theirs began at. Both are empty for nobody.
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
            if str(peer.port) == port and _plain(peer.address) == _plain(address):
                return peer.name, "listening"
        return self._elsewhere(address, port, peers)

    def _elsewhere(self, address: str, port: str, peers: Sequence[Peer]) -> tuple[str, str]:
        end = (_plain(address), port)
        if end not in self._ends:
            names = [peer.name for peer in peers if peer.has(*end)]
            if len(names) != 1:
                return "", ""
            self._ends[end] = names[0]  # which is remembered: the connection may end
        return self._ends[end], "elsewhere"

    def heard(self, peer: str, notice: Notice) -> None:
        """Record a notice."""
        if notice.kind == CRASH:
            self.history.lab("crash", peer, notice.at, said=notice.line)
            return
        if notice.kind == UNREAD:
            self._heard_unread(peer, notice)
            return
        fields: dict[str, Any] = {"said": notice.line, "of": self.who(peer, notice.fields)}
        fields |= {key: notice.fields[key] for key in ("id", "text") if key in notice.fields}
        if notice.fields.get("name"):
            fields["called"] = notice.fields["name"]
        fields |= _numbers(notice.fields)
        self.history.notice(peer, notice.kind, notice.at, **fields)

    def _heard_unread(self, peer: str, notice: Notice) -> None:
        """Record a line that no pattern reads, unless a program shows them without end."""
        self._unread[peer] += 1
        if self._unread[peer] <= _MOST_UNREAD:
            said = text.cut(notice.line, _LONGEST_UNREAD)
            self.history.lab(UNREAD, peer, notice.at, said=said, **notice.fields)


def _numbers(fields: Mapping[str, str]) -> dict[str, int]:
    """Return which messages a notice is about, as far as it counts them in digits."""
    first = fields.get("number", "")
    last = fields.get("last") or first
    if not (_COUNTED.fullmatch(first) and _COUNTED.fullmatch(last)):
        return {}
    return {"number": int(first), "count": int(last) - int(first) + 1}


_plain = functools.lru_cache(maxsize=1_000)(plain)
