"""Text that is safe to print: no control character of a program reaches the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markup import escape
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from orchestrator.text import printable


def safe(text: object) -> str:
    """Return any text, escaped for use in rich's markup."""
    return escape(printable(str(text)))


def safe_lines(text: str) -> str:
    """Return text of several lines, escaped for use in rich's markup."""
    return "\n".join(map(safe, text.split("\n")))


def plain(text: object, style: str = "") -> Text:
    """Return any text, to be printed literally."""
    return Text("\n".join(map(printable, str(text).split("\n"))), style)


def shortened(text: str, longest: int) -> str:
    """Return a text, or its beginning and its length if it is too long."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text):,} characters)"


def named(names: Sequence[str], most: int) -> str:
    """Return a list of names, at most this many."""
    more = f", … and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def first_line(text: str) -> str:
    """Return the first line of a text."""
    return text.partition("\n")[0]


def seconds(time: float) -> str:
    """Return a time in seconds, with a sensible number of digits."""
    return f"{time:.2f}" if time < 10 else f"{time:,.1f}"  # noqa: PLR2004


def table(*columns: str, numbers: Iterable[str] = ()) -> Table:
    """Return an empty table; the columns in `numbers` are right-aligned."""
    made, right = Table(header_style="bold"), set(numbers)
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


class Trimmed:
    """What rich prints, without trailing blanks."""

    def __init__(self, what: RenderableType) -> None:
        self._what = what

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the lines without trailing blanks."""
        for line in console.render_lines(self._what, options, pad=False):
            while line and not line[-1].text.strip():
                line.pop()
            if line:
                text, style, control = line.pop()
                yield from line
                yield Segment(text.rstrip(), style, control)
            yield Segment.line()


def titled(title: str, what: Table) -> Group:
    """Return a table with a title above it, which may be wider."""
    return Group(Text(title, "bold"), what)


def repeated_line(what: str) -> str:
    """Return in a sentence that something was repeated because the machine was busy."""
    return f"{what}: run again alone, because the machine was busy"
