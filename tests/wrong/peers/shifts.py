"""Numbers its connections anew whenever one has ended: ids are positions. See `ids`."""

from __future__ import annotations

import sys

from peer import __main__
from peer.registry import Member, Registry

BREAKS = "ids"


def release(registry: Registry, member: Member) -> None:
    """Forget a connection, and let those behind it move up."""
    with registry._lock:
        left = [each for each in registry._by_id.values() if each is not member]
        registry._by_id, registry._last_id = dict(enumerate(left, 1)), len(left)
        for number, each in registry._by_id.items():
            each.id = number
        known = registry._by_instance.items()
        registry._by_instance = {key: value for key, value in known if value is not member}


Registry.release = release
sys.exit(__main__.main())
