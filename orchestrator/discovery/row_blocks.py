"""Rows of a list that are spread over several lines, each with a part of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from orchestrator.discovery.evidence import KnownValues
from orchestrator.discovery.templates import (
    GROUPS,
    Template,
    Token,
    make_template,
    shape,
    to_pattern,
)

BREAK = "⏎"  # stands between the lines of one row


def lines_of(row: str) -> list[str]:
    """Return the lines of a row."""
    return row.split(f" {BREAK} ")


def join_rows(lines: Sequence[str], known: KnownValues) -> list[str] | None:
    """Return each row as one line if addresses and ports stand on lines of their own, else None.

    What comes in front of the first row belongs to it if the same comes in front of the second
    one; if there is only one row, all of it does.
    """
    templates = [make_template(line, known) for line in lines]
    shapes = [*map(shape, templates)]
    addresses = [at for at, it in enumerate(shapes) if "<address>" in it]
    ports = [at for at, it in enumerate(shapes) if "<port>" in it]
    numbers = {at for at, it in enumerate(shapes) if "<number>" in it}
    if not addresses or len(addresses) != len(ports) or {*addresses} & {*ports}:
        return None
    if {*addresses} & numbers and {*ports} & numbers:  # each has an id of its own
        return None
    starts = [min(pair) for pair in zip(addresses, ports, strict=True)]
    if len(starts) == 1:
        return [_joined(lines)]
    lead, length = _lead(templates, *starts[:2]), starts[1] - starts[0]
    return [_joined(lines[start - lead : start - lead + length]) for start in starts]


def _lead(lines: Sequence[Template], first: int, second: int) -> int:
    """Return how many lines in front of the first row are like those in front of the second."""
    count = 0
    while count < min(first, second - first) and (
        _are_alike(lines[first - 1 - count], lines[second - 1 - count])
    ):
        count += 1
    return count


def _are_alike(one: Template, other: Template) -> bool:
    """Return whether two lines begin alike and differ in words or numbers at most."""
    return len(one) == len(other) and all(
        a.text == b.text or (at and a.text.isalnum() and b.text.isalnum())
        for at, (a, b) in enumerate(zip(one, other, strict=True))
    )


def _joined(lines: Sequence[str]) -> str:
    return f" {BREAK} ".join(line.strip() for line in lines)


def fewest_lines(rows: Sequence[Template]) -> list[Template]:
    """Return the templates with the fewest lines: others have a heading with them."""
    counts = [sum(token.text == BREAK for token in row) for row in rows]
    return [row for row, count in zip(rows, counts, strict=True) if count == min(counts)]


def value_patterns(row: Template) -> list[str]:
    """Return a pattern for each line of a row that has a value, each with its own groups."""
    left, made = [*GROUPS], list[str]()
    for is_break, tokens in groupby(row, lambda token: token.text == BREAK):
        line = () if is_break else _bare([*tokens])
        if {token.group for token in line} & {*left}:
            made.append(to_pattern(line, left))
            left = [name for name in left if f"(?P<{name}>" not in made[-1]]
    return made


def _bare(line: Sequence[Token]) -> Template:
    """Return a line without the blanks around it."""
    inner = [at for at, token in enumerate(line) if not token.text.isspace()]
    return tuple(line[inner[0] : inner[-1] + 1]) if inner else ()
