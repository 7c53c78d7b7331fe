"""Records which TCP sockets the peers of a run have, as the kernel lists them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from orchestrator.console.session import Session
from orchestrator.engines.endpoints import Endpoint, TcpSocket, plain, text
from orchestrator.errors import EngineError
from orchestrator.history.entries import History

_GONE = ("exited", "removed")
_CLOSED_WITHIN = 2.0  # seconds
_POLL = 0.02  # seconds between two looks
_SHARE = 0.015  # of a run's time that reading may take but for what a check depends on


class SocketRecorder:
    """What was recorded of each peer's sockets. Thread-safe.

    Args:
        history: where it is recorded.
        sessions: the consoles, by peer.
        ended: the peers whose console has ended.
        relayed: the peer behind a relay's address and port.
    """

    def __init__(
        self,
        history: History,
        sessions: Mapping[str, Session],
        ended: AbstractSet[str],
        relayed: Mapping[tuple[str, str], str],
    ) -> None:
        self._history, self._sessions = history, sessions
        self._ended, self._relayed = ended, relayed
        self._known: dict[str, frozenset[TcpSocket]] = {}  # as recorded last, by peer
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._spent = 0.0  # seconds for reading

    def note(self, *peers: str, always: bool = False) -> None:
        """Record what has changed at some peers since they were read last.

        It is not read where that would take long, as on a Docker engine elsewhere.

        Args:
            peers: their names.
            always: whether to record that nothing has changed, too.
        """
        for name in peers:
            if name in self._sessions:
                self._record(name, whole=False, always=always)

    def note_cheaply(self, *peers: str, always: bool = False) -> None:
        """Do the same, at all peers by default, unless it has taken too much of the run's time."""
        for name in peers or [*self._sessions]:
            if self._spent <= _SHARE * (time.monotonic() - self._history.started):
                self.note(name, always=always)

    def await_end(self, peer: str, other: str, within: float) -> None:
        """Wait until two peers have no connection: some programs end it behind their answer."""
        deadline = time.monotonic() + min(within, _CLOSED_WITHIN)
        while self._are_connected(peer, other) and time.monotonic() < deadline:
            self._sessions[peer].take_in(_POLL)

    def _are_connected(self, peer: str, other: str) -> bool:
        found = self._sessions[peer].peer.sockets(quick=True)
        open_ = (one for one in found or () if one.state == "ESTABLISHED" and one.remote)
        return any(self._peer_at(one.remote) == other for one in open_ if one.remote)

    def record(self, *peers: str) -> None:
        """Record all sockets of some peers, of all by default."""
        for name in peers or [*self._sessions]:
            self._record(name, whole=True)

    def _record(self, name: str, *, whole: bool, always: bool = False) -> None:
        with self._locks[name]:
            began = time.monotonic()
            found = self._read(name, whole=whole)
            self._spent += time.monotonic() - began
            if found is None:
                return
            now, before = frozenset(found), self._known.get(name)
            self._known[name] = now
            if whole or before is None:
                self._history.lab("sockets", name, None, all=True, opened=self._listed(now))
            elif now != before or always:
                opened, closed = self._listed(now - before), _gone(before, now)
                self._history.lab("sockets", name, None, opened=opened, closed=closed)

    def _read(self, name: str, *, whole: bool) -> Sequence[TcpSocket] | None:
        """Return a peer's sockets, those left if it has ended; None if they are unknown."""
        peer = self._sessions[name].peer
        found = peer.sockets(quick=not whole)
        if found is None and (whole or name in self._ended):
            with contextlib.suppress(EngineError):
                return peer.leftovers() if peer.status().state in _GONE else None
        return found

    def _listed(self, sockets: Iterable[TcpSocket]) -> list[dict[str, Any]]:
        """Return sockets as the history has them: see docs/history.md."""
        listed = []
        for one in sorted(sockets, key=lambda one: (one.local, one.remote or ("", 0), one.state)):
            entry: dict[str, Any] = {"local": text(one.local), "state": one.state}
            if one.remote:
                entry |= {"remote": text(one.remote), "peer": self._peer_at(one.remote)}
            counts = {"unread": one.unread, "unsent": one.unsent}
            entry |= {key: number for key, number in counts.items() if number}
            listed.append(entry if one.accepted else {**entry, "accepted": False})
        return listed

    def _peer_at(self, end: Endpoint) -> str:
        """Return the peer that an endpoint certainly belongs to; empty if it may be another's."""
        address, port = plain(end[0]), end[1]
        if behind := self._relayed.get((address, str(port))):
            return behind
        peers = [session.peer for session in self._sessions.values()]
        for peer in peers:
            if peer.port == port and address in map(plain, peer.dialled_at):
                return peer.name
        there = [
            peer.name for peer in peers
            if address == peer.source or address in map(plain, peer.dialled_at)
        ]  # fmt: skip
        return there[0] if len(there) == 1 else ""


def _gone(before: Iterable[TcpSocket], now: Iterable[TcpSocket]) -> list[dict[str, str]]:
    """Return the ends of sockets that are no more."""
    left = {(one.local, one.remote) for one in now}
    gone = {(one.local, one.remote) for one in before} - left
    return [
        {"local": text(local), **({"remote": text(remote)} if remote else {})}
        for local, remote in sorted(gone, key=str)
    ]
