"""Drops every hundredth message of a connection: receipt sent, nothing shown. See `delivery`."""

from __future__ import annotations

import sys
from collections import Counter

from peer import __main__, events
from peer.connection import Connection
from peer.node import Node

BREAKS = "delivery"

right, count = Node._lines, Counter[Connection]()


def lines(node: Node, connection: Connection, event: events.Event) -> list[str]:
    """Return the notices of an event, but for every hundredth message none."""
    count[connection] += isinstance(event, events.Received)
    if isinstance(event, events.Received) and count[connection] % 100 == 0:
        return []
    return [*right(node, connection, event)]


Node._lines = lines
sys.exit(__main__.main())
