"""One peer in one container."""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from orchestrator.engines import kernel_sockets
from orchestrator.engines.activity import Activity
from orchestrator.engines.attachable import ConsoleClient
from orchestrator.engines.base import Peer
from orchestrator.engines.docker import local
from orchestrator.engines.docker.client import (
    Client,
    ConflictError,
    MissingError,
    attach,
    detach,
    remove_container,
    translated,
    watch,
)
from orchestrator.engines.docker.console_client import ClientCommand, ContainerClient
from orchestrator.engines.docker.holder import Holder
from orchestrator.engines.endpoints import TcpSocket, plain
from orchestrator.engines.status import Status, require
from orchestrator.errors import BuildError, EngineError
from orchestrator.image.inside.start import SIZE
from orchestrator.parallel import map_parallel

_POLL = 0.02  # seconds
_FROZEN_WITHIN = 5.0  # seconds
_ENDS_WITHIN = 5.0  # seconds, of a container that Docker says is not running
_GRACE = 10  # seconds: Docker's own, for a container that says nothing else
_NO_SUCH_PROGRAM = re.compile(r"OCI runtime create failed.*\bexec: ")
_ALIVE = ("running", "paused")
NO_NETWORK = "none"  # Docker's name for what a container is on that has no network
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_SHOW_TABLES = """
import os, sys
print(os.getuid(), *(open(one).read() for one in sys.argv[1:] if os.path.exists(one)), sep="\\n")
"""
_READ_TABLES = (  # an image that the lab builds has Python, but perhaps no shell
    ("python3", "-I", "-S", "-c", _SHOW_TABLES, *_TABLES),
    ("sh", "-c", f"id -u; cat {' '.join(_TABLES)} 2>&-"),
)


class DockerPeer(Peer):
    """One container, and perhaps another one that keeps its folders or network."""

    _START_HINT = "see `start` in its profile"
    _has_many_users = False  # whether not all its programs run as the user that starts them

    def __init__(
        self, client: Client, name: str, container: str, handle: str, holder: Holder | None = None
    ) -> None:
        self._client = client
        self._api: Any = client.api
        self.name, self.container, self.handle = name, container, handle
        self.address, self.port = "", 0
        self.networks: Mapping[str, str] = {}
        self.client = ClientCommand()
        self.holder = holder
        self._stream: Any = None
        self._pid = 0  # of its main process, on Docker's machine; 0 while unknown

    @property
    def keeps_network(self) -> bool:
        """Whether its holder keeps it."""
        return self.holder is not None and self.holder.has_network

    @property
    def addresses(self) -> frozenset[str]:
        """The container's addresses, beside the loopback one."""
        return frozenset({self.address, *self.networks.values()}) - {""}

    def has(self, address: str, port: str) -> bool:
        """Return whether this is an address of the container, which no other program shares."""
        return plain(address) in self.addresses

    def attach(self) -> int:
        """Return the attached stream's descriptor: a connection to Docker, without a process."""
        if self._stream is None:
            with translated(f"{self.name}: cannot attach to its console"):
                self._stream = attach(self._client, self.container)
        return int(self._stream.fileno())

    def detach(self) -> None:
        """Close the attached stream."""
        if self._stream is not None:
            detach(self._stream)
            self._stream = None

    def open_client(self) -> ConsoleClient:
        """Run the client in the container, with a terminal."""
        require(self.name, self.status(), "running", "given a client")
        return ContainerClient(self._client, self.name, self.container, self.client)

    def launch(self) -> None:
        """Attach, start the container and read its address."""
        self.attach()
        try:
            with translated(f"{self.name} cannot be started"):
                self._api.start(self.container)
                self._resize()
                found = self._inspect()
                self._pid = found["State"]["Pid"]
                if not self.keeps_network:  # else it is the holder that has an address
                    self._take_addresses(networks_of(found))
        except EngineError as error:
            if _NO_SUCH_PROGRAM.search(error.what):
                raise BuildError(error.what, hint=self._START_HINT) from error
            raise

    def _take_addresses(self, networks: Mapping[str, str]) -> None:
        """Note its addresses. The one at which it is known stays so if it still has it."""
        self.networks = networks
        if self.address not in networks.values():
            self.address = next(filter(None, networks.values()), "")

    def _resize(self) -> None:
        """Give the terminal its size; a program that has ended needs none."""
        with contextlib.suppress(EngineError), translated("no size"):
            self._api.resize(self.container, *SIZE)

    def _inspect(self) -> dict[str, Any]:
        found: dict[str, Any] = self._api.inspect_container(self.container)
        return found

    def status(self) -> Status:
        """Return the container's status."""
        try:
            with translated(f"{self.name} cannot be inspected"):
                state = self._inspect()["State"]
        except MissingError:
            return Status("removed")
        if state["Running"]:
            return Status("paused" if state["Paused"] else "running")
        return Status("exited", state["ExitCode"])

    def await_end(self, timeout: float) -> Status:
        """Return the status once the container has ended, or after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while (status := self.status()).state in _ALIVE and time.monotonic() < deadline:
            left = max(_POLL, deadline - time.monotonic())
            with contextlib.suppress(EngineError), translated("still running"):
                self._api.wait(self.container, timeout=left)
        return status

    def kill(self) -> None:
        """Send SIGKILL; harmless if the container has ended."""
        try:
            with translated(f"{self.name} cannot be killed"):
                self._api.kill(self.container)
        except ConflictError:
            if self.await_end(_ENDS_WITHIN).state != "exited":
                raise

    def stop(self, slowness: float = 1.0) -> None:
        """Send SIGTERM, and SIGKILL after the container's grace period."""
        with translated(f"{self.name} cannot be stopped"):
            grace = self._inspect()["Config"].get("StopTimeout", _GRACE)
            self._api.stop(self.container, math.ceil(grace * slowness) if slowness > 1 else None)

    def start(self) -> None:
        """Start the same container again; it keeps an address that was asked for."""
        require(self.name, self.status(), "exited", "started")
        if self.holder:
            self.holder.require(self._client, self.name)
        before = self.address
        self.detach()
        try:
            self.launch()
            if before not in ("", self.address):
                raise EngineError(
                    f"{self.name} was started at {self.address}, but had {before} before",
                    hint="`peerlab down`, then `peerlab up`: those peers keep their addresses",
                )
        except EngineError:
            self.detach()
            raise

    def pause(self) -> None:
        """Freeze every process in the container."""
        require(self.name, self.status(), "running", "paused")
        deadline = time.monotonic() + _FROZEN_WITHIN
        while True:
            try:
                with translated(f"{self.name} cannot be paused"):
                    self._api.pause(self.container)
            except MissingError:
                raise
            except EngineError:  # "unable to freeze" on a busy machine
                if self.status().state != "running" or time.monotonic() > deadline:
                    raise
                time.sleep(_POLL)
            else:
                return

    def resume(self) -> None:
        """Thaw the container."""
        require(self.name, self.status(), "paused", "resumed")
        with translated(f"{self.name} cannot be resumed"):
            self._api.unpause(self.container)

    def remove(self) -> None:
        """Remove the container, running or not, and what it keeps."""
        containers = [self.container, *([self.holder.container] if self.holder else [])]
        with translated(f"{self.name} cannot be removed"):
            map_parallel(partial(remove_container, self._client), containers)

    def memory(self) -> int | None:
        """Return the bytes in use without the page cache, as `docker stats` does."""
        try:
            with translated(f"{self.name}: no statistics"):
                here = local.memory(self.container, self._inspect()["State"]["Pid"])
                if here is not None:
                    return here
                stats = self._api.stats(self.container, stream=False, one_shot=True)
        except EngineError:
            if self.status().state == "running":
                raise
            return None  # it ended or was removed meanwhile
        memory = stats.get("memory_stats", {})
        if "usage" not in memory:
            return None
        return int(memory["usage"]) - int(memory.get("stats", {}).get("inactive_file", 0))

    def host_pid(self) -> int | None:
        """Return the container's first process, if the engine is on this machine."""
        try:
            with translated(f"{self.name} cannot be inspected"):
                pid = int(self._inspect()["State"]["Pid"])
        except EngineError:
            return None
        return pid if pid and local.is_here(self.container, pid) else None

    def sockets(self, *, quick: bool = False) -> Sequence[TcpSocket] | None:
        """Return the TCP sockets of the container's user, without those of its sidecar."""
        if self._pid and (here := self._sockets_from_here()) is not None:
            return here
        if quick and self._pid:
            return None  # it has ended, or runs on another machine
        try:
            with translated(f"{self.name} cannot be inspected"):
                state = self._inspect()["State"]
        except EngineError:
            return None
        if not state["Running"]:
            return None
        self._pid = state["Pid"]
        here = self._sockets_from_here()
        return self._sockets_from_inside() if here is None and not quick else here

    def _sockets_from_here(self) -> Sequence[TcpSocket] | None:
        return local.sockets(self.container, self._pid, of_many_users=self._has_many_users)

    def _sockets_from_inside(self) -> Sequence[TcpSocket] | None:
        found = map(self._read_tables, _READ_TABLES)
        return next((sockets for sockets in found if sockets is not None), None)

    def _read_tables(self, command: Sequence[str]) -> Sequence[TcpSocket] | None:
        with contextlib.suppress(EngineError), translated("exec failed"):
            call = self._api.exec_create(self.container, command)
            user, _, tables = self._api.exec_start(call["Id"]).decode().partition("\n")
            if user.isdecimal() and kernel_sockets.HEADER in tables:
                rows = kernel_sockets.parse(tables)
                return kernel_sockets.owned(rows, lambda row: row.user == int(user))
        return None

    def activity(self) -> Activity | None:
        """Return what the container's programs do, if the engine is on this machine."""
        return local.activity(self.container, self._pid) if self._pid else None

    def leftovers(self) -> Sequence[TcpSocket]:
        """Return nothing: a container ends with every process in it."""
        return []

    def blocking(self) -> Sequence[TcpSocket]:
        """Return the closing connections in the network that its holder keeps, if that is here."""
        if self.holder is None or not self.holder.has_network:
            return []
        pid = self.holder.pid(self._client)
        return local.closing(self.holder.container, pid, self.port)


def networks_of(container: dict[str, Any]) -> dict[str, str]:
    """Return a container's networks, with its present or requested address; empty if unknown."""
    found = {}
    for name, network in container["NetworkSettings"]["Networks"].items():
        if name != NO_NETWORK:
            fixed = (network.get("IPAMConfig") or {}).get("IPv4Address", "")
            found[name] = str(network["IPAddress"] or fixed)
    return found


def natural(name: str) -> list[tuple[str, int]]:
    """Return a sort key that puts peer5 before peer20."""
    parts = re.findall(r"(\D*)(\d*)", name)
    return [(word, int(number or 0)) for word, number in parts]


def logs(peer: DockerPeer) -> str:
    """Return everything that a container has printed."""
    with translated(f"{peer.name}: no log"):
        data: bytes = peer._api.logs(peer.container)
    return data.decode("utf-8", "replace")


def follow(peer: DockerPeer) -> Iterator[bytes]:
    """Yield everything that a container has printed, and what it prints until it ends.

    Raises:
        EngineError: Docker does not answer, or has ended or stalled.
    """
    with translated(f"{peer.name}: no log"):
        stream = watch(peer._client, peer.container)
    with translated(f"{peer.name}: its log ended"):
        try:
            # The response's own file: it may have read beyond the headers of the response.
            file = stream._response.raw._fp.fp
            while chunk := file.read1():
                yield chunk
        finally:
            detach(stream)
        peer._api.inspect_container(peer.container)  # Docker may have ended, and not the peer
