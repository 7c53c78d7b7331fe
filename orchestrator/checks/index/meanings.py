"""What operations and notices mean to the promises, at each peer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.history.entries import Entry


class Meanings:
    """The meanings of a history. Programs may use one name for different things."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._common: Mapping[str, Any] = {}
        self._own: dict[str, Mapping[str, Any]] = {}  # by peer, if programs differ
        for entry in entries:
            if entry.type == "lab" and entry.verb == "began":
                self._common = entry.mapping("means")
            elif entry.type == "lab" and entry.verb == "ready" and "means" in entry.fields:
                self._own[entry.peer] = entry.mapping("means")

    def of(self, peer: str, name: str) -> str:
        """Return what an operation or a notice of a peer means; empty if it means nothing."""
        return str(self._own.get(peer, self._common).get(name, ""))
