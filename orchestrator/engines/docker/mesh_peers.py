"""The containers and the network of one mesh for manual use, found by their label.

What does not carry the label is neither used nor changed nor removed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from orchestrator import definition
from orchestrator.cancel import CancelToken
from orchestrator.compose.run_file import RunPlace, to_run
from orchestrator.compose.stack import Stack
from orchestrator.engines.base import Say
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker import echo_switch
from orchestrator.engines.docker import subnet as docker_subnet
from orchestrator.engines.docker.client import PEER, Client, ConflictError, MissingError, translated
from orchestrator.engines.docker.mesh_changes import CHANGED_BY, MESH, changing, sweep_changes
from orchestrator.engines.docker.mesh_holders import MeshHolders, holder_of
from orchestrator.engines.docker.peer import DockerPeer, natural, networks_of
from orchestrator.engines.docker.sandbox import PeerImage, Place, client_command
from orchestrator.engines.docker.services import ServiceProject
from orchestrator.engines.docker.stack_networks import (
    COMPOSE_NETWORK,
    StackNetwork,
    StackNetworks,
    make_networks,
    take_addresses,
)
from orchestrator.engines.docker.subnet import Addresses, Subnet
from orchestrator.engines.starting import PeerAddress, port_of
from orchestrator.owner import Owner
from orchestrator.parallel import map_parallel
from orchestrator.paths import ROOT, user
from orchestrator.profile import Profile

DEFAULT = "default"  # the name of a mesh that was given none
_BY_COMPOSE = "compose"  # the label's value in compose.yaml
_DEFINITION = "peerlab.definition"  # label of a peer: a digest of what it was made from
_PROGRAM, _PORT, _CONSOLE, _ECHO = (
    f"peerlab.{what}" for what in ("program", "port", "console", "echo")
)
"""Labels of a peer: its profile's name, and `MeshPeer`'s attributes of these names, in JSON."""

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
        super().__init__(client, name, found["Id"], handle, holder_of(labels))
        networks = found["NetworkSettings"]["Networks"]
        self.network_name = next(iter(networks), "")  # empty if it is on none
        # the id of its network; empty too if it was never started
        self.network = str(networks[self.network_name]["NetworkID"]) if networks else ""
        self._take_addresses(networks_of(found))
        self.port = int(labels.get(_PORT, port))
        # what `docker exec` runs as its console; empty if that is its own terminal, None without
        self.console: list[str] | None = json.loads(labels.get(_CONSOLE, "[]"))
        # whether its terminal must be told to show what a person types
        self.echo: bool = json.loads(labels.get(_ECHO, "false"))
        self.program = labels.get(_PROGRAM, "")  # its profile's name, if it was given one
        self.made_from = labels.get(_DEFINITION, "")  # a digest of its image and its definition
        # whether Docker ended while it removed it: all that can be done is to remove it again
        self.is_dead = found["State"] in ("dead", "removing")
        # whether Compose created it, from compose.yaml
        self.by_compose = labels[MESH] == _BY_COMPOSE
        is_service = f"{_COMPOSE}.service" in labels and not self.by_compose
        self._has_many_users = is_service  # as a user's own Compose file likes

    @property
    def has_its_folders(self) -> bool:
        """Whether nothing is lost that its profile keeps."""
        with contextlib.suppress(MissingError):
            return self.holder is None or self.holder.runs(self._client)
        return False

    def show_typing(self) -> None:
        """Have its terminal show what a person types, if its program does not."""
        if self.echo:
            echo_switch.turn_on(self._client, self.container)


class MeshPeers:
    """The peers of one mesh, and their network."""

    def __init__(self, client: Client, mesh: MeshId, profile: Profile) -> None:
        self._client, self._mesh, self._profile = client, mesh, profile
        self._labels = {MESH: mesh.label}
        self._mark: dict[str, str] = {}  # labels of what is created now
        self._holders = MeshHolders(client, mesh.label)

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

    def complete(
        self, names: Sequence[str], compose: definition.ComposeFile, image: PeerImage
    ) -> None:
        """Have one peer of each name run, as it is defined now. Use `all_or_nothing`.

        Raises:
            EngineError: one cannot be created or started.
        """
        if any(COMPOSE_NETWORK in one["Labels"] for one in self._networks()):
            self._clear()
        network, subnet = self._network(compose.network)
        run: list[PeerAddress] = []
        for name, at in zip(names, subnet.first(len(names)), strict=True):
            run.append(PeerAddress(name, at, port_of(self._profile, {one.port for one in run})))
        own, kind = {one.name: one for one in run}, self._profile.console
        lacks_echo = kind.is_own and not (kind.echo or self._profile.start.image)
        about = self._profile.start, kind, run if self._profile.start.is_about_others else ()
        parts = repr((image, compose.container, *about)).encode()
        labels = self._labels | {_DEFINITION: hashlib.sha256(parts).hexdigest()}

        def fits(peer: MeshPeer) -> bool:
            is_there = (peer.network, peer.address) == (network, own[peer.name].address)
            fits = is_there and peer.made_from == labels[_DEFINITION] and not peer.is_dead
            return fits and peer.has_its_folders

        there = self._one_each([peer for peer in self.all() if peer.name in own], fits)

        def ensure(name: str) -> None:
            if name not in there:
                words = client_command(name, self._profile, own[name].address, run).words
                console = None if kind.absent else [*words]
                described = _described(self._profile, own[name], console, echo=lacks_echo)
                marks = labels | self._mark | described
                options = compose.container.dns_opt
                place = Place(name, marks, network, own[name].address, dns_options=options)
                self._create(own[name], compose.container, image, place, run)
            elif there[name].status().state not in _ALIVE:
                there[name].start()
                there[name].detach()

        map_parallel(ensure, names)
        self._remove_other_networks(network)

    def complete_stack(
        self, stack: Stack, profiles: Mapping[str, Profile], spec: definition.NetworkSpec, say: Say
    ) -> None:
        """Have the services of a stack run and nothing else. Use `all_or_nothing`.

        Those that run as they are defined now stay; else all are made anew.

        Args:
            stack: the services.
            profiles: how they are read, by the peers' names.
            spec: of the mesh's network.
            say: called with a line for each phase.

        Raises:
            EngineError: one cannot be created or started.
        """
        name = f"peerlab-mesh-{self._mesh.key}"
        project = ServiceProject(self._client, stack, name, CancelToken(), by_hand=True)
        project.build(Owner.this(), say)
        networks = self._stack_networks(stack, spec)
        run = []
        for service in stack.services:
            at = take_addresses(networks, service)
            first, port = next(iter(at.values()), ""), profiles[service.peer].port or service.port
            run.append(PeerAddress(service.peer, first, port, networks=at))
        place = self._place(stack, networks, profiles, run)
        made_from = hashlib.sha256(repr((project.image_ids, to_run(stack, place))).encode())
        there = self.all()
        fits = {peer.name for peer in there if peer.made_from == made_from.hexdigest()}
        if len(there) != len(run) or fits != {own.name for own in run}:
            map_parallel(MeshPeer.remove, there)
            self.remove_volumes()
            labels = {**place.labels, **self._mark, _DEFINITION: made_from.hexdigest()}
            project.create(replace(place, labels=labels), Owner.this(), say)
        project.start(profiles, run, say)

    def _stack_networks(self, stack: Stack, spec: definition.NetworkSpec) -> StackNetworks:
        """Return the networks of a stack; if others are there, all is removed and they are made."""
        there = self._networks()
        named = {one["Labels"].get(COMPOSE_NETWORK): one for one in there}
        fits = {name: one["Internal"] for name, one in named.items()} == stack.networks
        if there and fits and len(there) == len(named):
            return {
                name: StackNetwork(named[name]["Name"], Addresses(Subnet.of(named[name])))
                for name in stack.networks
            }
        self._clear()
        labels = self._labels | self._mark
        return make_networks(self._client, stack, self._new_name(), spec, labels)

    def _clear(self) -> None:
        """Remove all peers, with their volumes and networks."""
        map_parallel(MeshPeer.remove, self.all())
        self.remove_spare_holders()
        self.remove_volumes()
        self._remove_other_networks("")

    def _place(
        self,
        stack: Stack,
        networks: StackNetworks,
        profiles: Mapping[str, Profile],
        run: Sequence[PeerAddress],
    ) -> RunPlace:
        """Return where the services of a stack are created."""
        own = {}
        for one in run:
            profile, seen = profiles[one.name], [other.seen_from(one) for other in run]
            words = client_command(one.name, profile, one.address, seen).words
            has_terminal = profile.console.is_own or stack.by_peer[one.name].spec.get("tty")
            console = [*words] if words or has_terminal else None
            own[one.name] = _described(profile, one, console)
        attached = [name for name, profile in profiles.items() if profile.console.is_own]
        names = {name: one.name for name, one in networks.items()}
        addresses = {one.name: one.networks for one in run}
        return RunPlace(names, addresses, {}, self._labels, own, attached)

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
        self,
        own: PeerAddress,
        spec: definition.ContainerSpec,
        image: PeerImage,
        place: Place,
        run: Sequence[PeerAddress],
    ) -> None:
        """Create and start a peer. Its container has the peer's name if that is free."""
        profile = self._profile.model_copy(update={"port": own.port})
        create = partial(self._holders.create_peer, own.name, profile, spec, image, run, self._mark)
        try:
            made = create(place)
        except ConflictError:
            place = replace(place, handle=f"{own.name}-{self._mesh.key[:4]}")
            made = create(place)
        peer = DockerPeer(self._client, own.name, made, place.handle)
        peer.launch()
        peer.detach()

    def _network(self, spec: definition.NetworkSpec) -> tuple[str, Subnet]:
        """Return the id and the subnet of the mesh's network, created if needed."""
        if not self._networks():
            labels = self._labels | self._mark
            docker_subnet.make_network(self._client, self._new_name(), spec, labels)
        first, *_ = self._networks()
        return first["Id"], Subnet.of(first)

    def _new_name(self) -> str:
        """Return a new name: Docker starts no container on a network if another has its name."""
        return f"peerlab-mesh-{self._mesh.name}-{secrets.token_hex(3)}"

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
        doomed += [*composed, *self._holders.all()]
        with changing(self._client, self._mesh.label, doomed) if doomed else nullcontext():
            map_parallel(MeshPeer.remove, peers)
            self.remove_spare_holders()
            self._remove_other_networks("")
            for network in composed:
                self._remove_network_of_compose(network)
            self.remove_volumes()
        return len(peers)

    def remove_spare_holders(self) -> None:
        """Remove what holds folders of peers that are no more, as after a user's `docker rm`."""
        self._holders.remove_others({peer.holder.container for peer in self.all() if peer.holder})

    def remove_volumes(self) -> None:
        """Remove the volumes of services that are no more."""
        with translated("the mesh's volumes cannot be removed"):
            found = self._client.api.volumes(filters={"label": f"{MESH}={self._mesh.label}"})
            for volume in found["Volumes"] or ():
                if CHANGED_BY not in volume["Labels"]:
                    docker_client.remove_volume(self._client, volume["Name"])

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


def _described(
    profile: Profile, own: PeerAddress, console: list[str] | None, *, echo: bool = False
) -> dict[str, str]:
    """Return the labels by which later commands know a peer: see `MeshPeer`."""
    return {
        PEER: own.name,
        _PROGRAM: profile.name,
        _PORT: json.dumps(own.port),
        _CONSOLE: json.dumps(console),
        _ECHO: json.dumps(echo),
    }
