"""Terminates a connection, and leaves it to the other end to close it. See `sockets`."""

from __future__ import annotations

import socket
import sys

from peer import __main__
from peer.connection import Connection
from peer.events import EndReason

BREAKS = "sockets"

right, kept = Connection._forget_unsent, list[socket.socket]()


def ending_of(connection: Connection) -> EndReason | None:
    """Return why a connection has ended, if it has."""
    return connection._protocol.ending if connection._protocol else None


def forget_unsent(connection: Connection, sock: socket.socket) -> None:
    """Keep a descriptor of a connection that was terminated here."""
    if ending_of(connection) is EndReason.TERMINATED_HERE:
        kept.append(sock.dup())
    right(connection, sock)


def shut_once(connection: Connection, sock: socket.socket, *, wanted: bool) -> None:
    """Say that no more will come, unless this end has terminated."""
    if ending_of(connection) is not EndReason.TERMINATED_HERE:
        right_shut(connection, sock, wanted=wanted)


right_shut = Connection._shut_once
Connection._forget_unsent = forget_unsent
Connection._shut_once = shut_once
sys.exit(__main__.main())
