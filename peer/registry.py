"""Who is connected: ids, and the rule that keeps one connection between two peers.

When two peers dial each other at the same moment, both ends must keep the same one of
the two connections. So every pair has an arbiter, the peer whose instance sorts first:
it takes the first connection that it decides on and refuses the other. The other peer
leaves the decision to it. PROTOCOL.md says why this cannot lose both.

Whether a dial succeeds is decided here, too, under the same lock, and once: `open` makes
it a connection with an id, `give_up` makes it one that never gets an id. Whichever comes
first holds for the user, for the list, and for the other end, to which `ready` is written
only after `open` has said yes.

A peer that dials although there is a connection may have lost it, and this end not noticed
yet. It alone knows: it is welcomed, and its `ready` says that the old one is no more.
"""

from __future__ import annotations

import threading
from typing import Protocol

from peer import wire
from peer.protocol import Role


class Member(Protocol):
    """What the registry needs to know of a connection."""

    role: Role
    id: int
    failure: str

    @property
    def address(self) -> str:
        """Where the other end is."""

    @property
    def settled(self) -> bool:
        """Whether the other end is known to have taken it for established."""

    def quiet_for(self) -> float:
        """Return the seconds since the other end was last heard."""


class Registry:
    """The connections that exist, by id and by the peer at their other end.

    Args:
        instance: this peer's own instance.
        suspect_after: a connection quiet for longer gives way to a new one; seconds.
    """

    def __init__(self, instance: str, suspect_after: float) -> None:
        self._instance = instance
        self._suspect_after = suspect_after
        self._lock = threading.Lock()
        self._by_instance: dict[str, Member] = {}
        self._by_id: dict[int, Member] = {}
        self._rivals: dict[Member, Member] = {}  # welcomed, in spite of which connection
        self._last_id = 0

    def decide(self, candidate: Member, remote: wire.Identity) -> str | None:
        """Return None when `candidate` may become the connection with `remote`, or why not.

        An acceptor asks twice: at the hello, and at the `ready`.
        """
        if remote.instance == self._instance:
            return "self"
        with self._lock:
            current = self._by_instance.get(remote.instance)
            rival = self._rivals.pop(candidate, None)
            arbiter = self._instance < remote.instance
            if candidate.failure:
                return None  # it will not be opened, and must not stand in another's way
            if current is None or current in (candidate, rival) or self._is_suspect(current):
                if arbiter or candidate.role is Role.DIALLER:
                    self._by_instance[remote.instance] = candidate
                return None
            if candidate.role is Role.DIALLER or candidate.address != current.address:
                return "duplicate"  # a stranger cannot push anybody out from elsewhere
            if arbiter and (rival or not current.settled):
                return "duplicate"
            self._rivals[candidate] = current
            return None

    def _is_suspect(self, current: Member) -> bool:
        return current.quiet_for() > self._suspect_after

    def open(self, member: Member, remote: wire.Identity | None) -> bool:
        """Make `member` a connection with an id, unless it was given up; return whether it is."""
        with self._lock:
            if member.failure:
                return False
            if not member.id:
                self._last_id += 1
                member.id = self._last_id
                self._by_id[member.id] = member
            if remote is not None:
                self._by_instance[remote.instance] = member
            return True

    def give_up(self, member: Member, why: str) -> bool:
        """Let `member` never become a connection, unless it is one; return whether it is not.

        Args:
            member: a connection that is being made.
            why: becomes its `failure`, unless it has one.
        """
        with self._lock:
            if not member.id:
                member.failure = member.failure or why
                self._forget(member)
            return not member.id

    def stale(self, member: Member, instance: str) -> Member | None:
        """Return another connection with the same peer, which `member` replaces."""
        return next(
            (
                other
                for other in self.members()
                if other is not member and getattr(other, "instance", "") == instance
            ),
            None,
        )

    def release(self, member: Member) -> None:
        """Forget `member`: it is over, or on its way out."""
        with self._lock:
            self._by_id.pop(member.id, None)
            self._forget(member)

    def _forget(self, member: Member) -> None:
        self._rivals.pop(member, None)
        for instance in [key for key, value in self._by_instance.items() if value is member]:
            del self._by_instance[instance]

    def members(self) -> list[Member]:
        """Return every connection that has an id, in their order."""
        with self._lock:
            return list(self._by_id.values())
