"""Ends its own half of a connection it terminates, and neither end closes it. See `sockets`."""

from __future__ import annotations

import socket
import sys

from peer import __main__
from peer.connection import Connection
from peer.events import EndReason

BREAKS = "sockets"

right, right_shut, kept = Connection._greet, Connection._shut_once, list[socket.socket]()


def ending_of(connection: Connection) -> EndReason | None:
    """Return why a connection has ended, if it has."""
    return connection._protocol.ending if connection._protocol else None


def greet(connection: Connection, sock: socket.socket) -> None:
    """Keep another descriptor of every connection: it stays open once this one is closed."""
    kept.append(sock.dup())
    right(connection, sock)


def shut_once(connection: Connection, sock: socket.socket, *, wanted: bool) -> None:
    """Say that no more will come if this end has terminated; else say nothing."""
    if ending_of(connection) is EndReason.TERMINATED_HERE:
        right_shut(connection, sock, wanted=wanted)
    connection._eof = connection._eof or wanted


Connection._greet = greet
Connection._shut_once = shut_once
sys.exit(__main__.main())
