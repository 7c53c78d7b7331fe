"""The peers of the mesh for manual use (`ps`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import cast

from rich.console import Console

from orchestrator.report.output_format import PeerOutput
from orchestrator.report.printing import plain, table, titled

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PeerRow:
    """A peer; memory in bytes, None for what is not known."""

    peer: str
    container: str
    address: str
    port: int
    state: str
    connections: int | None
    memory: int | None

    def as_data(self) -> PeerOutput:
        """Return the row for `--json`."""
        return cast("PeerOutput", asdict(self))


def print_peers(console: Console, rows: Sequence[PeerRow]) -> None:
    """Print the peers of a mesh, with their containers if these are not called the same."""
    names = ["container"] if any(row.container != row.peer for row in rows) else []
    numbers = ("port", "connections", "memory")
    peers = table("peer", *names, "address", "port", "state", "connections", "memory",
                  numbers=numbers)  # fmt: skip
    for row in rows:
        connections = "?" if row.connections is None else row.connections
        memory = "-" if row.memory is None else f"{row.memory / _MIB:.1f} MiB"
        container = [row.container] if names else []
        cells = (row.peer, *container, row.address, row.port or "-", row.state, connections, memory)
        peers.add_row(*map(plain, cells))
    console.print(titled("Peers", peers))
