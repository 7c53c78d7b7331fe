"""A profile, tried: every pattern with its place in the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator import document, profile
from orchestrator.discovery.matching import Checked, Heard, State, mismatches, unread
from orchestrator.discovery.matching import check as matched
from orchestrator.discovery.trying import Trier
from orchestrator.document import Problem
from orchestrator.engines.base import Engine, Say
from orchestrator.profile import path_of


@dataclass(frozen=True, slots=True)
class Found:
    """What is known of a profile.

    Attributes:
        file: the profile's.
        checked: each pattern.
        unread: output that no pattern matched.
        heard: all that came.
        lines: where each pattern stands, as `line:column`.
    """

    file: str
    checked: Sequence[Checked]
    unread: Sequence[str]
    heard: Heard
    lines: Sequence[str]

    @property
    def is_wrong(self) -> bool:
        """Whether a pattern did not match what it should have, or something could not be done."""
        return self.broke or any(mismatches(self.checked))

    @property
    def broke(self) -> bool:
        """Whether nothing could be tried: it was never ready."""
        return not self.heard.asked and not any(mismatches(self.checked))

    def where(self, one: Checked) -> str:
        """Return file and line of a pattern."""
        place = self.lines[list(self.checked).index(one)]
        return f"{Path(self.file).name}:{place.partition(':')[0]}"

    def complaints(self) -> list[str]:
        """Return a line for each pattern that did not match, as editors want it."""
        return [
            f"{self.file}:{place}: {one.name}: {_on_one_line(one.says)}"
            for one, place in zip(self.checked, self.lines, strict=True)
            if one.state is State.UNMATCHED
        ]

    @property
    def summary(self) -> str:
        """How many patterns matched."""
        counts = {state: sum(one.state is state for one in self.checked) for state in State}
        parts = [f"{counts[State.MATCHED]} of {len(self.checked)} patterns matched"]
        if counts[State.UNMATCHED]:
            parts.append(f"{counts[State.UNMATCHED]} did not match what came")
        if counts[State.NO_OCCASION]:
            parts.append(f"{counts[State.NO_OCCASION]} never had an occasion")
        return f"{self.file}: {', '.join(parts)}"

    def as_data(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        return {
            "profile": self.file,
            "patterns": [
                {"place": one.name, "at": place, "pattern": one.pattern,
                 "state": one.state.value, "says": one.says}
                for one, place in zip(self.checked, self.lines, strict=True)
            ],
            "unread": list(self.unread),
            "problems": self.heard.problems,
        }  # fmt: skip


def check(engine: Engine, file: str, say: Say) -> Found:
    """Drive a program by its profile, and say of each pattern whether it matched.

    Args:
        engine: where it runs.
        file: the profile's, or the name of one that comes with the lab.
        say: told what is done.

    Raises:
        LabError: the profile is wrong, or the program cannot be started.
    """
    loaded = profile.load(file)
    heard = Trier(engine, loaded, say).all()
    checked = matched(loaded, heard)
    source = document.load(path_of(file))
    return Found(file, checked, unread(loaded, heard), heard, [_line(source, c) for c in checked])


def _on_one_line(says: str) -> str:
    first, _, rest = says.partition("\n")
    return f"{first} {' | '.join(rest.splitlines())}"


def _line(source: document.Source, one: Checked) -> str:
    """Return line and column of a pattern."""
    placed = source.placed([Problem(one.place, "")])[0]
    line, column = placed.removeprefix(f"{source.path}:").split(":")[:2]
    return f"{line}:{column}"
