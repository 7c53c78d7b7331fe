"""The mesh that people use by hand: started and stopped by Docker Compose, v1 or v2."""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from orchestrator import command, definition
from orchestrator.engines import reaper as leftovers
from orchestrator.engines.base import Progress, Say
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker import peer as docker_peer
from orchestrator.engines.docker import subnet as docker_subnet
from orchestrator.engines.docker.mesh_network import MeshNetwork, remove_mesh_sidecars
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.docker.subnet import Subnet
from orchestrator.errors import QUOTED_LINES, EngineError, LabError, quote
from orchestrator.image import ensure_image
from orchestrator.mesh.by_hand import ByHand
from orchestrator.paths import ROOT
from orchestrator.profile import Profile, Reader
from orchestrator.scenario.values import among
from orchestrator.text import count

Ready = Callable[[str], object | None]
"""Tells of a line whether it says that a peer is ready."""

_PROJECT = "peerlab"
_LABEL = "peerlab.mesh"
_FIXED = "peerlab.fixed"  # label on a network whose subnet the lab has named
_COMPOSE = "com.docker.compose"  # what Compose's own labels begin with
_VARIANTS = (("docker", "compose"), ("docker-compose",))  # v2 is preferred
_TIMEOUT = 300  # seconds
_HINT = "a container or network of that name that is not the lab's must be removed first"
_POLL = 0.05  # seconds between two looks at the logs


class Mesh:
    """The peers of compose.yaml, and as many more as are asked for.

    Args:
        profile: what the peers look like.
        say: told what killed runs had left behind, which is removed first.

    Raises:
        EngineError: Docker does not answer.
    """

    def __init__(self, profile: Profile, say: Say = lambda _: None) -> None:
        self._profile = profile
        self._file = definition.load()
        leftovers.remove_processes(say)
        self._client = docker_client.connect()
        leftovers.remove_things(self._client, say)

    def peers(self) -> list[DockerPeer]:
        """Return the peers that exist, by name."""
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

    def faults(self) -> ByHand:
        """Return what is broken between the peers, and what breaks more.

        Raises:
            EngineError: the sidecars that hold it do not answer.
        """
        peers = self.peers()
        return ByHand([peer.name for peer in peers], MeshNetwork(self._client, peers))

    def forget_faults(self) -> None:
        """Let nothing hold any more, and remove what held it."""
        remove_mesh_sidecars(self._client, self.peers())

    def up(self, number: int, progress: Progress) -> list[DockerPeer]:
        """Make the mesh have exactly so many peers, ready to talk; return them.

        Raises:
            LabError: it cannot be started, or a peer does not become ready.
        """
        ensure_image(progress.phase, ROOT)
        wanted = definition.names(number)
        for peer in self.peers():
            if peer.name not in wanted:
                progress.phase(f"removing {peer.name}")
                peer.remove()
        places = self._places(wanted)
        progress.phase(f"starting {count(number, 'peer')}")
        with self._services(places) as file:
            _compose(file, "up", "-d", "--no-build", *wanted)
        peers = self.peers()
        self._await_ready(peers, progress)
        return peers

    def _places(self, names: Sequence[str]) -> dict[str, str]:
        """Return the address that each peer is to have, empty where it cannot be fixed."""
        subnet = self._subnet()
        if subnet is None:
            return dict.fromkeys(names, "")
        places = dict(zip(names, subnet.first(len(names)), strict=True))
        for peer in self.peers():  # as Compose alone has started them
            if peer.address != places[peer.name]:
                peer.remove()  # or it may have another's address
        return places

    def _subnet(self) -> Subnet | None:
        """See to the mesh's network; return its subnet if peers can have fixed addresses.

        They cannot on a network that Compose alone has made, which stays while anybody is
        on it. The lab's own carries the labels by which Compose finds its networks.
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
    def _services(self, places: Mapping[str, str]) -> Iterator[str]:
        """Yield the file to hand to Compose: its peers are extended from compose.yaml's."""
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
                "networks": {key: {"ipv4_address": place} if place else {}},
            }
            for name, place in places.items()
        }
        # Not Compose's to make or change: 1.29 fails where it compares two subnets.
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
        """Remove the mesh, and what runs that have ended have kept; return how many peers."""
        if kept := self.remove_kept():
            progress.phase(f"removed what runs have kept: {count(kept, 'peer')}")
        there = len(self.peers())
        if there:
            progress.phase(f"removing {count(there, 'peer')}")
        self.forget_faults()
        _compose(str(definition.COMPOSE_FILE), "down", "--remove-orphans")
        return kept + there

    def remove_kept(self) -> int:
        """Remove what runs that have ended have kept, and nothing else; return how many peers."""
        return docker_client.remove_kept(self._client)


def _is_ready(peer: DockerPeer, ready: Ready, deadline: float) -> bool:
    """Tell whether a peer has said that it is ready; raise where it will not."""
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
    """Return the words that start Compose here.

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
    """Return the command that puts this terminal on a peer's console."""
    return ["docker", "attach", name]
