"""Lists nobody, whoever it is connected to. See `lists`."""

from __future__ import annotations

import sys

from peer import __main__
from peer.node import Node
from peer.render import Row

BREAKS = "lists"
ALSO = ("expectations",)  # the lab finds no id in such a list, so most steps cannot be done


def rows(_: Node) -> list[Row]:
    """Return no row."""
    return []


Node.rows = rows
sys.exit(__main__.main())
