"""What a console can be attached to: a peer's program, or a client beside it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

from orchestrator.engines.status import Status


class Attachable(Protocol):
    """A running program with a terminal to attach to: a peer's own, or a client beside it."""

    @property
    def name(self) -> str:
        """The peer's name."""

    def attach(self) -> int:
        """Return a descriptor that reads and writes the terminal."""

    def status(self) -> Status:
        """Return the program's status."""

    def await_end(self, timeout: float) -> Status:
        """Return the status once the program has ended, or after `timeout` seconds."""

    def kill(self) -> None:
        """End the program without warning; harmless if it has ended."""


class ConsoleClient(ABC):
    """A command-line client of a peer's program, which runs beside it; see `Attachable`."""

    name: str  # the peer's

    @abstractmethod
    def attach(self) -> int:
        """Return a descriptor that reads and writes its terminal."""

    @abstractmethod
    def status(self) -> Status:
        """Return the client's status."""

    @abstractmethod
    def await_end(self, timeout: float) -> Status:
        """Return the status once the client has ended, or after `timeout` seconds."""

    @abstractmethod
    def kill(self) -> None:
        """End the client and what it has started; harmless if it has ended."""

    def server_ended(self) -> None:  # noqa: B027 - most need nothing
        """End it, because the program has ended beside which it runs. Any thread may call this.

        Nothing is to be done if that ends the client anyway.
        """

    @abstractmethod
    def close(self) -> None:
        """Close its terminal, which must not be in use any more."""
