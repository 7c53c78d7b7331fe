"""Refuses to connect twice, and keeps the second connection all the same. See `sockets`."""

from __future__ import annotations

import socket
import sys
from collections.abc import Sequence

from peer import __main__
from peer.addresses import Target
from peer.node import Node, NodeError
from peer.waker import Waker

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


def refuse_known(node: Node, targets: Sequence[Target], waker: Waker) -> None:
    """Refuse to dial a peer that is connected, and dial it."""
    try:
        right(node, targets, waker)
    except NodeError:
        dial(*targets[0].sockaddr[:2])
        raise


right = Node._refuse_known
Node._take, Node._refuse_known = take, refuse_known
sys.exit(__main__.main())
