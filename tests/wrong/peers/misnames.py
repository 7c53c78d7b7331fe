"""Shows the 50th message of a connection as from another peer that is connected. See `senders`."""

from __future__ import annotations

import sys
from collections import Counter

from peer import __main__, events, render
from peer.connection import Connection
from peer.node import Node

BREAKS = "senders"

right, count = Node._lines, Counter[Connection]()


def lines(node: Node, connection: Connection, event: events.Event) -> list[str]:
    """Return the notices of an event, of the 50th message with somebody else's row."""
    others = [row for row in node.rows() if row.id != connection.id]
    if isinstance(event, events.Received) and others:
        count[connection] += 1
        if count[connection] == 50:
            return [render.message(others[0], event.raw)]
    return [*right(node, connection, event)]


Node._lines = lines
sys.exit(__main__.main())
