"""The rows of a list, before a pattern of them is known. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from orchestrator.discovery.evidence import Facts
from orchestrator.discovery.templates import Template, template

_MOST_ID = 1000  # ids that are looked for


def rows(lines: Sequence[str], empty: Iterable[str], facts: Facts) -> list[str]:
    """Return the lines of a list that name somebody.

    Args:
        lines: what `list` showed.
        empty: what it showed when nobody was connected.
        facts: what the lab knows.
    """
    before = set(empty)
    return [
        line
        for line in lines
        if line not in before
        and {part.kind for part in template(line, facts)} & {"address", "port"}
    ]


def column(several: Sequence[Sequence[str]], facts: Facts) -> int | None:
    """Return where in a row the id stands, as the number of a number; None for nowhere.

    Args:
        several: the rows of each list.
        facts: what the lab knows.
    """
    read = [[numbers(row, facts) for row in one] for one in several if one]
    width = min((len(row) for one in read for row in one), default=0)
    for index in range(width):
        columns = [[row[index] for row in one] for one in read]
        small = all(value < _MOST_ID for one in columns for value in one)
        if small and all(len(set(one)) == len(one) for one in columns):
            return index
    return None


def numbers(row: str, facts: Facts) -> list[int]:
    """Return the numbers in a row that are neither address nor known port."""
    return [int(part.text) for part in template(row, facts) if part.kind == "number"]


def row_of(several: Sequence[str], address: str, port: int, known: Iterable[str]) -> str:
    """Return the row of the peer at an address; empty where there is none.

    Args:
        several: the rows.
        address: where the peer is dialled.
        port: the same.
        known: rows of others.
    """
    others = set(known)
    facts = Facts(frozenset({address}), frozenset({port}))
    scored = [(_score(template(row, facts), address, port, row not in others), row)
              for row in several]  # fmt: skip
    best = max(scored, default=(0, ""))
    return best[1]


def _score(parts: Template, address: str, port: int, is_new: bool) -> int:  # noqa: FBT001
    has_address = any(part.kind == "address" and part.text.endswith(address) for part in parts)
    has_port = any(part.kind == "port" and part.text == str(port) for part in parts)
    return 4 * has_address + 3 * has_port + 2 * is_new


def id_of(row: str, column: int | None, facts: Facts) -> int | None:
    """Return the id in a row; None where rows have none."""
    found = numbers(row, facts)
    return found[column] if column is not None and column < len(found) else None
