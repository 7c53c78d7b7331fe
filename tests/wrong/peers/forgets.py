"""Terminates a connection in its own list, and tells nobody. See `both ends`."""

from __future__ import annotations

import sys

from peer import __main__
from peer.node import Node
from peer.render import Row

BREAKS = "both ends"
ALSO = ("expectations", "lists")  # who was not told lists the other and lets it not connect again


def terminate(node: Node, number: int) -> Row:
    """Forget a connection; the other end is not told."""
    connection = node._find(number)
    node._registry.release(connection)
    return connection.row


Node.terminate = terminate
sys.exit(__main__.main())
