"""Rows of a list that are spread over several lines, each with a part of it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, groupby

from orchestrator.discovery.evidence import KnownValues
from orchestrator.discovery.templates import (
    GROUPS,
    Template,
    Token,
    make_template,
    shape,
    to_pattern,
)

_VALUES = (*GROUPS, "number")
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
    if not {*addresses} & numbers and ports in ([], addresses):
        return _with_numbers(lines, templates, addresses, numbers)
    if not addresses or len(addresses) != len(ports) or {*addresses} & {*ports}:
        return None
    if {*addresses} & numbers and {*ports} & numbers:  # each has an id of its own
        return None
    starts = [min(pair) for pair in zip(addresses, ports, strict=True)]
    if len(starts) == 1:
        return [_joined(lines)]
    lead, length = _lead(templates, *starts[:2]), starts[1] - starts[0]
    return [_joined(lines[start - lead : start - lead + length]) for start in starts]


def _with_numbers(
    lines: Sequence[str], templates: Sequence[Template], starts: Sequence[int], numbers: set[int]
) -> list[str] | None:
    """Return each row as one line if lines with a number stand beside those with an address.

    Such as `Connection 3` above `10.0.0.3:5000`. Such numbers are new in each row.
    """
    if len(starts) < 2:  # noqa: PLR2004 - two rows show which lines belong to one
        return [_joined(lines)] if starts and len(lines) == 2 and numbers else None  # noqa: PLR2004
    lead, length = _lead(templates, *starts[:2]), starts[1] - starts[0]
    places = [range(start - lead, start - lead + length) for start in starts]
    is_regular = [at + length for at in starts[:-1]] == [*starts[1:]]
    if not is_regular or places[-1].stop > len(lines):
        return None
    for offset in range(length):
        told = [lines[place[offset]] for place in places]
        if all(place[offset] in numbers for place in places) and len({*told}) == len(told):
            return [_joined([lines[at] for at in place]) for place in places]
    return None


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
        a.text == b.text
        or (at and a.text.isalnum() and b.text.isalnum())
        or a.kind == b.kind == "number"
        for at, (a, b) in enumerate(zip(one, other, strict=True))
    )


def _joined(lines: Sequence[str]) -> str:
    return f" {BREAK} ".join(line.strip() for line in lines)


def own_line(row: str, known: KnownValues) -> str:
    """Return the line of a joined row that names a peer, without those around it."""
    made = {line: shape(make_template(line, known)) for line in lines_of(row)}
    return next((line for line, it in made.items() if "<address>" in it or "<port>" in it), row)


def fewest_lines(rows: Sequence[Template]) -> list[Template]:
    """Return the templates with the fewest lines: others have a heading with them."""
    counts = [sum(map(_is_break, row)) for row in rows]
    return [row for row, count in zip(rows, counts, strict=True) if count == min(counts)]


def with_values(row: Sequence[Token]) -> Template:
    """Return a row of several lines without those of them that have no value, such as a bracket."""
    lines = [[*tokens] for is_break, tokens in groupby(row, _is_break) if not is_break]
    told = [_bare(line) for line in lines if any(it.group in _VALUES for it in line)]
    if len(lines) == 1 or not told:
        return tuple(row)
    gap = (Token("blank", " "), Token("literal", BREAK), Token("blank", " "))
    return tuple(chain(told[0], *(chain(gap, line) for line in told[1:])))


def _is_break(token: Token) -> bool:
    return token.text == BREAK


def value_patterns(row: Template) -> list[str]:
    """Return a pattern for each line of a row that has a value, each with its own groups.

    A name says who it is only in a row without an address.
    """
    left, made = [*GROUPS], list[str]()
    if not any(token.kind == "address" for token in row):
        left.append("name")
    for is_break, tokens in groupby(row, _is_break):
        line = () if is_break else _bare([*tokens])
        if {token.group for token in line} & {*left}:
            made.append(to_pattern(line, left))
            left = [name for name in left if f"(?P<{name}>" not in made[-1]]
    return made


def _bare(line: Sequence[Token]) -> Template:
    """Return a line without the blanks around it."""
    inner = [at for at, token in enumerate(line) if not token.text.isspace()]
    return tuple(line[inner[0] : inner[-1] + 1]) if inner else ()
