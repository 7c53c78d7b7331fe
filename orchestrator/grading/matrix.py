"""The results of every pair of programs, one dialling the other. Pure data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orchestrator.grading.results import Outcome, Result

DIALLER, OTHER = "alice", "bob"
"""The peers that run the two programs of a pair."""


@dataclass(frozen=True)
class Cell:
    """The results of one pair.

    Attributes:
        dialler: the program that dials.
        other: the program that is dialled.
        results: of every test, in order; their runs are relative to the output folder.
    """

    dialler: str
    other: str
    results: Sequence[Result]

    @property
    def works(self) -> bool:
        """Whether all tests passed."""
        return all(result.outcome is Outcome.PASSED for result in self.results)

    @property
    def troubles(self) -> list[Result]:
        """What did not pass, without the tests that were not run as a consequence."""
        bad = [result for result in self.results if result.outcome is not Outcome.PASSED]
        return [result for result in bad if result.outcome is not Outcome.NOT_RUN] or bad[:1]


@dataclass(frozen=True)
class Matrix:
    """The results of all pairs.

    Attributes:
        title: of the rubric.
        why: its purpose.
        tests: their names, each with its purpose.
        programs: their names, in the order of rows and columns.
        engine: where they ran.
        cells: the pairs, row by row; the program of the row dials.
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
        """Whether no result is unknown."""
        outcomes = (result.outcome for cell in self.cells for result in cell.results)
        return Outcome.UNKNOWN not in outcomes

    @property
    def working(self) -> int:
        """The number of pairs that pass all tests."""
        return sum(cell.works for cell in self.cells)
