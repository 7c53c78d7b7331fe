"""Which peer a program means by a name or an address that it shows."""

from __future__ import annotations

import re
from collections import Counter
from functools import cached_property

from orchestrator.checks.index import HistoryIndex

_PARTS = re.compile(r"[@/\s]+")


class Names:
    """What programs may call the peers of a run.

    Args:
        index: its history.
    """

    def __init__(self, index: HistoryIndex) -> None:
        self._index = index

    def peer(self, text: str) -> str:
        """Return the peer that is meant; empty if that is not certain."""
        if text in self._known:
            return self._known[text]
        meant = {self._known[part] for part in _PARTS.split(text) if part in self._known}
        return meant.pop() if len(meant) == 1 else ""

    @cached_property
    def _known(self) -> dict[str, str]:
        ready = [mark for mark in self._index.marks("ready") if mark.peer]
        known = {f"{mark.text('address')}:{mark.fields.get('port')}": mark.peer for mark in ready}
        addresses = {(mark.text("address"), mark.peer) for mark in ready if mark.text("address")}
        shared = Counter(address for address, _ in addresses)
        known |= {address: peer for address, peer in addresses if shared[address] == 1}
        return known | {peer: peer for peer in self._index.peers}
