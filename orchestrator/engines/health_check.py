"""What a program's own health check says, as Docker runs it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """What a program's own health check says.

    Attributes:
        state: in Docker's words.
        said: what the check last printed.
    """

    state: Literal["starting", "healthy", "unhealthy"]
    said: str = ""

    @property
    def why_not(self) -> str | None:
        """Why the program is not healthy; empty if it is, None while it may still become so."""
        said = f": its health check says {self.said!r}" if self.said else ""
        return {"starting": None, "healthy": ""}.get(self.state, f"is {self.state}{said}")
