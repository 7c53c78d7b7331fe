"""For how long all programs rested while something was awaited of them, by the kernel's word.

Programs that rest, of which no thread wants a processor and to which nothing is underway, would do
no more on a faster machine.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Mapping
from typing import Self

from orchestrator.console.reply import Reply
from orchestrator.console.session import Session
from orchestrator.engines.activity import Activity, asks_for_names
from orchestrator.engines.base import Peer
from orchestrator.errors import SessionError
from orchestrator.history.transcript import screen
from orchestrator.runner.peers import PeerGroup

_EVERY = 0.15  # seconds between two looks
_WATCHED = 1.6  # seconds after which it is known whether all rest

_Ran = Mapping[str, Mapping[int, int]]  # of each program: for how long each thread has run


def ask_in_time(
    peers: PeerGroup, peer: str, verb: str, **arguments: object
) -> tuple[Reply, dict[str, object]]:
    """Ask at a console; return the reply, and as fields how long it took and who rested."""
    began = time.monotonic()
    with RestWatch(peers, typed=peer) as rest:
        reply = peers.ask(peer, verb, **arguments)
    return reply, {"took": time.monotonic() - began, **rest.found}


def never_answers(peers: PeerGroup, peer: str, since: float) -> dict[str, object]:
    """Return, as fields of an operation, that a console which has not answered never will.

    Empty if it may: if it has shown anything, if a fault may hold back what its program waits for,
    or if a program does not rest, or has a thread that goes on by itself after some time. Empty as
    well if a crash was shown before, which explains the silence and is a finding by itself.

    Args:
        peers: the peers.
        peer: the one that was asked.
        since: when it was asked, on `time.monotonic`.
    """
    session, at = peers.sessions[peer], since - peers.history.started
    if peers.is_faulted or peer in peers.crashed or _has_shown(session, at):
        return {}
    if session.profile.console.exec:  # a client may be what does not rest
        return {}
    with RestWatch(peers, for_good=True) as rest:
        threading.Event().wait(_WATCHED)
    if not rest.found:
        return {}
    with contextlib.suppress(SessionError):
        session.catch_up()
    return {} if _has_shown(session, at) else {"answered": False, **rest.found}


def _has_shown(session: Session, since: float) -> bool:
    """Return whether anything was read from a console since then, in seconds of the run."""
    pieces = session.transcript.pieces()
    return bool(screen([it for it in pieces if it.at >= since and not it.typed]))


class RestWatch:
    """Watches the programs of a run in a `with` block.

    Args:
        peers: the peers.
        typed: the peer at which a line is typed meanwhile, which its program must take first.
        for_good: whether a program rests only if none of its threads goes on after some time.
    """

    def __init__(self, peers: PeerGroup, typed: str = "", *, for_good: bool = False) -> None:
        self._peers, self._typed, self._for_good = peers, typed, for_good
        self._before: Activity | None = None  # of that program, before the line is typed
        self._pids: dict[str, int | None] = {}
        self._longest = (0.0, 0.0)  # in seconds since the run began
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        if self._typed:
            self._before = self._peers.sessions[self._typed].peer.activity()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def found(self) -> dict[str, object]:
        """The longest time in which all rested, as a field of an operation; empty if there is none.

        To be read behind the block.
        """
        since, until = self._longest
        return {"rested": [round(since, 3), round(until, 3)]} if until > since else {}

    def _watch(self) -> None:
        last: _Ran | None = None
        since = 0.0
        while not self._over.wait(_EVERY):  # what is over at once costs no look
            seen, now = self._rest(), self._now()
            if seen is None or seen != last:
                last, since = seen, now
            elif now - since > self._longest[1] - self._longest[0]:
                self._longest = since, now

    def _now(self) -> float:
        return time.monotonic() - self._peers.history.started

    def _rest(self) -> _Ran | None:
        """Return for how long all threads have run, if all of them wait."""
        ran: dict[str, Mapping[int, int]] = {}
        for name, session in list(self._peers.sessions.items()):
            if name in self._peers.ended or name in self._peers.paused:
                continue
            activity = session.peer.activity()
            if activity is None or not activity.waits or self._asks_for_names(session.peer):
                return None
            if self._for_good and activity.deadlines:
                return None
            if name == self._typed and not (self._before and activity.is_done(self._before)):
                return None
            ran[name] = {number: it.ran for number, it in activity.threads.items()}
        return ran

    def _asks_for_names(self, peer: Peer) -> bool:
        """Return whether a peer may wait for a name server; an engine takes long to say its pid."""
        if peer.name not in self._pids:
            self._pids[peer.name] = peer.host_pid()
        pid = self._pids[peer.name]
        return pid is None or asks_for_names(pid)
