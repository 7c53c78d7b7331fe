"""The mesh for manual use: Docker Compose, v1 or v2, starts and stops it."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from orchestrator import command, definition
from orchestrator.engines.base import Progress, Say
from orchestrator.engines.choose import reap_containers, reap_processes
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker import peer as docker_peer
from orchestrator.engines.docker import subnet as docker_subnet
from orchestrator.engines.docker.mesh_network import (
    MeshNetwork,
    record_file,
    remove_mesh_sidecars,
)
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.docker.subnet import Subnet
from orchestrator.errors import QUOTED_LINES, EngineError, LabError, quote
from orchestrator.image import ensure_image
from orchestrator.mesh.manual_faults import ManualFaults
from orchestrator.paths import ROOT
from orchestrator.profile import Profile, Reader
from orchestrator.scenario.values import among
from orchestrator.text import count

Ready = Callable[[str], object | None]
"""Returns something for a line that says that a peer is ready, else None."""

_PROJECT = "peerlab"
_LABEL = "peerlab.mesh"
_FIXED = "peerlab.fixed"  # label of a network whose subnet the lab chose
_COMPOSE = "com.docker.compose"  # prefix of Compose's own labels
_VARIANTS = (("docker", "compose"), ("docker-compose",))  # v2 first
_TIMEOUT = 300  # seconds
_HINT = "if another container or network has one of these names, remove it first"
_POLL = 0.05  # seconds between two readings of the logs


class Mesh:
    """The peers of compose.yaml, and as many more as are asked for.

    Args:
        profile: the peers' profile.
        say: hears what killed runs left behind; that is removed first.

    Raises:
        EngineError: Docker does not answer.
    """

    def __init__(self, profile: Profile, say: Say = lambda _: None) -> None:
        self._profile = profile
        self._file = definition.load()
        reap_processes(say)
        self._client = docker_client.connect()
        reap_containers(self._client, say)

    def peers(self) -> list[DockerPeer]:
        """Return the peers that exist, in the order of their names."""
        label = f"{_LABEL}={self._file.container.labels[_LABEL]}"
        return docker_peer.mesh_peers(self._client, label, self._profile.port)

    def peer(self, name: str) -> DockerPeer:
        """Return the peer of this name.

        Raises:
            LabError: there is none.
        """
        peers = {peer.name: peer for peer in self.peers()}
        if name not in peers:
            raise LabError(
                f"there is no peer {name!r}{among(name, [*peers])}", hint="peerlab ps shows them"
            )
        return peers[name]

    def faults(self) -> ManualFaults:
        """Return the active faults, to show or change; other commands wait until it is closed.

        Raises:
            LabError: the faults cannot be resumed.
        """
        peers = self.peers()
        containers = {peer.name: peer.container for peer in peers}
        network = MeshNetwork(self._client, peers)
        try:
            return ManualFaults(containers, network, record_file(self._client))
        except BaseException:
            network.close()
            raise

    def forget_faults(self) -> None:
        """Clear all faults, and remove their sidecars and their record."""
        remove_mesh_sidecars(self._client, self.peers())

    def up(self, number: int, progress: Progress) -> list[DockerPeer]:
        """Start or remove peers until there are exactly so many, all ready; return them.

        Raises:
            LabError: it cannot be started, or a peer does not become ready.
        """
        ensure_image(progress.phase, ROOT)
        wanted = definition.names(number)
        for peer in self.peers():
            if peer.name not in wanted:
                progress.phase(f"removing {peer.name}")
                peer.remove()
        addresses = self._place(wanted)
        progress.phase(f"starting {count(number, 'peer')}")
        with self._services(addresses) as file:
            _compose(file, "up", "-d", "--no-build", *wanted)
        peers = self.peers()
        self._await_ready(peers, progress)
        return peers

    def _place(self, names: Sequence[str]) -> dict[str, str]:
        """Return each peer's address, empty if it cannot be fixed; remove peers elsewhere."""
        subnet = self._subnet()
        if subnet is None:
            return dict.fromkeys(names, "")
        addresses = dict(zip(names, subnet.first(len(names)), strict=True))
        for peer in self.peers():  # perhaps started by Compose alone
            if peer.address != addresses[peer.name]:
                peer.remove()  # it may have another's address
        return addresses

    def _subnet(self) -> Subnet | None:
        """Create the mesh's network if needed; return its subnet if addresses can be fixed.

        They cannot on a network that Compose alone created, which stays while containers use
        it. The lab's own has the labels by which Compose finds its networks.
        """
        network = self._file.network
        found = docker_subnet.find_network(self._client, network.name)
        if found and _FIXED in found["Labels"]:
            return Subnet.of(found)
        if found and found["Containers"]:
            return None
        if found:
            docker_client.remove_network(self._client, found["Id"])
        key = self._file.container.networks[0]
        labels = {_FIXED: "yes", f"{_COMPOSE}.project": _PROJECT, f"{_COMPOSE}.network": key}
        return docker_subnet.make_network(
            self._client, network.name, network, network.labels | labels
        )

    @contextlib.contextmanager
    def _services(self, addresses: Mapping[str, str]) -> Iterator[str]:
        """Yield a file for Compose whose peers extend those in compose.yaml."""
        path, (first, *_) = str(definition.COMPOSE_FILE), self._file.services
        key = self._file.container.networks[0]
        services = {
            name: {
                "extends": {
                    "file": path,
                    "service": name if name in self._file.services else first,
                },
                "container_name": name,
                "hostname": name,
                "networks": {key: {"ipv4_address": address} if address else {}},
            }
            for name, address in addresses.items()
        }
        # External, so that Compose does not compare subnets, at which 1.29 fails.
        networks = {key: {"external": True, "name": self._file.network.name}}
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            json.dump({"services": services, "networks": networks}, file)  # JSON is YAML
            file.flush()
            yield file.name

    def _await_ready(self, peers: Sequence[DockerPeer], progress: Progress) -> None:
        ready = Reader(self._profile).ready
        deadline = time.monotonic() + self._profile.ready_within
        waiting = list(peers)
        while waiting:
            progress.step(f"waiting for {len(waiting)} of {count(len(peers), 'peer')}")
            waiting = [peer for peer in waiting if not _is_ready(peer, ready, deadline)]
            if waiting:
                time.sleep(_POLL)

    def down(self, progress: Progress) -> int:
        """Remove the mesh and what ended runs kept; return the number of peers."""
        if kept := self.remove_kept():
            progress.phase(f"removed what runs had kept: {count(kept, 'peer')}")
        there = len(self.peers())
        if there:
            progress.phase(f"removing {count(there, 'peer')}")
        self.forget_faults()
        _compose(str(definition.COMPOSE_FILE), "down", "--remove-orphans")
        return kept + there

    def remove_kept(self) -> int:
        """Remove only what ended runs kept; return the number of peers."""
        return docker_client.remove_kept(self._client)


def _is_ready(peer: DockerPeer, ready: Ready, deadline: float) -> bool:
    """Return whether a peer has said that it is ready; raise if it will not."""
    log = docker_peer.logs(peer)
    if any(ready(line) is not None for line in log.splitlines()):
        return True
    status = peer.status()
    if status.state == "running" and time.monotonic() < deadline:
        return False
    shown = quote(log.splitlines()[-QUOTED_LINES:])
    raise EngineError(
        f"{peer.name} did not become ready: {status.phrase}; it showed:{shown}",
        hint=f"docker logs {peer.name}",
    )


def _compose(file: str, *words: str) -> None:
    folder = ["--project-directory", str(ROOT)]
    called = [*find(), "-p", _PROJECT, *folder, "-f", file, *words]
    command.run(*called, seconds=_TIMEOUT, hint=_HINT)


def find() -> list[str]:
    """Return the command that is Compose here.

    Raises:
        LabError: there is none.
    """
    for words in _VARIANTS:
        with contextlib.suppress(LabError):
            command.run(*words, "version", "--short", seconds=_TIMEOUT)
            return list(words)
    raise LabError(
        "neither `docker compose` nor `docker-compose` works here",
        hint="install Docker Compose: on Debian and Ubuntu `apt install docker-compose`",
    )


def attach_command(name: str) -> list[str]:
    """Return the command that attaches this terminal to a peer's console."""
    return ["docker", "attach", name]
