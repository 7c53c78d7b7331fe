"""End every connection of peers, so that the next run finds them as if they had just started.

Programs differ: ids shift when a connection ends, some programs confirm nothing, some keep rows of
dead connections. So the list is read again before each `terminate`, the system is asked for open
connections too, and a peer that does anything unexpected does not serve again.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping

from orchestrator import chat
from orchestrator.cancel import CancelToken
from orchestrator.console.session import Notice, Session
from orchestrator.errors import LabError, SessionError
from orchestrator.history.transcript import Transcript
from orchestrator.profile import Profile

_WITHIN = 2.0  # seconds in which every connection of a peer must have ended
_ANSWER_WITHIN = 1.0  # seconds for one reply: a new peer takes no longer to start
_POLL = 0.01  # seconds between two looks
_NEEDED = (chat.LIST, chat.TERMINATE)  # commands without which no one can know that a peer is idle
_STALE = 0.5  # seconds after which a list that does not get shorter never will


def can_disconnect(profile: Profile) -> bool:
    """Return whether a program can be disconnected faster than a new peer starts.

    If replies end with silence, reading the list takes as long as starting a new peer.
    """
    if not profile.console.is_own:  # a server may keep what clients have told it
        return False
    answers = bool(profile.sync or profile.console.clear_line)
    is_chat = profile.vocabulary == "chat"  # of another program no one knows what it remembers
    return is_chat and answers and all(verb in profile.operations for verb in _NEEDED)


def disconnect(sessions: Mapping[str, Session], cancel: CancelToken) -> dict[str, Session]:
    """End every connection of these peers; return the peers that have none left."""
    deadline = time.monotonic() + _WITHIN
    busy: dict[str, _Disconnecting] = {}
    idle: dict[str, Session] = {}
    try:
        for name, session in sessions.items():  # all of them before any connection ends
            with contextlib.suppress(SessionError, _UnsureError):
                busy[name] = _Disconnecting(session)
        while busy and time.monotonic() < deadline:
            for name, peer in list(busy.items()):
                try:
                    if peer.is_idle():
                        idle[name] = busy.pop(name).session
                except (SessionError, _UnsureError):
                    del busy[name]
            if busy:
                cancel.pause(_POLL)
    except LabError:  # the lab was cancelled, or the engine does not answer
        return {}
    return idle


class _UnsureError(Exception):
    """A peer does not do as it should, or no one can know whether it does."""


class _Disconnecting:
    """A peer whose connections are being ended, here or at their other ends.

    It is idle once it lists no one, has no connection, and has reported the end of each: a notice
    that comes later would be taken for one of the next run.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._reported = 0  # ends of connections
        profile = session.profile
        within = min(profile.answer_within, _ANSWER_WITHIN)
        session.profile = profile.model_copy(update={"answer_within": within})
        session.renew(self._on_notice, Transcript())
        self._fewest = sys.maxsize  # rows so far
        self._stale_at = 0.0  # when to give the peer up unless its list got shorter
        self._expected = len(self._rows()) if "closed" in profile.shown else 0

    def _on_notice(self, notice: Notice) -> None:
        self._reported += "closed" in notice.kinds

    def is_idle(self) -> bool:
        """End the connections that the peer lists, while its list gets shorter.

        Returns whether it has none left, and has reported the end of each.
        """
        rows = self._rows()
        while rows:
            before = len(rows)
            identifier = rows[0].get("id") or str(self.session.profile.first_id)
            reply = self.session.ask(chat.TERMINATE, id=identifier)
            if reply.ok is None:
                raise _UnsureError("what it said cannot be read")
            self._reported += reply.ok
            rows = self._rows()  # ids may have shifted
            if len(rows) >= before:
                if time.monotonic() > self._stale_at:
                    raise _UnsureError("rows stay in its list")
                return False
        return self._reported >= self._expected and not self.session.peer.connections()

    def _rows(self) -> list[Mapping[str, str]]:
        reply = self.session.ask(chat.LIST)
        if not reply.ok:
            raise _UnsureError("its list cannot be read")
        if reply.silent and self.session.peer.connections() is None:
            raise _UnsureError("it says nothing, and its connections are unknown")
        if len(reply.rows) < self._fewest:
            self._fewest, self._stale_at = len(reply.rows), time.monotonic() + _STALE
        return reply.rows
