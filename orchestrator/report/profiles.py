"""Profiles as tables: what discovery learned about a program, and which patterns matched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from orchestrator.report.printing import Trimmed, plain, shortened, table, titled

_LONGEST = 300  # characters of a cell
_MOST = 6  # lines of a cell
_MARKS = {"matched": ("✓", "green"), "not matched": ("✗", "bold red"), "no occasion": ("·", "dim")}


@dataclass(frozen=True, slots=True)
class Understood:
    """What discovery learned: about what, from which input and output, and any doubt."""

    what: str
    typed: str
    came: str
    understood: str
    doubt: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern that was tried."""

    place: str  # its place in the profile
    where: str  # file and line
    pattern: str
    state: str  # `matched`, `not matched` or `no occasion`
    says: str  # what it matched, or should have


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """An operation that was typed, or a notice that came, and how it was read."""

    state: str  # `matched`, `not matched` or `no occasion`
    what: str  # the operation or the notice
    typed: str  # what was typed; for a notice, whose console it was
    said: str  # what the console said
    read: str  # how that was read


def print_replies(console: Console, title: str, rows: Sequence[ReplyRow]) -> None:
    """Print what was typed at a console, what it said, and how that was read."""
    made = table("", "operation", "typed", "the console said", "read as")
    for row in rows:
        mark, style = _MARKS[row.state]
        cells = (row.what, row.typed, row.said, row.read)
        made.add_row(Text(mark, style), *(plain(_short(cell)) for cell in cells))
    console.print(Trimmed(titled(title, made)))


def print_understood(console: Console, title: str, rows: Sequence[Understood]) -> None:
    """Print what discovery learned about a program."""
    made = table("what", "typed", "what came", "understood", "sure")
    for row in rows:
        sure = Text("sure", "green") if not row.doubt else plain(row.doubt, "yellow")
        cells = (row.what, row.typed, row.came, row.understood)
        made.add_row(*(plain(_short(cell)) for cell in cells), sure)
    console.print(Trimmed(titled(title, made)))


def print_written(console: Console, rows: Sequence[tuple[str, str, str, str]]) -> None:
    """Print a line for each program: its name, its profile, what a test said, and its command."""
    made = table("program", "profile", "test", "started by")
    for name, says, tested, start in rows:
        made.add_row(plain(name), plain(_short(says)), plain(_short(tested)), plain(start, "dim"))
    console.print(Trimmed(titled("Profiles", made)))


def print_patterns(console: Console, title: str, rows: Sequence[Pattern]) -> None:
    """Print the patterns of a profile, and whether they matched."""
    made = table("", "pattern", "where", "what it caught, or should have")
    for row in rows:
        mark, style = _MARKS[row.state]
        name = Text.assemble((row.place, ""), "\n", plain(shortened(row.pattern, _LONGEST), "dim"))
        made.add_row(Text(mark, style), name, plain(row.where), plain(_short(row.says)))
    console.print(Trimmed(titled(title, made)))


def print_unread(console: Console, lines: Sequence[str]) -> None:
    """Print output that no pattern matched."""
    if not lines:
        return
    console.print(Text("Output that no pattern matched", "bold"))
    for line in lines:
        console.print(plain(f"  {shortened(line, _LONGEST)}"), soft_wrap=True)


def _short(text: str) -> str:
    lines = text.split("\n")
    more = [f"… and {len(lines) - _MOST} more lines"] if len(lines) > _MOST else []
    return shortened("\n".join([*lines[:_MOST], *more]), _LONGEST)
