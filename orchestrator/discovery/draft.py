"""A profile that is being made, with what is doubtful about it. Pure data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Place = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Learnt:
    """One thing that was understood.

    Attributes:
        what: a verb, a notice, or a part of the console.
        typed: what was typed.
        came: what came of it.
        understood: what the profile says now.
        doubt: why it is doubtful; empty where it is sure.
    """

    what: str
    typed: str
    came: str
    understood: str
    doubt: str = ""


@dataclass(slots=True)
class Draft:
    """A profile's document.

    Attributes:
        data: as it stands in the file.
        learnt: how it was understood, in the order of the file.
        doubts: what is doubtful, by its place in the document.
    """

    data: dict[str, Any] = field(default_factory=dict)
    learnt: list[Learnt] = field(default_factory=list)
    doubts: dict[Place, str] = field(default_factory=dict)

    def learn(self, place: Place, typed: str, came: str, understood: str, doubt: str = "") -> None:
        """Take note of what was understood, and of a doubt."""
        self.learnt.append(Learnt(" ".join(place), typed, came, understood, doubt))
        if doubt:
            self.doubts[place] = doubt
