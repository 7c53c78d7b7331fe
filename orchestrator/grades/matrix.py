"""What became of every pair of programs, one dialling the other. Pure data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.grades import Outcome, Result

DIALLER, OTHER = "alice", "bob"
"""The peers that the two programs of a pair are."""


@dataclass(frozen=True)
class Cell:
    """What became of one pair.

    Attributes:
        dialler: the program that dials.
        other: the program that is dialled.
        results: of every test, in their order; their runs are seen from the output's folder.
    """

    dialler: str
    other: str
    results: Sequence[Result]

    @property
    def works(self) -> bool:
        """Whether all of it was seen to work."""
        return all(each.outcome is Outcome.PASSED for each in self.results)

    @property
    def troubles(self) -> list[Result]:
        """What did not pass, but for what was not tried because of that."""
        bad = [each for each in self.results if each.outcome is not Outcome.PASSED]
        return [each for each in bad if each.outcome is not Outcome.NOT_RUN] or bad[:1]


@dataclass(frozen=True)
class Matrix:
    """What became of all pairs.

    Attributes:
        title: of the tests.
        why: what they are for.
        tests: their names, each with what it is for.
        programs: their names, in the order of rows and columns.
        engine: where they ran.
        cells: the pairs, row by row; a row has the program that dials.
    """

    title: str
    why: str
    tests: Sequence[tuple[str, str]]
    programs: Sequence[str]
    engine: str
    cells: Sequence[Cell]

    @property
    def rows(self) -> Iterator[tuple[str, Sequence[Cell]]]:
        """Each program with the pairs in which it dials."""
        count = len(self.programs)
        for number, name in enumerate(self.programs):
            yield name, self.cells[number * count : (number + 1) * count]

    @property
    def is_certain(self) -> bool:
        """Whether nothing is unknown."""
        outcomes = (each.outcome for cell in self.cells for each in cell.results)
        return Outcome.UNKNOWN not in outcomes

    @property
    def working(self) -> int:
        """How many pairs work in every way."""
        return sum(cell.works for cell in self.cells)
