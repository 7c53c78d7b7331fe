"""The page of profiles that were written together: where each pattern was read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.report.grading.pages import render
from orchestrator.report.profiles import Understood


@dataclass(frozen=True, slots=True)
class ProfileRow:
    """A program, and how its profile was learnt."""

    name: str
    folder: str
    state: str  # `ready`, `review`, `kept` or `failed`
    says: str
    hint: str
    tested: str  # what a test of the profile said; empty without one
    start: str  # the command that started it
    seconds: float
    parts: Sequence[Understood]

    @property
    def doubtful(self) -> list[Understood]:
        """The parts to look at."""
        return [part for part in self.parts if part.doubt]

    @property
    def sure(self) -> list[Understood]:
        """The others."""
        return [part for part in self.parts if not part.doubt]


def profiles_page(rows: Sequence[ProfileRow]) -> str:
    """Return the page of all programs, those that need a look first."""
    order = ("review", "failed", "kept", "ready")
    return render("profiles.html", rows=sorted(rows, key=lambda row: order.index(row.state)))
