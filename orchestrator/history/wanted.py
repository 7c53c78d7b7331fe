"""How the results of an operation must be, and whether they are. Pure; see docs/history.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orchestrator.patterns import compiled

CONDITIONS = ("pattern", "less", "more", "not")
"""What may stand for a value that is expected: a mapping with one of these keys."""

_WORDS = {"less": "less than", "more": "more than", "not": "other than"}


def unmet(wants: Mapping[str, Any], said: Mapping[str, Any]) -> str:
    """Return how what was said differs from what is wanted; empty if it does not.

    Args:
        wants: `results` by name, and `rows` as the values of a column, in any order.
        said: the fields of the operation's outcome, with its `results` and `rows`.
    """
    results = said.get("results") or {}
    for name, wanted in (wants.get("results") or {}).items():
        if not is_met(wanted, results.get(name)):
            found = f"but it was {results[name]!r}" if name in results else "but there was none"
            return f"{name} should have been {phrase(wanted)}, {found}"
    for column, wanted in (wants.get("rows") or {}).items():
        found_rows = sorted(str(row.get(column, "")) for row in said.get("rows") or ())
        if found_rows != sorted(map(str, wanted)):
            return (
                f"{column} should have shown {_several(wanted)}, but showed {_several(found_rows)}"
            )
    return ""


def is_met(wanted: object, value: object) -> bool:
    """Return whether a value is the one that is wanted, or meets the condition."""
    if not isinstance(wanted, Mapping):
        return value == wanted
    ((condition, limit),) = wanted.items()
    if value is None:
        return False
    match condition:
        case "pattern":
            return compiled(str(limit)).search(str(value)) is not None
        case "not":
            return bool(value != limit)
        case _ if not isinstance(value, int | float) or not isinstance(limit, int | float):
            return False
        case "less":
            return value < limit
        case _:
            return value > limit


def says(wanted: object, text: str | None) -> bool:
    """Return whether a part of a notice, which is text, says what is wanted."""
    if text is None:
        return False
    if not isinstance(wanted, Mapping):
        return str(wanted) == text
    try:
        value: object = float(text)
    except ValueError:
        value = text
    is_number = wanted.keys() & {"less", "more"}
    return is_met(wanted, value if is_number else text)


def phrase(wanted: object) -> str:
    """Return what is wanted in words."""
    if not isinstance(wanted, Mapping):
        return repr(wanted)
    ((condition, limit),) = wanted.items()
    return f"like {limit!r}" if condition == "pattern" else f"{_WORDS[condition]} {limit!r}"


def _several(values: Sequence[object]) -> str:
    return ", ".join(map(str, values)) or "none"
