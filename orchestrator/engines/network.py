"""The interface of every engine's network: what can be cut and shaped, and measured."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.errors import EngineError
from orchestrator.faults.effect import Effect, Fault, Link, Links
from orchestrator.faults.probe import Measured, Probe


@dataclass(frozen=True, slots=True)
class Lapse:
    """A time when a fault did not apply though it should have."""

    what: str  # a sentence about it
    peer: str = ""  # the peer whose links lapsed; empty for all of them

    def __str__(self) -> str:
        return self.what


class Network(ABC):
    """The network between peers, whose links can be cut and shaped. Thread-safe."""

    @abstractmethod
    def mechanisms(self) -> Mapping[str, str]:
        """Return how each supported feature of `FEATURES` is done here.

        `unsupported` has the others.
        """

    @abstractmethod
    def unsupported(self) -> Mapping[str, str]:
        """Return why features cannot be done here, by feature."""

    @abstractmethod
    def notes(self) -> Mapping[str, str]:
        """Return what a user of a feature should know, by feature."""

    @abstractmethod
    def shape(self, effects: Mapping[Link, Effect]) -> None:
        """Apply these effects and no others: all other links are clear.

        Raises:
            EngineError: it cannot be done; which effects apply then is uncertain.
        """

    @abstractmethod
    def refresh(self) -> None:
        """Apply the current effects to peers that were started since.

        `shape` leaves out peers that do not run, and the links of a restarted peer are clear.
        Cheap if there are no effects.

        Raises:
            EngineError: it cannot be done; which effects apply then is uncertain.
        """

    @abstractmethod
    def measure(self, probes: Mapping[Link, Probe]) -> dict[Link, Measured]:
        """Send probes over links, all at the same time; return what arrived.

        Raises:
            EngineError: it cannot be measured.
        """

    @abstractmethod
    def lapses(self) -> list[Lapse]:
        """Return the lapses that were not returned yet, such as when a sidecar was killed."""

    @abstractmethod
    def dialled(self, dialler: str, to: str) -> tuple[str, int]:
        """Return the address and port at which a peer dials another now."""

    def paths(self, link: Link) -> Sequence[str]:
        """Return the networks that both ends of a link are on; an empty name if it is one."""
        return ("",)

    def shut(self) -> Links:
        """Return the links on which nothing ever passes: their ends share no network."""
        return frozenset()

    def opened(self, fault: Fault) -> Fault:
        """Return a fault without the links that are shut anyway.

        Raises:
            EngineError: all its links are.
        """
        links = fault.links - self.shut()
        if fault.links and not links:
            what = f"{fault.kind} {fault.phrase}: there is no link: these peers share no network"
            raise EngineError(what, hint="see `networks` in the Compose file")
        return replace(fault, links=links)

    @abstractmethod
    def close(self) -> None:
        """Clear every link and remove what shaped them; harmless when repeated."""
