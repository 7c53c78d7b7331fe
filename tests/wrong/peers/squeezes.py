"""Shows one blank for several, and none at either end of a message. See `changes`."""

from __future__ import annotations

import sys

from peer import __main__, render
from peer.render import Row

BREAKS = "changes"

right = render.message


def message(row: Row, raw: bytes) -> str:
    """Return the notice of a message, its blanks collapsed."""
    return right(row, b" ".join(raw.split()))


render.message = message
sys.exit(__main__.main())
