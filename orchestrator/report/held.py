"""The table of the faults of a mesh, as its user holds them by hand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from orchestrator.checks.verdict import Judgement
from orchestrator.report.faults import sides
from orchestrator.report.text import marked, plain, table, titled


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A fault as `faults` shows it, or a peer that is paused or has ended.

    Attributes:
        name: by which it is healed; of a peer, how it is.
        says: the fault in a few words, or who the peer is.
        means: by what means each of its features is done.
        since: when it was given, in seconds since the epoch; None where nobody noted that.
        proofs: what was measured, as the history of a run has it.
        doubts: why it may not hold; empty when it is proven.
    """

    name: str
    says: str
    means: Mapping[str, str]
    since: float | None
    proofs: Sequence[Mapping[str, Any]]
    doubts: Sequence[str]

    def as_data(self) -> dict[str, Any]:
        """Return the row for `--json`."""
        return {
            "fault": self.name, "says": self.says, "means": dict(self.means), "since": self._iso,
            "proven": not self.doubts, "doubts": list(self.doubts), "proof": list(self.proofs),
        }  # fmt: skip

    @property
    def _iso(self) -> str | None:
        if self.since is None:
            return None
        return datetime.fromtimestamp(self.since, tz=UTC).isoformat(timespec="seconds")


def print_held(console: Console, rows: Iterable[HeldRow]) -> None:
    """Print faults, each with what was measured of it."""
    made = table("fault", "what", "means", "measured", "")
    for row in rows:
        proven = Judgement.UNKNOWN if row.doubts else Judgement.VALID
        made.add_row(
            plain(row.name),
            plain(row.says),
            plain(", ".join(dict.fromkeys(row.means.values()))),
            plain("\n".join(sides(row.proofs))),
            marked(proven, "not proven" if row.doubts else "proven"),
        )
    console.print(titled("Faults", made))
