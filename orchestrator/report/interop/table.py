"""The matrix on a terminal, and below it why marks are as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.text import Text

from orchestrator.grades.matrix import Cell, Matrix
from orchestrator.report.grades.table import STYLES
from orchestrator.report.interop.words import ROLES, legend, mark
from orchestrator.report.text import Trimmed, plain, table, titled
from orchestrator.text import count

_CORNER = "dials ╲ is dialled"
_LONGEST = 30  # columns of a name at the left; the number beside it says the rest
_EDGES = 3  # characters between two columns, with the line


def print_matrix(console: Console, matrix: Matrix, output: Path) -> None:
    """Print the marks of every pair, what they mean, and the reasons of those that are bad.

    Args:
        console: as many columns as it has room for stand in one table, the rest in others below.
        matrix: what became of all pairs.
        output: the folder that has the runs.
    """
    for shown in _parts(console.width, matrix):
        console.print(Trimmed(_table(matrix, shown)))
    console.print(_legend(matrix), soft_wrap=True)
    _print_reasons(console, matrix)
    _print_places(console, matrix, output)
    total = count(len(matrix.cells), "pair")
    console.print(f"{matrix.working:,} of {total} work in every way", style="bold")


def _parts(width: int, matrix: Matrix) -> Iterator[range]:
    """Yield which programs' columns stand in each table, none of which is wider than `width`."""
    every = len(matrix.programs)
    digits = len(str(every))
    names = min(_LONGEST, max(map(cell_len, [_CORNER, *matrix.programs])))
    left = 1 + digits + _EDGES + names + _EDGES
    most = max(1, (width - left) // (max(digits, len(matrix.tests)) + _EDGES))
    for first in range(0, every, most):
        yield range(first, min(first + most, every))


def _table(matrix: Matrix, shown: range) -> RenderableType:
    made = table("", _CORNER, *(str(each + 1) for each in shown))
    for column in made.columns:
        column.no_wrap = True
    for number, (name, cells) in enumerate(matrix.rows, 1):
        marks = [_marks(cells[each]) for each in shown]
        shortened = plain(name)
        shortened.truncate(_LONGEST, overflow="ellipsis")
        made.add_row(str(number), shortened, *marks)
    part = f", dialled {shown[0] + 1} to {shown[-1] + 1}"
    is_whole = len(shown) == len(matrix.programs)
    return titled(plain(matrix.title).plain + ("" if is_whole else part), made)


def _marks(cell: Cell) -> Text:
    text = Text()
    for result in cell.results:
        text.append(mark(result), STYLES[result.outcome])
    return text


def _legend(matrix: Matrix) -> Text:
    line = plain("each cell: " + ", ".join(name for name, _ in matrix.tests))
    for sign, outcome, means in legend(each for cell in matrix.cells for each in cell.results):
        line.append("; ").append(sign, STYLES[outcome]).append(f" {means}")
    return line


def _print_reasons(console: Console, matrix: Matrix) -> None:
    made = table("dials → is dialled", "", "why")
    for cell in matrix.cells:
        for result in cell.troubles:
            made.add_row(
                plain(f"{cell.dialler} → {cell.other}"),
                Text(f"{mark(result)} {result.test}", STYLES[result.outcome]),
                plain(result.reason),
            )
    if made.row_count:
        console.print()
        console.print(Trimmed(titled(f"Why: {ROLES}", made)))


def _print_places(console: Console, matrix: Matrix, output: Path) -> None:
    """Say where the evidence is, no line folded: it is for copying."""
    for cell in matrix.cells:
        for result in cell.troubles:
            if result.run:
                when = f"   # at {result.at:.3f} s" if result.at is not None else ""
                told = f"  {result.test}: peerlab report {output / result.run}{when}"
                console.print(plain(told, "dim"), soft_wrap=True)
