"""Witnesses, and what the consoles showed around their times: those of one moment together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator.checks.verdict import Finding
from orchestrator.history import runs
from orchestrator.history.transcript import Line
from orchestrator.report.excerpt import Excerpts, Sight, Window


@dataclass(frozen=True)
class Sighting:
    """What one console showed around some moment.

    Attributes:
        peer: whose console.
        lines: what it showed, None for a gap.
        empty: why there are no lines; else empty.
    """

    peer: str
    lines: Sequence[Line | None]
    empty: str = ""


@dataclass
class Scene:
    """Witnesses of the same place and time: one look at the consoles serves them all."""

    findings: list[Finding]
    windows: dict[str, Window]

    def is_joined(self, finding: Finding, windows: dict[str, Window]) -> bool:
        """Take a witness in, if all that is to be seen of it is next to this."""
        if windows.keys() != self.windows.keys():
            return False
        if not all(window.meets(self.windows[peer]) for peer, window in windows.items()):
            return False
        self.findings.append(finding)
        self.windows = {peer: w.joined(self.windows[peer]) for peer, w in windows.items()}
        return True


class Scenes:
    """The moments of one run; each transcript is read once.

    Args:
        folder: the run's.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._excerpts: dict[str, Excerpts] = {}

    def of(self, findings: Sequence[Finding]) -> list[Scene]:
        """Return the moments that these saw."""
        scenes: list[Scene] = []
        for finding in findings:
            sight = _sight(finding)
            windows = {peer: self._of(peer).around(sight) for peer in finding.peers}
            if not (scenes and windows and scenes[-1].is_joined(finding, windows)):
                scenes.append(Scene([finding], windows))
        return scenes

    def shown(self, scene: Scene) -> list[Sighting]:
        """Return what each console showed at a moment."""
        sights = [_sight(finding) for finding in scene.findings]
        found = []
        for peer, window in scene.windows.items():
            lines = self._of(peer).lines(window, sights)
            missing = self._of(peer).is_missing
            why = "no transcript is kept" if missing else "nothing was shown"
            found.append(Sighting(peer, lines, "" if lines else why))
        return found

    def _of(self, peer: str) -> Excerpts:
        if peer not in self._excerpts:
            self._excerpts[peer] = Excerpts(runs.transcript(self._folder, peer))
        return self._excerpts[peer]


def _sight(finding: Finding) -> Sight:
    return Sight(finding.at, tuple(filter(None, (finding.text, finding.near))))
