"""Terminates a connection at both consoles, and closes it at neither end. See `sockets`."""

from __future__ import annotations

import socket
import sys

from peer import __main__
from peer.connection import Connection

BREAKS = "sockets"

right, kept = Connection._greet, list[socket.socket]()


def greet(connection: Connection, sock: socket.socket) -> None:
    """Keep another descriptor of every connection: it stays open once this one is closed."""
    kept.append(sock.dup())
    right(connection, sock)


def shut_once(connection: Connection, _sock: socket.socket, *, wanted: bool) -> None:
    """Take the goodbye for the end of the stream."""
    connection._eof = connection._eof or wanted


Connection._greet = greet
Connection._shut_once = shut_once
sys.exit(__main__.main())
