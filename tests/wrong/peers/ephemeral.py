"""Lists whoever dialled with the port that the dial came from. See `ports`."""

from __future__ import annotations

import sys

from peer import __main__
from peer.node import Node
from peer.render import Row

BREAKS = "ports"


def rows(node: Node) -> list[Row]:
    """Return every connection with the port of its socket's other end."""
    return [each.row._replace(port=each._port) for each in node._established()]


Node.rows = rows
sys.exit(__main__.main())
