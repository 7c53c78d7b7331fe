"""How long a connection waits, and for how much: every limit of the protocol."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """How long and how much; times in seconds, sizes in bytes.

    Attributes:
        greeting: wait for a greeting before taking the other program for a plain one.
        silence: without a sign of life for this long, a peer is given up.
        linger: an orderly end may take this long.
        window: texts that wait for their receipt on one connection.
    """

    greeting: float = 2.0
    silence: float = 6.0
    linger: float = 0.7
    window: int = 4 * 1024 * 1024

    @property
    def heartbeat(self) -> float:
        """Seconds of quiet after which a sign of life is asked for."""
        return self.silence / 3
