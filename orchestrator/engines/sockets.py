"""Counting a peer's TCP connections from what its kernel says of them. Pure."""

from __future__ import annotations

_ESTABLISHED = "01"  # Linux, proc(5): the column `st` of /proc/net/tcp


def count_established(table: str) -> int:
    """Return how many rows of `table`, the text of /proc/net/tcp or tcp6, are established."""
    rows = (line.split() for line in table.splitlines())
    return sum(len(row) > 3 and row[3] == _ESTABLISHED for row in rows)  # noqa: PLR2004 - 4th column
