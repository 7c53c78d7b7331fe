"""Probes of a link: what is sent over it, and what was measured at the other end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

What = Literal["packets", "burst", "stream"]
"""Single packets, packets as fast as possible, or writes into a TCP connection."""


NOT_RUNNING = "not running"  # the error of a probe over a link with an end that does not run


@dataclass(frozen=True, slots=True)
class Probe:
    """What is sent over a link."""

    what: What  # how it is sent
    count: int  # packets, or writes
    size: int = 64  # bytes of each
    interval: float = 0.002  # seconds between two; 0 for as fast as possible
    patience: float = 0.3  # seconds to wait, once all is sent, for what has not arrived
    network: str = ""  # the network over which it goes, if both ends are on several


@dataclass(frozen=True, slots=True)
class Measured:
    """What arrived of a probe. All sidecars share the clock that times are taken from."""

    sent: int  # packets, or writes, that were sent
    arrived: int  # packets that arrived; for a stream its bytes
    delay: float | None = None  # median seconds from sending to arriving; None if nothing arrived
    # bytes a second from the first arrival to the last; None if that is no time
    rate: float | None = None
    reads: int = 0  # pieces in which a stream's bytes were read
    error: str = ""  # what ended a stream early, such as ``reset``; empty for nothing
    # interquartile range, in seconds, of the delays of packets, or of writes; None if too few
    # arrived
    spread: float | None = None

    @property
    def ending(self) -> str:
        """What ended a stream early, as the end of a phrase; empty for nothing."""
        return f", {self.error}" if self.error else ""

    def as_data(self) -> dict[str, Any]:
        """Return it as the history records it."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Measured:
        """Return what `as_data` made data of."""
        return cls(**data)


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
    """Return a number of things: `1 byte`, `2 bytes`."""
    return f"{number} {word}{'' if number == 1 else 's'}"
