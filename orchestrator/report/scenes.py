"""Witnesses, and what the consoles showed around their times: those of one moment together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrator import runs
from orchestrator.checks.verdict import Witness
from orchestrator.report.excerpt import Excerpts, Sight, Window
from orchestrator.transcript import Line


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

    witnesses: list[Witness]
    windows: dict[str, Window]

    def is_joined(self, witness: Witness, windows: dict[str, Window]) -> bool:
        """Take a witness in, if all that is to be seen of it is next to this."""
        if windows.keys() != self.windows.keys():
            return False
        if not all(window.meets(self.windows[peer]) for peer, window in windows.items()):
            return False
        self.witnesses.append(witness)
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

    def of(self, witnesses: Sequence[Witness]) -> list[Scene]:
        """Return the moments that these saw."""
        scenes: list[Scene] = []
        for witness in witnesses:
            sight = _sight(witness)
            windows = {peer: self._of(peer).around(sight) for peer in witness.peers}
            if not (scenes and windows and scenes[-1].is_joined(witness, windows)):
                scenes.append(Scene([witness], windows))
        return scenes

    def shown(self, scene: Scene) -> list[Sighting]:
        """Return what each console showed at a moment."""
        sights = [_sight(witness) for witness in scene.witnesses]
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


def _sight(witness: Witness) -> Sight:
    return Sight(witness.at, tuple(filter(None, (witness.text, witness.near))))
