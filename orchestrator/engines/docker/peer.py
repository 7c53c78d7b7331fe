"""One peer in one container."""

from __future__ import annotations

import contextlib
import re
import socket
import time
from pathlib import Path
from typing import Any

from orchestrator.engines.base import Peer, Status, require
from orchestrator.engines.docker.client import (
    Client,
    MissingError,
    attach,
    remove_container,
    translated,
)
from orchestrator.engines.endpoints import plain
from orchestrator.errors import BuildError, EngineError

_POLL = 0.02  # seconds
_FROZEN_WITHIN = 5.0  # seconds
_NO_SUCH_PROGRAM = re.compile(r"OCI runtime create failed.*\bexec: ")
_ALIVE = ("running", "paused")
_ESTABLISHED = "01"  # Linux, proc(5): the column `st` of /proc/net/tcp
_READ_TABLES = (
    "import pathlib\n"
    "for n in 'tcp', 'tcp6':\n"
    " p = pathlib.Path('/proc/net', n)\n"
    " print(p.read_text() if p.exists() else '')"
)


class DockerPeer(Peer):
    """One container.

    Args:
        client: the engine.
        name: the peer's name in the scenario.
        container: the container's id.
        handle: the container's name.
    """

    def __init__(self, client: Client, name: str, container: str, handle: str) -> None:
        self._client = client
        self._api: Any = client.api
        self.name, self.container, self.handle = name, container, handle
        self.address, self.port = "", 0
        self._stream: Any = None

    @property
    def addresses(self) -> frozenset[str]:
        """The container's only address, beside the loopback one."""
        return frozenset({self.address})

    def has(self, address: str, port: str) -> bool:
        """Return whether this is the container's address, which no other program shares."""
        return plain(address) == self.address

    def attach(self) -> int:
        """Return the attached stream's descriptor: a connection to Docker, without a process."""
        if self._stream is None:
            with translated(f"{self.name}: cannot attach to its console"):
                self._stream = attach(self._client, self.container)
        return int(self._stream.fileno())

    def detach(self) -> None:
        """Close the attached stream."""
        if self._stream is not None:
            with contextlib.suppress(OSError):
                self._stream._sock.shutdown(socket.SHUT_RDWR)
            # The response first: it shares a file with the stream and flushes it.
            self._stream._response.close()
            self._stream.close()
            self._stream = None

    def launch(self) -> None:
        """Attach, start the container and read its address."""
        self.attach()
        try:
            with translated(f"{self.name} cannot be started"):
                self._api.start(self.container)
                self.address = address_of(self._inspect())
        except EngineError as error:
            if _NO_SUCH_PROGRAM.search(error.what):
                raise BuildError(error.what, hint="see `start` in its profile") from error
            raise

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
        """Send SIGKILL."""
        with translated(f"{self.name} cannot be killed"):
            self._api.kill(self.container)

    def stop(self) -> None:
        """Send SIGTERM, and SIGKILL after the grace period."""
        with translated(f"{self.name} cannot be stopped"):
            self._api.stop(self.container)

    def start(self) -> None:
        """Start the same container again; it keeps an address that was asked for."""
        require(self.name, self.status(), "exited", "started")
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
        """Remove the container, running or not."""
        with translated(f"{self.name} cannot be removed"):
            remove_container(self._client, self.container)

    def memory(self) -> int | None:
        """Return the bytes in use without the page cache, as `docker stats` does."""
        try:
            with translated(f"{self.name}: no statistics"):
                stats = self._api.stats(self.container, stream=False, one_shot=True)
        except EngineError:
            if self.status().state == "running":
                raise
            return None  # it ended or was removed meanwhile
        memory = stats.get("memory_stats", {})
        if "usage" not in memory:
            return None
        return int(memory["usage"]) - int(memory.get("stats", {}).get("inactive_file", 0))

    def connections(self) -> int | None:
        """Return the number of established connections in the container's namespace."""
        try:
            with translated(f"{self.name} cannot be inspected"):
                state = self._inspect()["State"]
        except EngineError:
            return None
        if not state["Running"]:
            return None
        process = Path(f"/proc/{state['Pid']}")
        try:
            if self.container in (process / "cgroup").read_text():
                tables = [(process / "net" / name).read_text() for name in ("tcp", "tcp6")]
                return sum(map(count_established, tables))
        except OSError:
            pass  # no such process here, or no permission
        return self._connections_from_inside()  # Docker runs on another machine

    def _connections_from_inside(self) -> int | None:
        with contextlib.suppress(EngineError), translated("exec failed"):
            call = self._api.exec_create(self.container, ["python3", "-c", _READ_TABLES])
            return count_established(self._api.exec_start(call["Id"]).decode())
        return None


def count_established(table: str) -> int:
    """Return how many rows of `table`, the text of /proc/net/tcp or tcp6, are established."""
    rows = (line.split() for line in table.splitlines())
    return sum(len(row) > 3 and row[3] == _ESTABLISHED for row in rows)  # noqa: PLR2004 - 4th column


def mesh_peers(client: Client, label: str, port: int) -> list[DockerPeer]:
    """Return the peers of the mesh that Compose started, in the order of their names.

    Args:
        client: the engine.
        label: the label, ``key=value``, of the mesh's containers.
        port: the port that they listen on.
    """
    with translated("the mesh cannot be listed"):
        found = client.api.containers(all=True, filters={"label": label})
    peers = []
    for container in found:
        name = container["Names"][0].removeprefix("/")
        peer = DockerPeer(client, name, container["Id"], handle=name)
        peer.address, peer.port = address_of(container), port
        peers.append(peer)
    return sorted(peers, key=lambda peer: _natural(peer.name))


def address_of(container: dict[str, Any]) -> str:
    """Return a container's present or requested address; empty if there is none."""
    for network in container["NetworkSettings"]["Networks"].values():
        fixed = (network.get("IPAMConfig") or {}).get("IPv4Address", "")
        return str(network["IPAddress"] or fixed)
    return ""


def _natural(name: str) -> list[tuple[str, int]]:
    """Return a sort key that puts peer5 before peer20."""
    parts = re.findall(r"(\D*)(\d*)", name)
    return [(word, int(number or 0)) for word, number in parts]


def logs(peer: DockerPeer) -> str:
    """Return everything that a container has printed."""
    with translated(f"{peer.name}: no log"):
        data: bytes = peer._api.logs(peer.container)
    return data.decode("utf-8", "replace")
