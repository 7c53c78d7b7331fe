"""What was measured of a link, in words."""

from __future__ import annotations

from orchestrator.faults.probe import Measured


def as_time(seconds: float) -> str:
    """Return a time: `12.3 ms`."""
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def as_rate(rate: float) -> str:
    """Return bytes a second: `64 kB/s`."""
    for unit, size in (("MB/s", 1e6), ("kB/s", 1e3)):
        if rate >= size:
            return f"{rate / size:.3g} {unit}"
    return f"{rate:.3g} B/s"


def counted(number: int, word: str) -> str:
    """Return so many of something: `1 byte`, `2 bytes`."""
    return f"{number} {word}{'' if number == 1 else 's'}"


def ended_by(measured: Measured) -> str:
    """Return what ended a stream early, as the end of a phrase; empty for nothing."""
    return f", {measured.error}" if measured.error else ""
