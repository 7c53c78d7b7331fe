"""The interface of every engine. The rest of the orchestrator knows nothing else of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from orchestrator.cancel import CancelToken
from orchestrator.errors import EngineError
from orchestrator.faults.effect import Effect, Link
from orchestrator.faults.probe import Measured, Probe
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

    @property
    def clause(self) -> str:
        """The status behind the name of a peer: `is paused`, `exited with status 0`."""
        return self.phrase if self.state == "exited" else f"is {self.phrase}"


class Peer(ABC):
    """One running program.

    Attributes:
        name: as the scenario calls it.
        address: where other peers dial it.
        port: the port that it listens on.
        handle: by which other tools find it: the container's name, or the process's id.
    """

    name: str
    address: str
    port: int
    handle: str

    @property
    @abstractmethod
    def addresses(self) -> frozenset[str]:
        """The texts that are right where the program is asked for its own address."""

    @property
    def source(self) -> str:
        """The address from which a relay dials in its place, which is nobody else's."""
        return self.address

    @abstractmethod
    def has(self, address: str, port: str) -> bool:
        """Tell whether an endpoint, as somebody's list shows it, is this peer's.

        Any of its TCP sockets will do, not only the one that it listens on. Of a peer that
        has ended, those count that it had last.
        """

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
    def start(self) -> None:
        """Start the program again after its end: same name, address and port, a new console.

        Whoever read the old console has let go of it; `attach` gives the new one.

        Raises:
            EngineError: it runs, or cannot be started, or is at another address now.
        """

    @abstractmethod
    def pause(self) -> None:
        """Hold the program still: it does nothing more until `resume`.

        Raises:
            EngineError: it does not run.
        """

    @abstractmethod
    def resume(self) -> None:
        """Let a program that was paused go on.

        Raises:
            EngineError: it is not paused.
        """

    @abstractmethod
    def memory(self) -> int | None:
        """Return the bytes of memory in use, None when it does not run."""

    @abstractmethod
    def connections(self) -> int | None:
        """Return how many TCP connections are established, None when nobody can tell."""


class Lapse(str):
    """A sentence that says what has not held all the time.

    Args:
        said: the sentence.
        peer: at whose network it did not hold; empty for all of them.
    """

    __slots__ = ("peer",)
    peer: str

    def __new__(cls, said: str, peer: str = "") -> Self:
        """Return the sentence."""
        one = super().__new__(cls, said)
        one.peer = peer
        return one


class Network(ABC):
    """The network between peers, which can be cut and bent. Any thread may use it."""

    @abstractmethod
    def mechanisms(self) -> Mapping[str, str]:
        """Return by what means each feature of `FEATURES` is brought about here.

        A feature that is missing cannot be done; `lacks` says why.
        """

    @abstractmethod
    def unsupported(self) -> Mapping[str, str]:
        """Return why features cannot be done here, by feature."""

    @abstractmethod
    def notes(self) -> Mapping[str, str]:
        """Return what somebody should know who uses some features, by feature."""

    @abstractmethod
    def shape(self, effects: Mapping[Link, Effect]) -> None:
        """Let these effects hold from now on, and no others: all other links are straight.

        Raises:
            EngineError: it cannot be done; what holds then is uncertain.
        """

    @abstractmethod
    def refresh(self) -> None:
        """Let what was asked for last hold at peers, too, that were started since.

        A peer that does not run when the network is bent is left out; one that was started
        again has a new network, which is straight. Cheap where nothing is bent.

        Raises:
            EngineError: it cannot be done; what holds then is uncertain.
        """

    @abstractmethod
    def measure(self, probes: Mapping[Link, Probe]) -> dict[Link, Measured]:
        """Send probes over links, all at the same time; return what arrived.

        Raises:
            EngineError: nobody can tell.
        """

    @abstractmethod
    def lapses(self) -> list[Lapse]:
        """Return, in a sentence each, what has not held all the time since it was asked for.

        Such as a sidecar that was killed. Each is told once.
        """

    @abstractmethod
    def dialled(self, dialler: str, to: str) -> tuple[str, int]:
        """Return the address and port at which a peer dials another now."""

    @abstractmethod
    def close(self) -> None:
        """Make every link straight and remove whatever was needed; harmless when done twice."""


class Engine(ABC):
    """A place for the peers of one or more runs. Use it in a `with` block: leaving removes all.

    Not thread-safe, but for `stop`: one thread at a time has an engine.

    Attributes:
        name: ``docker`` or ``process``.
        version: of whatever does the work.
        image: the name and id of the image that was started last; empty where there are none.
        stop: once it is set no further peer is started.
    """

    name: str
    version: str
    image: str = ""

    def __init__(self, stop: CancelToken | None = None) -> None:
        self.stop = stop or CancelToken()

    @abstractmethod
    def start(self, names: Sequence[str], profile: Profile, say: Say) -> list[Peer]:
        """Start one more peer for each name, consoles attached from their first byte.

        Raises:
            EngineError: they cannot be started, or one of that name is there; nothing is
                left of any, and those started before run on.
            StoppedError: somebody asked to give up; the same holds.
        """

    @abstractmethod
    def discard(self, peers: Iterable[Peer]) -> None:
        """End peers for good, without warning; whoever reads their consoles has let go.

        When this returns, their names may be used again.
        """

    def keep(self) -> None:
        """Let go of the peers and leave them running: `close` removes nothing after this.

        Raises:
            EngineError: this engine was not told at the start that they are to be kept.
        """
        raise EngineError(f"the {self.name} engine was not started to keep its peers")

    @abstractmethod
    def network(self, peers: Sequence[Peer]) -> Network:
        """Return the network between these peers of this engine, straight as it is.

        Cheap: what is needed to bend it is brought when it is first bent.
        """

    @property
    def facts(self) -> dict[str, str]:
        """What a run's record says of its engine."""
        return {"name": self.name, "version": self.version, "image": self.image}

    @abstractmethod
    def close(self) -> None:
        """Remove everything that this engine created; harmless when done twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def refuse_taken(names: Iterable[str], peers: Iterable[Peer]) -> None:
    """Raise an `EngineError` where one of `names` is one of `peers` already, or comes twice."""
    taken = {peer.name for peer in peers}
    for name in names:
        if name in taken:
            raise EngineError(f"{name}: a peer of that name is there already")
        taken.add(name)


def folder_of(profile: Profile) -> Path | None:
    """Return the program's folder, None for a program that brings none.

    Raises:
        EngineError: there is no such folder.
    """
    if profile.start.folder is None:
        return None
    folder = Path(profile.start.folder)
    if not folder.is_dir():
        raise EngineError(f"{folder} is no folder", hint=f"see `start` in {profile.name}")
    return folder
