"""Dials a peer again once it has terminated the connection, and lists nothing. See `sockets`."""

from __future__ import annotations

import socket
import sys

from peer import __main__
from peer.node import Node
from peer.render import Row

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


def terminate(node: Node, number: int) -> Row:
    """Terminate a connection, and make another one."""
    row = right(node, number)
    dial(row.address, row.port)
    return row


right = Node.terminate
Node._take, Node.terminate = take, terminate
sys.exit(__main__.main())
