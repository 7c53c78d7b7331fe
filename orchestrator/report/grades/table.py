"""Grades on a terminal: a table for each program, and one of all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from orchestrator.grades import Grade, Outcome, Result
from orchestrator.report.grades.words import MARKS, kind, number, score
from orchestrator.report.text import Trimmed, plain, table, titled

STYLES = {
    Outcome.PASSED: "green",
    Outcome.FAILED: "bold red",
    Outcome.UNKNOWN: "yellow",
    Outcome.LACKING: "cyan",
    Outcome.NOT_RUN: "dim",
}

_LEGEND = (
    ", ".join(f"{mark} {outcome}" for outcome, mark in MARKS.items())
    + "; required: ✓ all passed, ✗ not all, · none or not known"
)


def print_grades(console: Console, grade: Grade, output: Path) -> None:
    """Print what became of every test with one program, which has a folder in `output`."""
    made = _table("test", "result", "points", "why", numbers=["points"], narrow=2)
    for result in grade.results:
        name = f"{result.test} ({kind(result)})" if kind(result) else result.test
        points = f"{number(result.earned)}/{number(result.points)}"
        made.add_row(plain(name), _marked(result.outcome), points, plain(result.reason))
    title = f"{grade.program}: {grade.summary}" if grade.summary else grade.program
    console.print(Trimmed(titled(plain(title).plain, made)))
    _print_places(console, grade, output)
    console.print(_sum(grade), soft_wrap=True)
    console.print()


def _table(*columns: str, numbers: Sequence[str], narrow: int) -> Table:
    """Return an empty table: so many columns behind the first one are always shown whole."""
    made = table(*columns, numbers=numbers)
    made.box, made.pad_edge, made.padding = box.SIMPLE_HEAD, False, (0, 2, 0, 0)
    for column in made.columns[1 : 1 + narrow]:
        column.no_wrap = True
    return made


def _print_places(console: Console, grade: Grade, output: Path) -> None:
    """Say where the evidence is, no line folded: it is for copying."""
    for result in grade.results:
        if result.outcome is not Outcome.PASSED and result.run:
            when = f"   # at {result.at:.3f} s" if result.at is not None else ""
            told = f"  {result.test}: peerlab report {output / grade.program / result.run}{when}"
            console.print(plain(told, "dim"), soft_wrap=True)


def _sum(grade: Grade) -> Text:
    line = plain(f"{grade.program}: {score(grade)}", "bold")
    if grade.passes is not None:
        passes = "passes" if grade.passes else "does not pass: a required test did not"
        line.append(f"; {passes}", "green" if grade.passes else "red")
    return line


def print_overview(console: Console, grades: Sequence[Grade]) -> None:
    """Print a row for each program."""
    names = ["points", "of", *(MARKS[outcome] for outcome in Outcome)]
    made = _table("program", *names, "required", numbers=names, narrow=len(names) + 1)
    for grade in grades:
        counts = grade.counts()
        made.add_row(
            plain(grade.program),
            number(grade.points),
            number(grade.total),
            *(_counted(outcome, counts[outcome]) for outcome in Outcome),
            _required(grade),
        )
    console.print(Trimmed(titled("Programs", made)))
    console.print(_LEGEND, soft_wrap=True)


def _required(grade: Grade) -> Text:
    told = {True: ("✓", "green"), False: ("✗", "red"), None: ("·", "dim")}
    return Text(*told[grade.passes])


def _counted(outcome: Outcome, count: int) -> Text:
    return Text(str(count), STYLES[outcome]) if count else Text("·", "dim")


def _marked(outcome: Outcome) -> Text:
    return Text(f"{MARKS[outcome]} {outcome}", STYLES[outcome])


def result_line(name: str, result: Result) -> Text:
    """Return a result in one line: of which case, and why."""
    line = Text().append_text(_marked(result.outcome)).append(f"  {plain(name).plain}")
    return line.append(f": {plain(result.reason).plain}" if result.reason else "", "dim")
