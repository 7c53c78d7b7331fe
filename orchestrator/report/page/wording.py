"""How a page has times and texts."""

from __future__ import annotations

from orchestrator.report.printing import shortened
from orchestrator.text import printable

_DIGITS = 4  # decimals of a time
_LONGEST = 1_000  # characters of a text; the consoles have all of it


def moment(at: float) -> float:
    """Return a time as pages have it."""
    return round(at, _DIGITS)


def at_length(text: str) -> str:
    """Return a text at a fair length, without control characters."""
    return "\n".join(map(printable, shortened(text, _LONGEST).split("\n")))
