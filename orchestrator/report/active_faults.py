"""The active faults of the mesh for manual use (`faults`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from orchestrator.checks.verdict import Judgement
from orchestrator.report.fault_tables import measurements
from orchestrator.report.marks import marked
from orchestrator.report.output_format import FaultOutput
from orchestrator.report.printing import plain, table, titled


@dataclass(frozen=True, slots=True)
class FaultRow:
    """An active fault, or a peer that is paused or has ended."""

    name: str  # by which the fault is healed; the state of a peer
    says: str  # the fault in a few words; the peer
    means: Mapping[str, str]  # the mechanism of each of its features
    # when it was applied, in seconds since the epoch; None if that is not recorded
    since: float | None
    proofs: Sequence[Mapping[str, Any]]  # the measurements, as in the history of a run
    doubts: Sequence[str]  # why it may not be effective; empty if it is proven

    def as_data(self) -> FaultOutput:
        """Return the row for `--json`."""
        since = None
        if self.since is not None:
            since = datetime.fromtimestamp(self.since, tz=UTC).isoformat(timespec="seconds")
        return {
            "fault": self.name, "says": self.says, "means": dict(self.means), "since": since,
            "proven": not self.doubts, "doubts": list(self.doubts), "proof": list(self.proofs),
        }  # fmt: skip


def print_active_faults(console: Console, rows: Iterable[FaultRow]) -> None:
    """Print faults with their measurements."""
    made = table("fault", "what", "mechanism", "measured", "")
    for row in rows:
        proven = Judgement.UNKNOWN if row.doubts else Judgement.VALID
        made.add_row(
            plain(row.name),
            plain(row.says),
            plain(", ".join(dict.fromkeys(row.means.values()))),
            plain("\n".join(measurements(row.proofs))),
            marked(proven, "not proven" if row.doubts else "proven"),
        )
    console.print(titled("Faults", made))
