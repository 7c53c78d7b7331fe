"""Shows every hundredth message of a connection twice. See `duplicates`."""

from __future__ import annotations

import sys
from collections import Counter

from peer import __main__, events
from peer.connection import Connection
from peer.node import Node

BREAKS = "duplicates"

right, count = Node._lines, Counter[Connection]()


def lines(node: Node, connection: Connection, event: events.Event) -> list[str]:
    """Return the notices of an event, of every hundredth message twice."""
    count[connection] += isinstance(event, events.Received)
    shown = [*right(node, connection, event)]
    again = isinstance(event, events.Received) and count[connection] % 100 == 0
    return 2 * shown if again else shown


Node._lines = lines
sys.exit(__main__.main())
