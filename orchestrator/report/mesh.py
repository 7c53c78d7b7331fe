"""The table of `ps`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console

from orchestrator.report.text import plain, table, titled

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PeerRow:
    """One peer as `ps` shows it; memory in bytes."""

    peer: str
    address: str
    port: int
    state: str
    connections: int | None
    memory: int | None

    def as_data(self) -> dict[str, Any]:
        """Return the row for `--json`."""
        return asdict(self)


def print_peers(console: Console, rows: Iterable[PeerRow]) -> None:
    """Print the peers of a mesh."""
    numbers = ("port", "connections", "memory")
    peers = table("peer", "address", "port", "state", "connections", "memory",
                  numbers=numbers)  # fmt: skip
    for row in rows:
        connections = "?" if row.connections is None else row.connections
        memory = "-" if row.memory is None else f"{row.memory / _MIB:.1f} MiB"
        cells = (row.peer, row.address, row.port, row.state, connections, memory)
        peers.add_row(*map(plain, cells))
    console.print(titled("Peers", peers))
