"""Does not close a connection that the other end has terminated. See `sockets`."""

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
    """Keep a descriptor of a connection that was terminated."""
    if ending_of(connection) is EndReason.TERMINATED_THERE:
        kept.append(sock.dup())
    right(connection, sock)


Connection._forget_unsent = forget_unsent
Connection._shut_once = lambda *_, **__: None
sys.exit(__main__.main())
