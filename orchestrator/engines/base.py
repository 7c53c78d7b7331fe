"""The interface of every engine; the rest of the orchestrator uses nothing else of them."""

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
"""Called with a short line for each phase of something slow."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Callbacks for progress: each phase, and each small step of a phase."""

    phase: Say
    step: Say


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
    """Raise an `EngineError` unless a peer is in the state that an action needs.

    Args:
        name: the peer's name.
        status: its status.
        wanted: the state that it must be in.
        action: what is to be done to it, such as ``started``.
    """
    if status.state != wanted:
        hint = "" if status.state == "removed" else _REMEDIES[wanted]
        raise EngineError(f"{name} cannot be {action}: it {status.clause}", hint=hint)


def require_alive(name: str, status: Status, action: str) -> None:
    """Raise an `EngineError` if a peer has ended; see `require`."""
    if status.state not in ("running", "paused"):
        require(name, status, "running", action)


class Peer(ABC):
    """One running program.

    Attributes:
        name: its name in the scenario.
        address: the address that other peers dial.
        port: the port that it listens on.
        handle: what other tools call it: the container's name or the process's id.
    """

    name: str
    address: str
    port: int
    handle: str

    @property
    @abstractmethod
    def addresses(self) -> frozenset[str]:
        """The right answers to the question for its own address."""

    @property
    def source(self) -> str:
        """The address, no other peer's, from which a relay dials on its behalf."""
        return self.address

    @abstractmethod
    def has(self, address: str, port: str) -> bool:
        """Return whether an endpoint, as some program lists it, is this peer's.

        Any of its TCP sockets counts, not only the listening one; for a peer that has ended,
        those that it had last.
        """

    @abstractmethod
    def attach(self) -> int:
        """Return a descriptor that reads and writes the console."""

    @abstractmethod
    def status(self) -> Status:
        """Return the program's status."""

    @abstractmethod
    def await_end(self, timeout: float) -> Status:
        """Return the status once the program has ended, or after `timeout` seconds."""

    @abstractmethod
    def kill(self) -> None:
        """End the program without warning (SIGKILL)."""

    @abstractmethod
    def stop(self) -> None:
        """Ask the program to end (SIGTERM), and kill it if it does not."""

    @abstractmethod
    def start(self) -> None:
        """Restart the ended program: same name, address and port, new console.

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
    def connections(self) -> int | None:
        """Return the number of established TCP connections; None if that is unknown."""


@dataclass(frozen=True, slots=True)
class Lapse:
    """A time when a fault did not apply though it should have.

    Attributes:
        what: a sentence about it.
        peer: the peer whose links lapsed; empty for all of them.
    """

    what: str
    peer: str = ""

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

    @abstractmethod
    def close(self) -> None:
        """Clear every link and remove what shaped them; harmless when repeated."""


class Engine(ABC):
    """Starts the peers of one or more runs. Leaving its `with` block removes them all.

    Not thread-safe, except for `cancel`.

    Attributes:
        name: ``docker`` or ``process``.
        version: the version of Docker or Python.
        image: name and id of the image that was started last; empty without images.
        cancel: once set, no further peer is started.
    """

    name: str
    version: str
    image: str = ""

    def __init__(self, cancel: CancelToken | None = None) -> None:
        self.cancel = cancel or CancelToken()

    @abstractmethod
    def start(self, names: Sequence[str], profile: Profile, say: Say) -> list[Peer]:
        """Start another peer for each name, with consoles attached from the first byte.

        Raises:
            EngineError: they cannot be started, or a name is taken; none of them is left, and
                earlier peers run on.
            CancelledError: the run was cancelled; likewise.
        """

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


def refuse_taken(names: Iterable[str], peers: Iterable[Peer]) -> None:
    """Raise an `EngineError` if one of `names` belongs to one of `peers` or occurs twice."""
    taken = {peer.name for peer in peers}
    for name in names:
        if name in taken:
            raise EngineError(f"{name}: a peer of that name is there already")
        taken.add(name)


def folder_of(profile: Profile) -> Path | None:
    """Return the program's folder; None if it brings none.

    Raises:
        EngineError: there is no such folder.
    """
    if profile.start.folder is None:
        return None
    folder = Path(profile.start.folder)
    if not folder.is_dir():
        raise EngineError(f"{folder} is no folder", hint=f"see `start` in {profile.name}")
    return folder
