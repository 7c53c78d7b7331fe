"""Goes on listing a connection that both ends have closed. See `sockets`."""

from __future__ import annotations

import re
import socket
import sys
import threading

from peer import __main__, events
from peer.connection import Connection
from peer.node import Node

BREAKS = "sockets"

_CLOSES = "bob"  # the peer that closes the connection
_LAST = re.compile(r"delivered .*#(\d+-)?(130|250)$")  # the last line that the scenario awaits


class VanishedError(Exception):
    """The other end has closed a connection."""


def converse(connection: Connection, sock: socket.socket) -> None:
    """Go on listing a connection that has ended without a goodbye."""
    try:
        right(connection, sock)
    except VanishedError:
        sock.close()
        threading.Event().wait()


def take_in(connection: Connection, sock: socket.socket) -> int:
    """Read; notice that the connection has ended, but not as the peer should."""
    is_over = not connection._portions and not sock.recv(1, socket.MSG_PEEK)
    if is_over and not connection.leaving:
        raise VanishedError
    return right_take(connection, sock)


def lines(node: Node, connection: Connection, event: events.Event) -> list[str]:
    """Return the notices of an event; with the last one, close its connection."""
    shown = [*right_lines(node, connection, event)]
    if node._settings.name == _CLOSES and any(map(_LAST.search, shown)):
        vanish(connection)
    return shown


def vanish(connection: Connection) -> None:
    """Have a connection's thread find that it has ended."""
    sockets[connection].shutdown(socket.SHUT_RDWR)


def greet(connection: Connection, sock: socket.socket) -> None:
    """Remember the socket of a connection."""
    sockets[connection] = sock
    right_greet(connection, sock)


sockets = dict[Connection, socket.socket]()
right, right_take, right_lines = Connection._converse, Connection._take_in, Node._lines
right_greet = Connection._greet
Connection._converse, Connection._take_in, Node._lines = converse, take_in, lines
Connection._greet = greet
sys.exit(__main__.main())
