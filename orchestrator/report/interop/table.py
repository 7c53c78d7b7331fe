"""The matrix on a terminal, and below it why marks are as they are."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from orchestrator.grades import Outcome
from orchestrator.grades.matrix import Cell, Matrix
from orchestrator.report.grades.table import STYLES
from orchestrator.report.interop.words import MARKS, MEANINGS, ROLES, place
from orchestrator.report.text import Trimmed, plain, table, titled
from orchestrator.text import count


def print_matrix(console: Console, matrix: Matrix) -> None:
    """Print the marks of every pair, what they mean, and the reasons of those that are bad."""
    numbers = [str(number) for number in range(1, len(matrix.programs) + 1)]
    made = table("", "dials ╲ is dialled", *numbers)
    for number, (name, cells) in zip(numbers, matrix.rows, strict=True):
        made.add_row(number, plain(name), *map(_marks, cells))
    console.print(Trimmed(titled(plain(matrix.title).plain, made)))
    console.print(_legend(matrix), soft_wrap=True)
    _print_reasons(console, matrix)
    total = count(len(matrix.cells), "pair")
    console.print(f"{matrix.working:,} of {total} work in every way", style="bold")


def _marks(cell: Cell) -> Text:
    text = Text()
    for result in cell.results:
        text.append(MARKS[result.outcome], STYLES[result.outcome])
    return text


def _legend(matrix: Matrix) -> Text:
    used = {each.outcome for cell in matrix.cells for each in cell.results}
    line = plain("each cell: " + ", ".join(name for name, _ in matrix.tests))
    for outcome in Outcome:
        if outcome in used:
            line.append("; ").append(MARKS[outcome], STYLES[outcome])
            line.append(f" {MEANINGS[outcome]}")
    return line


def _print_reasons(console: Console, matrix: Matrix) -> None:
    made = table("dials → is dialled", "", "why, and where all of it is recorded")
    for cell in matrix.cells:
        for result in cell.troubles:
            why = plain(result.reason)
            if result.run:
                why.append("\n").append(plain(place(result)).plain, "dim")
            made.add_row(
                plain(f"{cell.dialler} → {cell.other}"),
                Text(f"{MARKS[result.outcome]} {result.test}", STYLES[result.outcome]),
                why,
            )
    if made.row_count:
        console.print()
        console.print(Trimmed(titled(f"Why: {ROLES}", made)))
