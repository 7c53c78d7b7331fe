"""Whether a program runs, and what is refused if it does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orchestrator.errors import EngineError


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a peer runs, and how it ended if not.

    Attributes:
        state: ``running``, ``paused``, ``exited``, or ``removed`` if nothing is left of it.
        exit_status: as in a shell, 137 after SIGKILL; None while unknown.
    """

    state: Literal["running", "paused", "exited", "removed"]
    exit_status: int | None = None

    @property
    def phrase(self) -> str:
        """The status in words: `paused`, `exited with status 137 (killed)`."""
        if self.state != "exited":
            return self.state
        killed = 128 + 9
        why = " (killed)" if self.exit_status == killed else ""
        return f"exited with status {self.exit_status}{why}"

    @property
    def clause(self) -> str:
        """The status as it follows a peer's name: `is paused`, `exited with status 0`."""
        return self.phrase if self.state == "exited" else f"is {self.phrase}"


_REMEDIES = {
    "exited": "kill or stop it first",
    "running": "start or resume it first",
    "paused": "only a paused peer can be resumed",
}


def require(
    name: str, status: Status, wanted: Literal["running", "paused", "exited"], action: str
) -> None:
    """Raise an `EngineError` unless a peer is in the state that an action needs."""
    if status.state != wanted:
        hint = "" if status.state == "removed" else _REMEDIES[wanted]
        raise EngineError(f"{name} cannot be {action}: it {status.clause}", hint=hint)


def require_alive(name: str, status: Status, action: str) -> None:
    """Raise an `EngineError` if a peer has ended; see `require`."""
    if status.state not in ("running", "paused"):
        require(name, status, "running", action)
