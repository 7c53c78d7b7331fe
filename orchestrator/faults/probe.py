"""Probes of a link: what is sent over it, and what of that was seen at the other end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

What = Literal["packets", "burst", "stream"]
"""Single packets, as many as fit in a moment, or writes into a TCP connection."""


NOT_RUNNING = "not running"
"""The error of a probe over a link with an end that does not run."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What is sent over a link.

    Attributes:
        what: how it is sent.
        count: packets, or writes.
        size: bytes of each.
        interval: seconds between two; 0 for as fast as they go.
        patience: seconds to wait for what has not arrived once all is sent.
    """

    what: What
    count: int
    size: int = 64
    interval: float = 0.002
    patience: float = 0.3


@dataclass(frozen=True, slots=True)
class Measured:
    """What arrived of a probe. Times are of one clock, which all the sidecars share.

    Attributes:
        sent: packets, or writes, that left.
        arrived: packets that arrived; for a stream its bytes.
        delay: median seconds from leaving to arriving; None where nothing arrived.
        rate: bytes a second from the first arrival to the last; None where it cannot be told.
        reads: pieces in which a stream's bytes were read.
        error: what ended a stream early, such as ``reset``; empty for nothing.
        spread: seconds between which the middle half of the delays of packets, or of writes, lies
            (the interquartile range); None where too few arrived.
    """

    sent: int
    arrived: int
    delay: float | None = None
    rate: float | None = None
    reads: int = 0
    error: str = ""
    spread: float | None = None

    def as_data(self) -> dict[str, Any]:
        """Return it as the history has it."""
        return asdict(self)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Measured:
        """Return what `as_data` made data of."""
        return cls(**data)
