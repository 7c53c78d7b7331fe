"""Does not close its connections with a peer that has exited. See `sockets`."""

from __future__ import annotations

import socket
import sys

from peer import __main__
from peer.connection import Connection
from peer.events import EndReason

BREAKS = "sockets"

right, right_shut, kept = Connection._forget_unsent, Connection._shut_once, list[socket.socket]()


def ending_of(connection: Connection) -> EndReason | None:
    """Return why a connection has ended, if it has."""
    return connection._protocol.ending if connection._protocol else None


def forget_unsent(connection: Connection, sock: socket.socket) -> None:
    """Keep a descriptor of a connection whose other end has exited."""
    if ending_of(connection) is EndReason.EXITED_THERE:
        kept.append(sock.dup())
    right(connection, sock)


def shut_once(connection: Connection, sock: socket.socket, *, wanted: bool) -> None:
    """Say that no more will come, unless the other end has exited."""
    if ending_of(connection) is not EndReason.EXITED_THERE:
        right_shut(connection, sock, wanted=wanted)


Connection._forget_unsent = forget_unsent
Connection._shut_once = shut_once
sys.exit(__main__.main())
