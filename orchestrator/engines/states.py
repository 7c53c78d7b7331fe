"""Refusing what a peer cannot do in the state that it is in."""

from __future__ import annotations

from typing import Literal

from orchestrator.engines.base import Status
from orchestrator.errors import EngineError

_FIRST = {
    "exited": "kill or stop it first",
    "running": "start or resume it first",
    "paused": "only a peer that is paused can be resumed",
}


def require_alive(name: str, status: Status, doing: str) -> None:
    """Raise an `EngineError` unless a peer has not ended yet; see `require`."""
    if status.state not in ("running", "paused"):
        require(name, status, "running", doing)


def require(
    name: str, status: Status, wanted: Literal["running", "paused", "exited"], doing: str
) -> None:
    """Raise an `EngineError` unless a peer is in the state that something needs.

    Args:
        name: the peer's.
        status: its status.
        wanted: the state that it must be in.
        doing: what is to be done to it, such as ``started``.
    """
    if status.state != wanted:
        hint = "" if status.state == "removed" else _FIRST[wanted]
        raise EngineError(f"{name} cannot be {doing}: it {status.clause}", hint=hint)
