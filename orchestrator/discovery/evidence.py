"""What was typed at programs of which nothing is known, and what came. Pure data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.discovery.screen import Shown


@dataclass(frozen=True, slots=True)
class Facts:
    """What the lab knew when something was typed, to be found again in what came.

    Attributes:
        addresses: of the peers that have to do with it.
        ports: at which they listen.
        text: of the message; empty for none.
        ids: of the connection, at each end that has one.
        words: what else was typed.
    """

    addresses: frozenset[str] = frozenset()
    ports: frozenset[int] = frozenset()
    text: str = ""
    ids: Mapping[str, int] = field(default_factory=dict)
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Exchange:
    """One thing that was done to one peer, and what all of them showed.

    Attributes:
        verb: by the lab's names; `kill` for an end that nobody typed.
        right: whether it ought to succeed; None where nobody can say.
        at: the peer.
        to: the other one; empty for none.
        typed: the lines that were typed.
        steps: what its console showed after each.
        others: what the others' consoles showed.
        facts: what the lab knew.
        ended: whether the program was gone afterwards.
    """

    verb: str
    right: bool | None
    at: str
    to: str
    typed: tuple[str, ...]
    steps: tuple[Shown, ...]
    others: Mapping[str, Shown]
    facts: Facts
    ended: bool = False

    @property
    def lines(self) -> tuple[str, ...]:
        """All lines that came in reply."""
        return tuple(line for step in self.steps for line in step.lines)
