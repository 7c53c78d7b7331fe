"""The interface of every engine; the rest of the orchestrator uses nothing else of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from orchestrator.cancel import CancelToken
from orchestrator.compose.stack import Stack
from orchestrator.engines import kernel_sockets, resources
from orchestrator.engines.activity import Activity
from orchestrator.engines.attachable import ConsoleClient
from orchestrator.engines.canary.canary import Canary
from orchestrator.engines.endpoints import TcpSocket
from orchestrator.engines.health_check import HealthCheck
from orchestrator.engines.network import Network
from orchestrator.engines.resources import Demand, Resource
from orchestrator.engines.status import Status
from orchestrator.errors import EngineError
from orchestrator.profile import Profile

Say = Callable[[str], None]  # called with a short line for each phase of something slow


@dataclass(frozen=True, slots=True)
class Progress:
    """Callbacks for progress: each phase, and each small step of a phase."""

    phase: Say
    step: Say


class Peer(ABC):
    """One running program."""

    name: str  # its name in the scenario
    address: str  # the address that other peers dial
    port: int  # the port that it listens on
    handle: str  # what other tools call it: the container's name or the process's id
    announced: Mapping[str, str] = {}  # the named parts of the line that said it was ready
    networks: Mapping[str, str] = {}  # its address in each network, if there are several networks

    @property
    @abstractmethod
    def keeps_network(self) -> bool:
        """Whether a restarted program finds its network as it has left it, as on one machine.

        A port that a former connection still blocks is one thing that it may find.
        """

    @property
    @abstractmethod
    def addresses(self) -> frozenset[str]:
        """The right answers to the question for its own address."""

    @property
    def dialled_at(self) -> frozenset[str]:
        """The addresses at which other peers dial it."""
        return frozenset({self.address, *self.networks.values()}) - {""}

    @property
    def source(self) -> str:
        """The address, no other peer's, from which a relay dials on its behalf."""
        return self.address

    @abstractmethod
    def has(self, address: str, port: str) -> bool:
        """Return whether an endpoint, as some program lists it, is this peer's.

        Any of its TCP sockets counts, not only the listening one; of an ended peer, the last.
        """

    @abstractmethod
    def attach(self) -> int:
        """Return a descriptor that reads and writes the console."""

    @abstractmethod
    def open_client(self) -> ConsoleClient:
        """Start the client that its profile names, where the program runs and as it runs.

        Whatever is done to the program is done to its clients too. They end with it.

        Raises:
            EngineError: the program does not run, or the client cannot be started.
        """

    @abstractmethod
    def status(self) -> Status:
        """Return the program's status."""

    @abstractmethod
    def await_end(self, timeout: float) -> Status:
        """Return the status once the program has ended, or after `timeout` seconds."""

    @abstractmethod
    def kill(self) -> None:
        """End the program without warning (SIGKILL); harmless if it has ended."""

    @abstractmethod
    def stop(self, slowness: float = 1.0) -> None:
        """Ask the program to end (SIGTERM), and kill it if it does not within its grace period.

        Args:
            slowness: how many times as long that is because the machine is slow.
        """

    @abstractmethod
    def start(self) -> None:
        """Restart the ended program: same name, address and port, new console.

        It finds in the folders that its profile keeps what it left there, and everything else as at
        its first start.

        The old console must not be in use any more; `attach` returns the new one.

        Raises:
            EngineError: it runs, cannot be started, or has another address now.
        """

    @abstractmethod
    def pause(self) -> None:
        """Freeze the program until `resume`.

        Raises:
            EngineError: it does not run.
        """

    @abstractmethod
    def resume(self) -> None:
        """Continue a paused program.

        Raises:
            EngineError: it is not paused.
        """

    @abstractmethod
    def memory(self) -> int | None:
        """Return the bytes of memory in use; None if it does not run."""

    @abstractmethod
    def sockets(self, *, quick: bool = False) -> Sequence[TcpSocket] | None:
        """Return the program's TCP sockets, as the kernel lists them; None if that is unknown.

        If `quick`, also None if it would take longer than a few milliseconds.
        """

    @abstractmethod
    def leftovers(self) -> Sequence[TcpSocket]:
        """Return the TCP sockets that processes of a program that has ended still have."""

    @abstractmethod
    def blocking(self) -> Sequence[TcpSocket]:
        """Return what still occupies the port of a program that has ended.

        These are connections that the kernel finishes. While there are any, a program can bind
        the port only with SO_REUSEADDR. None are returned if that is unknown.
        """

    def host_pid(self) -> int | None:
        """Return the program's process on this machine; None if it does not run here."""
        return None

    def activity(self) -> Activity | None:
        """Return what the program does at this moment; None if the kernel here does not say."""
        return None

    def health(self) -> HealthCheck | None:
        """Return what its own health check says; None if it has none, or does not run."""
        return None

    def connections(self) -> int | None:
        """Return the number of established TCP connections; None if that is unknown."""
        sockets = self.sockets()
        return None if sockets is None else sum(s.state == "ESTABLISHED" for s in sockets)

    def listens(self) -> bool | None:
        """Return whether a socket takes connections or datagrams on its port; None if unknown."""
        sockets = self.sockets()
        if sockets is None:
            return None
        if any(s.state == "LISTEN" and s.local[1] == self.port for s in sockets):
            return True
        pid = self.host_pid()
        return pid is not None and kernel_sockets.takes_datagrams(self.port, pid)


class Engine(ABC):
    """Starts the peers of one or more runs. Leaving its `with` block removes them all.

    Not thread-safe, except for `cancel`.
    """

    name: str  # ``docker`` or ``process``
    version: str  # the version of Docker or Python
    image: str = ""  # name and id of the image that was started last; empty without images
    canary: Canary | None = None  # see `bring_canary`

    def __init__(self, cancel: CancelToken | None = None) -> None:
        self.cancel = cancel or CancelToken()  # once set, no further peer is started
        self._has_canary = False

    @abstractmethod
    def reserve(self, profiles: Mapping[str, Profile]) -> None:
        """Give new peers their addresses and ports before the first of them is started.

        So the start command of each can name all others, whatever program they run. What was
        reserved before and not used is free again.

        Args:
            profiles: those of the peers' programs, by the peers' names.

        Raises:
            EngineError: there are not enough addresses or ports.
        """

    @abstractmethod
    def start(
        self,
        names: Sequence[str],
        profile: Profile,
        say: Say,
        restarted: Collection[str] = (),
        among: Sequence[str] = (),
    ) -> list[Peer]:
        """Start another peer for each name, with consoles attached from the first byte.

        Args:
            names: of the peers.
            profile: of their program.
            say: called with a line for each phase.
            restarted: the names of those that must keep their network when they are restarted.
            among: all peers of the run in order, those that are reserved or run already included;
                by default these and the new ones.

        Raises:
            EngineError: they cannot be started, or a name is taken; none of them is left, and
                earlier peers run on.
            CancelledError: the run was cancelled; likewise.
        """

    def stage(self, stack: Stack, profiles: Mapping[str, Profile], say: Say) -> None:
        """Create the services of a Compose file, with addresses and ports; see `reserve`.

        `start` then starts these under the peers' names, each once what it waits for is so. They
        are gone when they are discarded, and so is all else that belongs to them.

        Args:
            stack: the services.
            profiles: how to read them, by the peers' names.
            say: called with a line for each phase.

        Raises:
            EngineError: this engine has no containers, or Compose cannot create them.
        """
        raise EngineError(
            f"the {self.name} engine cannot run {stack.path}: its services are containers",
            hint="take --engine docker",
        )

    def bring_canary(self) -> None:
        """Have what judging takes beside the peers, from the next start to `close`.

        That is a canary. On Docker it is also a server that answers for unknown names at once.
        """
        self._has_canary = True

    @property
    def slowness(self) -> float:
        """How many times slower than usual programs are at the moment; 1 if that is not known."""
        return self.canary.slowness if self.canary else 1.0

    def require_network(self) -> None:
        """Refuse to go on if the lab's own network carries nothing.

        Raises:
            NetworkError: it does not; the message says what may be wrong.
        """
        if self.canary:
            self.canary.require()

    def _end_canary(self) -> None:
        canary, self.canary = self.canary, None
        if canary:
            canary.close()

    def require(self, demand: Demand) -> None:
        """Refuse a run for which the machine has too little.

        Raises:
            ShortageError: it says what is short, and how to get more.
        """
        resources.require(demand, [*resources.of_the_lab(demand), *self._resources(demand)])

    @abstractmethod
    def _resources(self, demand: Demand) -> Iterable[Resource]:
        """Return what peers of this engine need, beside what the lab itself does."""

    @abstractmethod
    def discard(self, peers: Iterable[Peer]) -> None:
        """End peers for good, without warning. Their consoles must not be in use any more.

        Their names are free when this returns.
        """

    def keep(self) -> None:
        """Leave the peers running: `close` removes nothing after this.

        Raises:
            EngineError: the engine was not started with that option.
        """
        raise EngineError(f"the {self.name} engine was not started to keep its peers")

    @abstractmethod
    def network(self, peers: Sequence[Peer]) -> Network:
        """Return the network between these peers, with all links clear.

        Cheap: what shapes it is started when first needed.
        """

    @property
    def facts(self) -> dict[str, str]:
        """What the record of a run says about its engine."""
        return {"name": self.name, "version": self.version, "image": self.image}

    @abstractmethod
    def close(self) -> None:
        """Remove everything that this engine created; harmless when repeated."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
