"""Reading fields of entries: a field that is absent, or of another kind, is an empty one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestrator.history.entries import Entry


def word(entry: Entry, key: str) -> str:
    """Return a field that is text; empty when there is none."""
    value = entry.fields.get(key)
    return value if isinstance(value, str) else ""


def number(entry: Entry, key: str) -> int | None:
    """Return a field that is a whole number, if there is one."""
    value = entry.fields.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def mapping(entry: Entry, key: str) -> Mapping[str, Any]:
    """Return a field that is an object; an empty one when there is none."""
    value = entry.fields.get(key)
    return value if isinstance(value, Mapping) else {}


def words(entry: Entry, key: str) -> tuple[str, ...]:
    """Return a field that is a list of texts."""
    value = entry.fields.get(key)
    if not isinstance(value, list | tuple):
        return ()
    return tuple(each for each in value if isinstance(each, str))


def rows(entry: Entry) -> list[Mapping[str, Any]]:
    """Return the rows of a `list`."""
    value = entry.fields.get("rows")
    if not isinstance(value, list | tuple):
        return []
    return [each for each in value if isinstance(each, Mapping)]


def row_word(row: Mapping[str, Any], key: str) -> str:
    """Return a part of a row that is text; empty when there is none."""
    value = row.get(key)
    return value if isinstance(value, str) else ""
