"""The interface of every engine. The rest of the orchestrator knows nothing else of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

from orchestrator.profile import Profile

Say = Callable[[str], None]
"""Told one short line for each phase of something that takes a while."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Who is told how far something is: each phase, and each small step within one."""

    phase: Say
    step: Say


@dataclass(frozen=True, slots=True)
class Status:
    """Whether a peer runs, and how it ended if not.

    Attributes:
        state: ``running``, ``paused``, ``exited``, or ``removed`` when nothing is left of it.
        exit_status: as a shell would say it, 137 after SIGKILL; None while unknown.
    """

    state: Literal["running", "paused", "exited", "removed"]
    exit_status: int | None = None

    @property
    def phrase(self) -> str:
        """The status as a person reads it."""
        if self.state != "exited":
            return self.state
        killed = 128 + 9
        why = " (killed)" if self.exit_status == killed else ""
        return f"exited with status {self.exit_status}{why}"


class Peer(ABC):
    """One running program.

    Attributes:
        name: as the scenario calls it.
        address: where other peers dial it.
        port: the port that it listens on.
    """

    name: str
    address: str
    port: int

    @abstractmethod
    def attach(self) -> int:
        """Return a descriptor that types into the console and shows what it prints."""

    @abstractmethod
    def status(self) -> Status:
        """Return how the program is doing now."""

    @abstractmethod
    def await_end(self, timeout: float) -> Status:
        """Return the status once the program has ended, or after `timeout` seconds."""

    @abstractmethod
    def kill(self) -> None:
        """End the program without warning (SIGKILL)."""

    @abstractmethod
    def stop(self) -> None:
        """Ask the program to end (SIGTERM), and end it if it does not."""

    @abstractmethod
    def memory(self) -> int | None:
        """Return the bytes of memory in use, None when it does not run."""

    @abstractmethod
    def connections(self) -> int | None:
        """Return how many TCP connections are established, None when nobody can tell."""


class Engine(ABC):
    """A place for the peers of one run. Use it in a `with` block: leaving removes all.

    Attributes:
        name: ``docker`` or ``process``.
        version: of whatever does the work.
    """

    name: str
    version: str

    @abstractmethod
    def start(self, names: Sequence[str], profile: Profile, say: Say) -> list[Peer]:
        """Start a peer for each name, consoles attached from their first byte.

        Raises:
            EngineError: they cannot be started; nothing is left of any.
        """

    @abstractmethod
    def close(self) -> None:
        """Remove everything that this engine created; harmless when done twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
