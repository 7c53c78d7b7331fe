"""One pattern for all rows of a list, and whether it reads each of them rightly. Pure.

Rows may differ around their values, and values may stand beside each other with nothing between
them, as where columns are too narrow: `13172.18.0.3` is id 13 and an address.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence

from orchestrator.discovery.row_blocks import lines_of
from orchestrator.discovery.templates import (
    GROUPS,
    Template,
    Token,
    are_same,
    inner_pattern,
    merge,
)
from orchestrator.patterns import compiled, search_line

_ANYTHING = ".*?"
_VALUES = ("number", "amount", "id", "code", "port", "address")  # kinds of tokens with digits
_MOST_DIGITS = 5  # of a port
_PORTS = ("port", "number")  # kinds of tokens that a group `port` may read


def is_glued(row: Template) -> bool:
    """Return whether two values of a row have nothing between them."""
    return any(one.kind in _VALUES and other.kind in _VALUES
               for one, other in itertools.pairwise(row))  # fmt: skip


def runs_on(row: Template, addresses: Collection[str]) -> bool:
    """Return whether a row has digits behind a known address, as if they were a part of it."""
    ends = [it.text for it in row if it.kind == "address" and it.text not in addresses]
    return any(end.startswith(it) for end in ends for it in addresses)


def common_row(rows: Sequence[Template]) -> str:
    """Return a pattern for rows that have the same values, whatever else differs between them.

    Such as an arrow that says who dialled, or `(incoming)` and `(dialled 5 s ago)`. It is empty if
    the values differ, if what follows an address may be taken for a part of it, or if values stand
    beside each other and nothing says where one ends.
    """
    parts = [_parts(row) for row in rows]
    values = parts[0][0]
    if not values or len({tuple(it.kind for it in found) for found, _ in parts}) > 1:
        return ""
    gaps = [_common_gap(found) for found in zip(*(around for _, around in parts), strict=True)]
    if any(value.kind == "address" and gap.startswith(_ANYTHING)
           for value, gap in zip(values, gaps[1:-1], strict=False)):  # fmt: skip
        return ""
    named = [_value_pattern(rows, place) for place in range(len(values))]
    if not all(named):
        return ""
    made = itertools.chain(*itertools.zip_longest(gaps, named, fillvalue=""))
    return rf"^\s*{''.join(made)}$"


def misread(pattern: str, row: str, template: Template) -> str:
    """Return what a pattern reads wrongly in a row, and what is right; empty if nothing.

    Args:
        pattern: of a row, or of the lines that a row has.
        row: its lines, as one.
        template: what is known of it.
    """
    read: dict[str, str] = {}
    for line in lines_of(row):
        found = search_line(compiled(pattern), line)
        named = found.groupdict() if found else {}
        read |= {name: text for name, text in named.items() if text and name not in read}
    for name, text in read.items():
        kinds = _PORTS if name == "port" else ()
        right = [it.text for it in template if it.group == name or it.kind in kinds]
        if right and text not in right:
            return f"`row` read {name} {text!r} in {row.strip()!r}, where {right[0]!r} was right"
    return ""


def _parts(row: Template) -> tuple[list[Token], list[Template]]:
    """Return the values of a row that a pattern names, and what stands around each."""
    places = _places(row)
    starts, ends = [0, *(place + 1 for place in places)], [*places, len(row)]
    around = [row[start:end] for start, end in zip(starts, ends, strict=True)]
    return [row[place] for place in places], around


def _places(row: Template) -> list[int]:
    return [place for place, token in enumerate(row) if token.group in GROUPS]


def _common_gap(gaps: Sequence[Template]) -> str:
    """Return a pattern for what stands at one place in several rows: how all begin and end."""
    if len(found := merge(gaps)) == 1:
        return inner_pattern(found[0])
    if all(token.text.isspace() for gap in gaps for token in gap):
        return r"\s*"
    front = _common_start(gaps)
    rests = [gap[len(front) :] for gap in gaps]
    back = _common_start([gap[::-1] for gap in rests])[::-1]
    return f"{inner_pattern(front)}{_ANYTHING}{inner_pattern(back)}"


def _common_start(gaps: Sequence[Template]) -> Template:
    alike = itertools.takewhile(are_same, zip(*gaps, strict=False))
    return tuple(tokens[0] for tokens in alike)


def _value_pattern(rows: Sequence[Template], number: int) -> str:
    """Return a pattern for one of the values of rows; empty if nothing says where it ends.

    One that stands beside another value has as many digits there as it has in all rows. Addresses
    of other peers may end in more digits or fewer: what follows one must be a port, and all ports
    must have the same number of digits.
    """
    pairs = [(row, _places(row)[number]) for row in rows]
    values = [row[place] for row, place in pairs]
    is_behind = any(place and row[place - 1].kind in _VALUES for row, place in pairs)
    behind = [it for row, place in pairs for it in row[place + 1 :][:1] if it.kind in _VALUES]
    is_before = bool(behind)
    texts = [value.text for value in values]
    if not (is_behind or is_before):
        return inner_pattern((values[0],))
    if values[0].kind == "address":
        are_ports = all(it.kind == "port" for it in behind)
        is_clear = are_ports and len({len(it.text) for it in behind}) <= 1
        return _address_pattern(texts, is_behind=is_behind) if is_clear else ""
    if values[0].kind == "port":
        is_open = any(place and row[place - 1].kind == "address" for row, place in pairs)
        return _port_pattern(texts, is_fixed=is_before or is_open)
    return inner_pattern((values[0],)) if values[0].kind == "id" else ""


def _address_pattern(texts: Sequence[str], *, is_behind: bool) -> str:
    """Return a pattern for addresses that stand before a port, or behind another value."""
    parts = [text.split(".") for text in texts]
    if any(len(it) != 4 or not all(map(str.isdigit, it)) for it in parts):  # noqa: PLR2004
        return ""
    first = _digits([it[0] for it in parts]) if is_behind else r"\d{1,3}"
    return rf"(?P<address>{first}(?:\.\d{{1,3}}){{3}})" if first else ""


def _digits(texts: Sequence[str]) -> str:
    """Return a pattern for as many digits as all of these have; empty if they differ."""
    widths = {len(text) for text in texts}
    return _count(widths) if len(widths) == 1 else ""


def _count(widths: Collection[int]) -> str:
    """Return a pattern for as many digits as these widths allow."""
    least, most = min(widths), max(widths)
    many = f"{{{least}}}" if least == most else f"{{{least},{most}}}"
    return rf"\d{'' if most == 1 else many}"


def _port_pattern(texts: Sequence[str], *, is_fixed: bool) -> str:
    """Return a pattern for ports beside another value, which do not begin with 0.

    If nothing else says where they begin or end, all must have as many digits.
    """
    widths = {len(text) for text in texts}
    if max(widths) > _MOST_DIGITS or min(widths) < 2 or (is_fixed and len(widths) > 1):  # noqa: PLR2004
        return ""
    return rf"(?P<port>[1-9]{_count({width - 1 for width in widths})})"
