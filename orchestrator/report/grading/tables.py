"""Grades and matrices on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich import box
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.grading.results import Cell, Grade, Matrix, Outcome, Result
from orchestrator.report.grading import words
from orchestrator.report.printing import Trimmed, plain, repeated_line, shortened, table, titled
from orchestrator.text import count

STYLES = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.NOT_TESTED: "magenta",
    Outcome.UNKNOWN: "yellow",
    Outcome.LACKING: "cyan",
    Outcome.NOT_RUN: "dim",
}

_LEGEND = (
    ", ".join(f"{mark} {outcome}" for outcome, mark in words.MARKS.items())
    + "; required: ✓ all passed, ✗ not all passed, · none, or not known yet"
)
_CORNER = "dials ╲ is dialled"
_LONGEST = 30  # columns of a name at the left; the number beside it identifies the program
_LONGEST_LINE = 300  # characters of what was found and is not counted
_EDGES = 3  # characters between two columns, including the line


def print_grade(console: Console, grade: Grade, output: Path) -> None:
    """Print the result of every test of one program, which has a folder in `output`."""
    made = _table("test", "result", "points", "why", numbers=["points"], narrow=2)
    for result in grade.results:
        name = f"{result.test} ({words.kind(result)})" if words.kind(result) else result.test
        points = f"{words.number(result.earned)}/{words.number(result.points)}"
        made.add_row(plain(name), _marked(result.outcome), points, plain(result.reason))
    title = f"{grade.program}: {grade.summary}" if grade.summary else grade.program
    console.print(Trimmed(titled(plain(title).plain, made)))
    bad = [result for result in grade.results if result.outcome is not Outcome.PASSED]
    _print_places(console, bad, output / grade.program)
    console.print(_sum(grade), soft_wrap=True)
    for line in words.untested(grade):
        console.print(plain(line, STYLES[Outcome.NOT_TESTED]), soft_wrap=True)
    for line in words.uncounted(grade):
        text = plain("found, not counted here: ", "yellow")
        console.print(text.append(shortened(plain(line).plain, _LONGEST_LINE)), soft_wrap=True)
    _print_repeated(console, grade.repeated)
    console.print()


def print_overview(console: Console, grades: Sequence[Grade]) -> None:
    """Print one row for each program."""
    names = ["points", "of", *(words.MARKS[outcome] for outcome in Outcome)]
    made = _table("program", *names, "required", numbers=names, narrow=len(names) + 1)
    required = {True: ("✓", "green"), False: ("✗", "red"), None: ("·", "dim")}
    for grade in grades:
        counts = grade.counts()
        made.add_row(
            plain(grade.program),
            words.number(grade.points),
            words.number(grade.total),
            *(
                Text(str(counts[outcome]), STYLES[outcome]) if counts[outcome] else Text("·", "dim")
                for outcome in Outcome
            ),
            Text(*required[grade.passes]),
        )
    console.print(Trimmed(titled("Programs", made)))
    console.print(_LEGEND, soft_wrap=True)


def result_line(name: str, result: Result) -> Text:
    """Return a result in one line, with the name of its case and the reason."""
    line = Text().append_text(_marked(result.outcome)).append(f"  {plain(name).plain}")
    return line.append(f": {plain(result.reason).plain}" if result.reason else "", "dim")


def _table(*columns: str, numbers: Sequence[str], narrow: int) -> Table:
    """Return an empty table whose first `narrow` columns after the first are never folded."""
    made = table(*columns, numbers=numbers)
    made.box, made.pad_edge, made.padding = box.SIMPLE_HEAD, False, (0, 2, 0, 0)
    for column in made.columns[1 : 1 + narrow]:
        column.no_wrap = True
    return made


def _print_places(console: Console, results: Sequence[Result], home: Path) -> None:
    for result in results:
        if result.run:
            when = f"   # at {result.at:.3f} s" if result.at is not None else ""
            line = f"  {result.test}: peerlab report {home / result.run}{when}"
            console.print(plain(line, "dim"), soft_wrap=True)


def _print_repeated(console: Console, number: int) -> None:
    if number:
        console.print(plain(repeated_line(count(number, "test")), "dim"), soft_wrap=True)


def _sum(grade: Grade) -> Text:
    line = plain(f"{grade.program}: {words.score(grade)}", "bold")
    if grade.passes is not None:
        passes = "passes" if grade.passes else "does not pass: a required test failed"
        line.append(f"; {passes}", "green" if grade.passes else "red")
    return line


def _marked(outcome: Outcome) -> Text:
    return Text(f"{words.MARKS[outcome]} {outcome}", STYLES[outcome])


def print_matrix(console: Console, matrix: Matrix, output: Path) -> None:
    """Print the marks of every pair, what they mean, and the reasons of the bad ones.

    If the console is too narrow for all columns, the rest follows in further tables.
    """
    for columns in _column_groups(console.width, matrix):
        console.print(Trimmed(_matrix_table(matrix, columns)))
    line = plain("each cell: " + ", ".join(name for name, _ in matrix.tests))
    for mark, outcome, means in words.legend(r for cell in matrix.cells for r in cell.results):
        line.append("; ").append(mark, STYLES[outcome]).append(f" {means}")
    console.print(line, soft_wrap=True)
    _print_reasons(console, matrix)
    _print_places(console, [r for cell in matrix.cells for r in cell.troubles], output)
    total = count(len(matrix.cells), "pair")
    console.print(f"{matrix.working:,} of {total} work in every way", style="bold")
    _print_repeated(console, matrix.repeated)


def _column_groups(width: int, matrix: Matrix) -> Iterator[range]:
    """Yield the columns of each table, so that none is wider than `width`."""
    programs = len(matrix.programs)
    digits = len(str(programs))
    names = min(_LONGEST, max(map(cell_len, [_CORNER, *matrix.programs])))
    left = 1 + digits + _EDGES + names + _EDGES
    most = max(1, (width - left) // (max(digits, len(matrix.tests)) + _EDGES))
    for first in range(0, programs, most):
        yield range(first, min(first + most, programs))


def _matrix_table(matrix: Matrix, columns: range) -> RenderableType:
    made = table("", _CORNER, *(str(index + 1) for index in columns))
    for column in made.columns:
        column.no_wrap = True
    for position, (name, cells) in enumerate(matrix.rows, 1):
        short = plain(name)
        short.truncate(_LONGEST, overflow="ellipsis")
        made.add_row(str(position), short, *(_cell_marks(cells[index]) for index in columns))
    title = plain(matrix.title).plain
    if len(columns) < len(matrix.programs):
        title += f", dialled {columns[0] + 1} to {columns[-1] + 1}"
    return titled(title, made)


def _cell_marks(cell: Cell) -> Text:
    text = Text()
    for result in cell.results:
        text.append(words.pair_mark(result), STYLES[result.outcome])
    return text


def _print_reasons(console: Console, matrix: Matrix) -> None:
    made = table("dials → is dialled", "", "why")
    for cell in matrix.cells:
        for result in cell.troubles:
            made.add_row(
                plain(f"{cell.dialler} → {cell.other}"),
                Text(f"{words.pair_mark(result)} {result.test}", STYLES[result.outcome]),
                plain(result.reason),
            )
    if made.row_count:
        console.print()
        console.print(Trimmed(titled(f"Why: {words.ROLES}", made)))
