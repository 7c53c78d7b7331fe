"""Goes on listing a peer that has exited. See `lists`."""

from __future__ import annotations

import sys

from peer import __main__, events
from peer.connection import Connection
from peer.events import EndReason
from peer.node import Node
from peer.render import Row

BREAKS = "lists"

right_rows, right_closed, dead = Node.rows, Node._closed, list[Row]()


def closed(node: Node, connection: Connection, event: events.Closed) -> bool:
    """Take note of an end, and keep the row of a peer that exited."""
    if event.ending is EndReason.EXITED_THERE:
        dead.append(connection.row)
    return right_closed(node, connection, event)


Node._closed = closed
Node.rows = lambda node: right_rows(node) + dead
sys.exit(__main__.main())
