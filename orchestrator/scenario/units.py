"""Quantities with a unit, as files have them: `20%`, `64 kB/s`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from orchestrator import document

_NUMBER = r"([0-9]+(?:\.[0-9]+)?)"
_LOSS = rf"^{_NUMBER} ?%$"
_UNITS = {"bit/s": 1 / 8, "kbit/s": 125, "Mbit/s": 125_000, "B/s": 1, "kB/s": 1000, "MB/s": 10**6}
_RATE = rf"^{_NUMBER} ?(bit|kbit|Mbit|B|kB|MB)/s$"
_LEAST_LOSS = 1  # per cent; less cannot be told from none by two thousand packets
_SLOWEST, _FASTEST = 4_000, 1_250_000  # bytes a second; no other can be proven


def _loss(value: Any) -> float:
    found = re.fullmatch(_LOSS, value) if isinstance(value, str) else None
    if not found:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        hint = f": {value:g}%" if number else ", such as 20%"
        raise ValueError(f"loss is a share of all packets, in per cent{hint}")
    if not _LEAST_LOSS <= float(found[1]) <= 100:  # noqa: PLR2004 - of a hundred
        raise ValueError(f"loss is {_LEAST_LOSS}% to 100%, not {value}: less cannot be proven")
    return float(found[1]) / 100


def _bandwidth(value: Any) -> int:
    found = re.fullmatch(_RATE, value) if isinstance(value, str) else None
    if not found:
        raise ValueError(f"bandwidth is a number and a unit, such as 64 kB/s{_unit_hint(value)}")
    rate = round(float(found[1]) * _UNITS[f"{found[2]}/s"])
    if not _SLOWEST <= rate <= _FASTEST:
        some = f"{as_rate(_SLOWEST)} to {as_rate(_FASTEST)}"
        raise ValueError(f"bandwidth is {some}, not {value}: nothing else can be proven")
    return rate


def _unit_hint(value: Any) -> str:
    unit = re.sub(r"^[0-9. ]+", "", value) if isinstance(value, str) else ""
    same = [each for each in _UNITS if each.lower() == unit.lower()]
    hint = document.nearest(unit, same or _UNITS) if unit else ""
    return hint or f": one of {', '.join(_UNITS)}"


def as_percent(share: float) -> str:
    """Return a share as files have it: `20%`."""
    return f"{round(share * 100, 4):g}%"


def as_rate(rate: float) -> str:
    """Return bytes a second as files have them: `64 kB/s`."""
    for unit, size in (("MB/s", 10**6), ("kB/s", 1000)):
        if rate >= size:
            return f"{round(rate / size, 4):g} {unit}"
    return f"{rate:g} B/s"


Loss = Annotated[
    float, BeforeValidator(_loss), WithJsonSchema({"type": "string", "pattern": _LOSS})
]
"""A share, 0 to 1; in files in per cent."""

Bandwidth = Annotated[
    int, BeforeValidator(_bandwidth), WithJsonSchema({"type": "string", "pattern": _RATE})
]
"""Bytes a second; in files with a unit."""

LEAST_TIME = 0.01
"""Seconds; a shorter delay cannot be told from a machine that is busy."""

Time = Annotated[float, Field(ge=LEAST_TIME, le=10, strict=False)]
"""Seconds by which something comes later."""
