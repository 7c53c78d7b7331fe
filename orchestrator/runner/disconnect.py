"""Ending every connection of peers, so that the next run finds them as if they were new.

Programs differ: ids shift when a connection ends, some confirm nothing, some keep rows of what
is long dead. So the list is read again before each act, what is still connected is asked of the
system as well, and who is odd in any way does not serve again.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Mapping

from orchestrator.cancel import CancelToken
from orchestrator.console.session import Notice, Session
from orchestrator.errors import LabError, SessionError
from orchestrator.history.transcript import Transcript
from orchestrator.profile import Profile

_WITHIN = 2.0  # seconds in which every connection of a peer must have ended
_ANSWER_WITHIN = 1.0  # seconds for one reply: a new peer takes no longer to start
_POLL = 0.01  # seconds between two looks
_NEEDED = ("list", "terminate")  # verbs without which nobody can tell that a peer is idle
_STALE = 0.5  # seconds after which a list that does not get shorter never will


def can_be_tidied(profile: Profile) -> bool:
    """Tell whether it is known how, and takes less time than to start another.

    Where replies end with silence, to look at the list costs as much as a new peer.
    """
    answers = bool(profile.sync or profile.console.clear_line)
    return answers and all(verb in profile.verbs for verb in _NEEDED)


def tidied(sessions: Mapping[str, Session], stop: CancelToken) -> dict[str, Session]:
    """End every connection of these peers; return those that have none left."""
    deadline = time.monotonic() + _WITHIN
    busy: dict[str, _Leaving] = {}
    alone: dict[str, Session] = {}
    try:
        for name, session in sessions.items():  # all, before any connection ends
            with contextlib.suppress(SessionError, _OddError):
                busy[name] = _Leaving(session)
        while busy and time.monotonic() < deadline:
            for name, leaving in list(busy.items()):
                try:
                    if leaving.is_alone():
                        alone[name] = busy.pop(name).session
                except (SessionError, _OddError):
                    del busy[name]
            if busy:
                stop.pause(_POLL)
    except LabError:  # the lab is being stopped, or the engine does not answer
        return {}
    return alone


class _OddError(Exception):
    """A peer does not do what it is told, or nobody can tell."""


class _Leaving:
    """A peer whose connections are being ended, here or at their other ends.

    It is alone when it lists nobody, has no connection, and has told the end of each: a notice
    that is still to come would be taken for one of the next run.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._over = 0  # ends that were told
        profile = session.profile
        within = min(profile.answer_within, _ANSWER_WITHIN)
        session.profile = profile.model_copy(update={"answer_within": within})
        session.renew(self._heard, Transcript())
        self._fewest = sys.maxsize  # rows so far
        self._stale_at = 0.0  # when to give it up unless it has fewer
        self._owed = len(self._rows()) if "closed" in profile.notices else 0

    def is_alone(self) -> bool:
        """End what connections it lists; tell whether there are none, nor anything to tell."""
        if self._ended_all():
            return self._over >= self._owed and not self.session.peer.connections()
        if time.monotonic() > self._stale_at:
            raise _OddError("rows stay in its list")
        return False

    def _heard(self, notice: Notice) -> None:
        self._over += notice.kind == "closed"

    def _ended_all(self) -> bool:
        """End one connection after the other while the list gets shorter; tell whether it is empty.

        The list is read again before each, as ids may shift.
        """
        rows = self._rows()
        while rows:
            before = len(rows)
            self._terminate(rows[0].get("id") or str(self.session.profile.first_id))
            rows = self._rows()
            if len(rows) >= before:
                return False
        return True

    def _rows(self) -> list[Mapping[str, str]]:
        reply = self.session.ask("list")
        if not reply.ok:
            raise _OddError("its list cannot be read")
        if reply.silent and self.session.peer.connections() is None:
            raise _OddError("it says nothing, and nobody else knows")
        if len(reply.rows) < self._fewest:
            self._fewest, self._stale_at = len(reply.rows), time.monotonic() + _STALE
        return reply.rows

    def _terminate(self, identifier: str) -> None:
        reply = self.session.ask("terminate", id=identifier)
        if reply.ok is None:
            raise _OddError("what it said cannot be read")
        self._over += reply.ok
