"""How often tests repeat themselves: a few times in `make test`, many times in `make thorough`."""

from __future__ import annotations

import os

THOROUGH = bool(os.environ.get("PEERLAB_THOROUGH"))


def times(few: int, many: int) -> int:
    """Return how often a test does something: `few` times in the suite, `many` if thorough."""
    return many if THOROUGH else few
