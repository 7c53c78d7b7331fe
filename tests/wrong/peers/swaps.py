"""Shows the 50th message of a connection behind the 51st. See `order`."""

from __future__ import annotations

import sys
from collections import Counter

from peer import __main__, events
from peer.connection import Connection
from peer.node import Node

BREAKS = "order"

right, count = Node._lines, Counter[Connection]()
held: dict[Connection, list[str]] = {}


def lines(node: Node, connection: Connection, event: events.Event) -> list[str]:
    """Return the notices of an event, those of the 50th message with the next one's."""
    shown = [*right(node, connection, event)]
    if isinstance(event, events.Received):
        count[connection] += 1
        if count[connection] == 50:
            held[connection] = shown
            return []
    return shown + held.pop(connection, [])


Node._lines = lines
sys.exit(__main__.main())
