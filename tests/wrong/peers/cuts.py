"""Shows the first 100 characters of a message and no more. See `changes`."""

from __future__ import annotations

import sys

from peer import __main__, render
from peer.render import Row

BREAKS = "changes"

right = render.message


def message(row: Row, raw: bytes) -> str:
    """Return the notice of a message, cut."""
    return right(row, raw.decode()[:100].encode())


render.message = message
sys.exit(__main__.main())
