"""Dials a peer again that has terminated the connection, and lists nothing. See `sockets`."""

from __future__ import annotations

import socket
import sys

from peer import __main__, events
from peer.connection import Connection
from peer.events import EndReason
from peer.node import Node

BREAKS = "sockets"

right_take, kept = Node._take, list[socket.socket]()


def take(node: Node, sock: socket.socket) -> bool:
    """Keep a connection that its first byte marks as secret."""
    sock.settimeout(1)
    if sock.recv(1, socket.MSG_PEEK) == b"\0":
        kept.append(sock)
        return True
    return right_take(node, sock)


def dial(address: str, port: int) -> None:
    """Make a secret connection."""
    sock = socket.create_connection((address, port))
    sock.send(b"\0")
    kept.append(sock)


def closed(node: Node, connection: Connection, event: events.Closed) -> bool:
    """Take note of an end, and make another connection if the other end has terminated it."""
    if event.ending is EndReason.TERMINATED_THERE:
        dial(connection.row.address, connection.row.port)
    return right(node, connection, event)


right = Node._closed
Node._take, Node._closed = take, closed
sys.exit(__main__.main())
