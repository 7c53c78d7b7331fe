"""The containers and the network of one mesh for manual use, found by their label.

What does not carry the label is neither used nor changed nor removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from orchestrator import definition
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker import sandbox
from orchestrator.engines.docker import subnet as docker_subnet
from orchestrator.engines.docker.client import PEER, Client, ConflictError, MissingError, translated
from orchestrator.engines.docker.mesh_changes import MESH, changing, sweep_changes
from orchestrator.engines.docker.peer import DockerPeer, address_of, natural
from orchestrator.engines.docker.sandbox import PeerImage, Place
from orchestrator.engines.docker.subnet import Subnet
from orchestrator.parallel import map_parallel
from orchestrator.paths import ROOT, user
from orchestrator.profile import Profile

DEFAULT = "default"  # the name of a mesh that was given none
_BY_COMPOSE = "compose"  # the label's value in compose.yaml
_DEFINITION = "peerlab.definition"  # label of a peer: a digest of what it was made from
_COMPOSE = "com.docker.compose"  # prefix of Compose's own labels
_ALIVE = ("running", "paused")


@dataclass(frozen=True, slots=True)
class MeshId:
    """Whose mesh: each user may have several in each checkout."""

    name: str = DEFAULT  # unique for the user and the checkout
    user: int = field(default_factory=user)  # the user's number
    checkout: Path = ROOT  # the folder of the lab

    @property
    def label(self) -> str:
        """The label's value."""
        return f"{self.user}:{self.name}:{self.checkout}"

    @property
    def key(self) -> str:
        """Eight hexadecimal digits that differ from other meshes'."""
        return hashlib.sha256(self.label.encode()).hexdigest()[:8]


class MeshPeer(DockerPeer):
    """A peer of a mesh."""

    def __init__(self, client: Client, found: dict[str, Any], port: int) -> None:
        labels, handle = found["Labels"], found["Names"][0].removeprefix("/")
        name = labels.get(PEER) or labels.get(f"{_COMPOSE}.service") or handle
        super().__init__(client, name, found["Id"], handle)
        networks = found["NetworkSettings"]["Networks"]
        self.network_name = next(iter(networks), "")  # empty if it is on none
        # the id of its network; empty too if it was never started
        self.network = str(networks[self.network_name]["NetworkID"]) if networks else ""
        self.address, self.port = address_of(found), port
        self.made_from = labels.get(_DEFINITION, "")  # a digest of its image and its definition
        # whether Docker ended while it removed it: all that can be done is to remove it again
        self.is_dead = found["State"] in ("dead", "removing")
        # whether Compose created it, from compose.yaml
        self.by_compose = labels[MESH] == _BY_COMPOSE


class MeshPeers:
    """The peers of one mesh, and their network."""

    def __init__(self, client: Client, mesh: MeshId, profile: Profile) -> None:
        self._client, self._mesh, self._profile = client, mesh, profile
        self._labels = {MESH: mesh.label}
        self._mark: dict[str, str] = {}  # labels of what is created now

    def all(self) -> list[MeshPeer]:
        """Return all that exist, in the order of their names.

        Compose's by hand are the default mesh of every user of the checkout.
        """
        wanted = [[f"{MESH}={self._mesh.label}"]]
        if self._mesh.name == DEFAULT:
            checkout = f"{_COMPOSE}.project.working_dir={self._mesh.checkout}"
            wanted.append([f"{MESH}={_BY_COMPOSE}", checkout])
        with translated("the mesh cannot be listed"):
            found = [
                MeshPeer(self._client, container, self._profile.port)
                for labels in wanted
                for container in self._client.api.containers(all=True, filters={"label": labels})
            ]
        return sorted(found, key=lambda peer: natural(peer.name))

    @contextlib.contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Remove what is created inside if that fails, is interrupted or is killed.

        Lock the mesh first: what a killed command left of it goes now; nothing may build on that.
        """
        sweep_changes(self._client)
        with changing(self._client, self._mesh.label) as mark:
            self._mark = mark
            yield

    def complete(self, names: Sequence[str], compose: definition.ComposeFile, image: str) -> None:
        """Have one peer of each name run, as it is defined now. Use `all_or_nothing`.

        Raises:
            EngineError: one cannot be created or started.
        """
        network, subnet = self._network(compose.network)
        addresses = dict(zip(names, subnet.first(len(names)), strict=True))
        api: Any = self._client.api
        with translated(f"there is no {image}"):
            made_of = PeerImage.of(image, api.inspect_image(image))
        parts = repr((made_of, compose.container, self._profile.start)).encode()
        labels = self._labels | {_DEFINITION: hashlib.sha256(parts).hexdigest()}

        def fits(peer: MeshPeer) -> bool:
            is_there = (peer.network, peer.address) == (network, addresses[peer.name])
            return is_there and peer.made_from == labels[_DEFINITION] and not peer.is_dead

        there = self._one_each([peer for peer in self.all() if peer.name in addresses], fits)

        def ensure(name: str) -> None:
            if name not in there:
                own = labels | self._mark | {PEER: name}
                options = compose.container.dns_opt
                place = Place(name, own, network, addresses[name], dns_options=options)
                self._create(name, compose.container, made_of, place)
            elif there[name].status().state not in _ALIVE:
                there[name].start()
                there[name].detach()

        map_parallel(ensure, names)
        self._remove_other_networks(network)

    def _one_each(
        self, peers: Sequence[MeshPeer], fits: Callable[[MeshPeer], bool]
    ) -> dict[str, MeshPeer]:
        """Return a peer of each name that fits; remove the others, which may have its address."""
        there: dict[str, MeshPeer] = {}
        for peer in peers:
            if not fits(peer) or there.setdefault(peer.name, peer) is not peer:
                peer.remove()
        return there

    def _create(
        self, name: str, spec: definition.ContainerSpec, image: PeerImage, place: Place
    ) -> None:
        """Create and start a peer. Its container has the peer's name if that is free."""
        with translated(f"{name}: no container"):
            try:
                with translated(f"{name}: no container"):
                    made = sandbox.create(self._client, name, self._profile, spec, image, place)
            except ConflictError:
                place = replace(place, handle=f"{name}-{self._mesh.key[:4]}")
                made = sandbox.create(self._client, name, self._profile, spec, image, place)
        peer = DockerPeer(self._client, name, made, place.handle)
        peer.launch()
        peer.detach()

    def _network(self, spec: definition.NetworkSpec) -> tuple[str, Subnet]:
        """Return the id and the subnet of the mesh's network, created if needed."""
        if not self._networks():
            # Docker starts no container on a network whose name another one has.
            name = f"peerlab-mesh-{self._mesh.name}-{secrets.token_hex(3)}"
            docker_subnet.make_network(self._client, name, spec, self._labels | self._mark)
        first, *_ = self._networks()
        return first["Id"], Subnet.of(first)

    def _networks(self) -> list[dict[str, Any]]:
        wanted = {"label": f"{MESH}={self._mesh.label}"}
        with translated("the mesh's network cannot be listed"):
            return sorted(self._client.api.networks(filters=wanted), key=lambda one: one["Created"])

    def _remove_other_networks(self, kept: str) -> None:
        with translated("a second network of the mesh cannot be removed"):
            for network in self._networks():
                if network["Id"] != kept:
                    docker_client.remove_network(self._client, network["Id"])

    def remove(self) -> int:
        """Remove all peers and every network of the mesh; return the number of peers.

        If it is killed, the next command removes the rest. Lock the mesh first.
        """
        sweep_changes(self._client)
        peers = self.all()
        composed = self._networks_of_compose(peers)
        doomed = [peer.container for peer in peers] + [one["Id"] for one in self._networks()]
        doomed += composed
        with changing(self._client, self._mesh.label, doomed) if doomed else nullcontext():
            map_parallel(MeshPeer.remove, peers)
            self._remove_other_networks("")
            for network in composed:
                self._remove_network_of_compose(network)
        return len(peers)

    def _networks_of_compose(self, peers: Sequence[MeshPeer]) -> list[str]:
        """Return the ids of the networks that Compose has made for some peers."""
        names = {peer.network_name for peer in peers if peer.by_compose}
        if not names:
            return []
        wanted = {"label": f"{MESH}={_BY_COMPOSE}"}
        with translated("the mesh's network cannot be listed"):
            found = self._client.api.networks(names=[*names], filters=wanted)
        return [one["Id"] for one in found if one["Name"] in names]  # Docker takes parts of names

    def _remove_network_of_compose(self, network: str) -> None:
        """Remove the network of compose.yaml unless others are on it."""
        api: Any = self._client.api
        with contextlib.suppress(MissingError), translated("the mesh's network cannot be removed"):
            if not api.inspect_network(network)["Containers"]:
                docker_client.remove_network(self._client, network)
