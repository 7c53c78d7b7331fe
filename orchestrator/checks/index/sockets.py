"""The TCP sockets of each peer in the course of a run, as the kernel listed them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from orchestrator.history.entries import Entry, row_text

_NOT_CONNECTED = ("LISTEN", "SYN_SENT")
End = tuple[str, str]  # the local and the remote end of a socket


@dataclass(slots=True, eq=False)
class Socket:
    """A socket of a peer's program, for as long as it was seen in one state."""

    peer: str  # whose it is
    ends: End  # its own end and the other, as address and port; the other is empty if it listens
    state: str  # as netstat names it
    other: str  # the peer at the other end; empty if that is not known
    at: float  # when it was first seen in this state, in seconds since the run began
    since: int  # position of that line in the history
    is_accepted: bool = True  # whether its program has it; otherwise it waits to be accepted
    until: float = inf  # position of the line in which it was not there any more

    def was_there(self, position: int) -> bool:
        """Return whether it had been seen by a position of the history, and not to be gone."""
        return self.since <= position < self.until

    @property
    def phrase(self) -> str:
        """The socket as findings quote it."""
        local, remote = self.ends
        return f"{local} → {remote} {self.state}" if remote else f"{local} {self.state}"


class SocketLog:
    """What a history says of sockets; nothing if it was written before histories did."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._open: defaultdict[str, dict[End, Socket]] = defaultdict(dict)
        self._all: list[Socket] = []
        # position of the last line with all sockets of a peer, and of every line about it
        self.whole: dict[str, int] = {}
        self.read_at: defaultdict[str, list[int]] = defaultdict(list)
        for position, entry in enumerate(entries):
            if entry.type == "lab" and entry.verb == "sockets":
                self._read(position, entry)
        self._owners = {socket.ends: socket.peer for socket in self._all}
        self._between = self._by_pair()

    def _read(self, position: int, entry: Entry) -> None:
        known = self._open[entry.peer]
        self.read_at[entry.peer].append(position)
        opened = {_ends(one): one for one in objects(entry, "opened")}
        closed = {_ends(one) for one in objects(entry, "closed")}
        if entry.fields.get("all"):
            closed |= known.keys() - opened.keys()
            self.whole[entry.peer] = position
        for ends in closed & known.keys():
            known.pop(ends).until = position
        for ends, given in opened.items():
            state, other = row_text(given, "state"), row_text(given, "peer")
            before = known.get(ends)
            if before is None or before.state != state:
                if before:
                    before.until = position
                is_accepted = given.get("accepted") is not False
                made = Socket(entry.peer, ends, state, other, entry.at, position, is_accepted)
                known[ends] = made
                self._all.append(made)

    def _by_pair(self) -> dict[tuple[str, str], list[Socket]]:
        """Return the sockets by their peer and the one at the other end.

        A port from which a peer has dialled is known by that peer's own socket.
        """
        found = defaultdict(list)
        for socket in self._all:
            local, remote = socket.ends
            socket.other = socket.other or self._owners.get((remote, local), "")
            if socket.state not in _NOT_CONNECTED:
                found[socket.peer, socket.other].append(socket)
        return found

    def peer_at(self, given: Mapping[str, Any]) -> str:
        """Return the peer at the other end of a socket, as a line lists it; empty if unknown."""
        local, remote = _ends(given)
        return row_text(given, "peer") or self._owners.get((remote, local), "")

    def connected(self) -> Iterator[Socket]:
        """Yield every socket that was connected with a peer that is known."""
        for (_, other), several in self._between.items():
            yield from several if other else ()

    def of(self, peer: str) -> list[Socket]:
        """Return a peer's sockets as last read."""
        return list(self._open.get(peer, {}).values())

    def between(self, peer: str, other: str, position: int) -> list[Socket]:
        """Return a peer's connected sockets with another one, as read before a position.

        With an empty `other`, those of which the other end is not known.
        """
        return [one for one in self._between.get((peer, other), ()) if one.was_there(position)]

    def last_between(self, peer: str, other: str) -> Socket | None:
        """Return the last connected socket of a peer with another one, gone or not."""
        several = self._between.get((peer, other), ())
        return max(several, key=lambda one: one.until, default=None)


def objects(entry: Entry, key: str) -> Iterator[Mapping[str, Any]]:
    """Yield the objects in a field of an entry that is a list."""
    several = entry.fields.get(key)
    if isinstance(several, list | tuple):
        yield from (one for one in several if isinstance(one, Mapping))


def _ends(given: Mapping[str, Any]) -> End:
    return row_text(given, "local"), row_text(given, "remote")
