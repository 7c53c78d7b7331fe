"""The Docker engine: each peer in a container, all on one bridge network.

Services of a Compose file are on networks as the file has them.
"""

from __future__ import annotations

import functools
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from orchestrator import definition
from orchestrator.cancel import CancelToken
from orchestrator.compose.run_file import RunPlace
from orchestrator.compose.stack import Stack
from orchestrator.engines import resources
from orchestrator.engines.base import Engine, Peer, Say
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker import images, sandbox, subnet
from orchestrator.engines.docker.client import (
    KEEP,
    OWNER,
    PEER,
    Client,
    remove_run,
    translated,
)
from orchestrator.engines.docker.holder import hold, removed_on_failure
from orchestrator.engines.docker.lab_containers import LabPlace, start_canary, start_name_server
from orchestrator.engines.docker.network import DockerNetwork
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.docker.sandbox import PeerImage, Place
from orchestrator.engines.docker.service_peer import ServicePeer
from orchestrator.engines.docker.services import ServiceProject
from orchestrator.engines.docker.stack_networks import (
    StackNetwork,
    StackNetworks,
    join,
    make_networks,
    remove_networks,
    take_addresses,
)
from orchestrator.engines.docker.subnet import Addresses
from orchestrator.engines.network import Network
from orchestrator.engines.resources import Demand, Resource
from orchestrator.engines.starting import PeerAddress, address_of, port_of, refuse_taken
from orchestrator.errors import EngineError
from orchestrator.owner import Owner
from orchestrator.parallel import map_parallel
from orchestrator.paths import origin
from orchestrator.profile import Profile
from orchestrator.text import count


class DockerEngine(Engine):
    """Runs peers as containers on a network of this engine's own.

    Args:
        client: the Docker client.
        cancel: once set, no further peer is started.
        keep: whether `keep` may leave the peers running.
    """

    name = "docker"

    def __init__(
        self, client: Client, cancel: CancelToken | None = None, *, keep: bool = False
    ) -> None:
        super().__init__(cancel)
        self._client = client
        with translated("Docker does not report its version"):
            self.version = str(client.version()["Version"])
        self._owner = Owner.this()
        self._labels = {OWNER: self._owner.mark} | ({KEEP: origin()} if keep else {})
        self._peers: list[DockerPeer] = []
        self._networks: list[DockerNetwork] = []
        self._uses: Counter[str] = Counter()  # of each name
        self._ports: set[int] = set()  # of its peers, if each has one of its own
        self._taking = threading.Lock()
        self._reserved: dict[str, PeerAddress] = {}  # by name; they were not started
        self._network = ""
        self._name_server = ""  # its container
        self._project: ServiceProject | None = None  # of the services that are staged
        self._extra: list[StackNetwork] = []  # the networks of that project, beside this engine's
        self._stacks = 0  # staged so far
        self._addresses: Addresses | None = None
        self._kept = False

    @property
    def _prefix(self) -> str:
        return f"peerlab-{self._owner.run}"

    @property
    def _pool(self) -> Addresses:
        if self._addresses is None:
            raise EngineError("there is no network yet")
        return self._addresses

    @functools.cached_property
    def _is_here(self) -> bool:
        return docker_client.is_here(self._client)

    @functools.cached_property
    def _compose(self) -> definition.ComposeFile:
        return definition.load()

    def reserve(self, profiles: Mapping[str, Profile]) -> None:
        """Take an address of the network, and a port, for each peer."""
        self._give_back(self._reserved.values())
        self._reserved.clear()
        if profiles:
            self.make_network(self._compose.network)
        for name, profile in profiles.items():
            self._reserved[name] = self._new_address(name, profile)

    def _new_address(self, name: str, profile: Profile) -> PeerAddress:
        address = self._pool.take()
        networks = {self._network: address}
        return PeerAddress(name, address, self._take_port(profile), networks=networks)

    def _give_back(self, peers: Collection[Peer | PeerAddress]) -> None:
        if peers:
            here = (peer.networks.get(self._network) for peer in peers)
            self._pool.give_back(filter(None, here))
            self._ports -= {peer.port for peer in peers}

    def start(
        self,
        names: Sequence[str],
        profile: Profile,
        say: Say,
        restarted: Collection[str] = (),
        among: Sequence[str] = (),
    ) -> list[Peer]:
        """Start a container for each name, several at a time."""
        self.cancel.check()
        refuse_taken(names, self._peers)
        create = self._creator(names, profile, restarted, say)
        say(f"starting {count(len(names), 'container')}")
        before = list(self._peers)
        try:
            judging = self._has_canary and not self.canary
            first = [self._start_dns, self._start_canary] if judging else []
            self.make_network(self._compose.network)
            run = self._addresses_of(names, profile, among)
            peers: list[Callable[[], Peer]] = [
                partial(self._start, name, partial(create, name, run)) for name in names
            ]
            made = map_parallel(lambda action: action(), [*peers, *first])
            return [peer for peer in made if peer is not None]
        except BaseException:
            self._undo(before)
            raise

    def _creator(
        self, names: Sequence[str], profile: Profile, restarted: Collection[str], say: Say
    ) -> Callable[[str, Sequence[PeerAddress]], DockerPeer]:
        """Return what makes a peer of a name, knowing the addresses of all peers of its run."""
        project = self._project
        if project and all(name in project for name in names):
            self.image = project.described
            return lambda name, run: project.peer(profile, self._reserved.pop(name), run)
        image = images.ensure(self._client, profile, say)
        self.image = f"{image.name} {image.id}"
        spec = self._compose.container
        return lambda name, run: self.create(
            name, profile, spec, image, run, keeps_network=name in restarted
        )

    def stage(self, stack: Stack, profiles: Mapping[str, Profile], say: Say) -> None:
        """Have Compose create the services, as a project of this engine's own."""
        self.cancel.check()
        self.reserve({})
        self._remove_project()
        self._stacks += 1
        name = f"{self._prefix}-{self._stacks}"
        self._project = ServiceProject(self._client, stack, name, self.cancel)
        self._project.build(self._owner, say)
        networks = self._make_networks(stack, name)
        for service in stack.services:
            at = take_addresses(networks, service)
            first, port = next(iter(at.values()), ""), self._take_port(profiles[service.peer])
            self._reserved[service.peer] = PeerAddress(service.peer, first, port, networks=at)
        place = RunPlace(
            {one: its.name for one, its in networks.items()},
            {peer: one.networks for peer, one in self._reserved.items()},
            {one: its.addresses.subnet.last for one, its in networks.items()},
            self._labels,
            {peer: {PEER: peer} for peer in self._reserved},
            [peer for peer, profile in profiles.items() if profile.console.is_own],
        )
        self._project.create(place, self._owner, say)

    def _make_networks(self, stack: Stack, prefix: str) -> StackNetworks:
        """Create a stack's networks; this engine's own is one of them if that is possible."""
        spec = self._compose.network
        self.make_network(spec)
        own = StackNetwork(self._network, self._pool)
        made = make_networks(self._client, stack, prefix, spec, self._labels, own)
        self._extra = [one for one in made.values() if one is not own]
        if self._name_server:
            join(self._client, self._name_server, self._extra)
        return made

    def _remove_project(self) -> None:
        project, self._project = self._project, None
        if project:
            project.remove()
        extra, self._extra = self._extra, []
        remove_networks(self._client, extra, self._name_server)

    def _addresses_of(
        self, names: Sequence[str], profile: Profile, among: Sequence[str]
    ) -> Sequence[PeerAddress]:
        """Return the addresses of a run's peers, in order; reserve those of new peers."""
        for name in names:
            if name not in self._reserved:
                self._reserved[name] = self._new_address(name, profile)
        there = [address_of(peer) for peer in self._peers]
        known = {one.name: one for one in (*there, *self._reserved.values())}
        return [known[name] for name in among or known if name in known]

    def _resources(self, demand: Demand) -> Iterable[Resource]:
        return resources.of_containers(demand) if self._is_here else ()

    def make_network(self, network: definition.NetworkSpec) -> None:
        """Create this engine's network if there is none yet."""
        if self._network:
            return
        made = subnet.make_network(self._client, self._prefix, network, self._labels)
        self._addresses = Addresses(made)
        self._network = self._prefix

    @property
    def _lab_place(self) -> LabPlace:
        return LabPlace(self._prefix, self._network, self._pool.subnet, self._labels)

    def _start_dns(self) -> None:
        self._name_server = start_name_server(self._client, self._lab_place, self._extra)

    def _start_canary(self) -> None:
        self.canary = start_canary(self._client, self._lab_place)

    def _start(self, name: str, create: Callable[[], DockerPeer]) -> Peer:
        self.cancel.check()
        with translated(f"{name}: no container"):
            peer = create()
        self._peers.append(peer)
        self.cancel.check()
        peer.launch()
        return peer

    def create(
        self,
        name: str,
        profile: Profile,
        spec: definition.ContainerSpec,
        image: PeerImage,
        run: Sequence[PeerAddress] = (),
        *,
        keeps_network: bool = False,
    ) -> DockerPeer:
        """Create a peer's container on this engine's network; start what keeps things for it."""
        own = self._reserved.pop(name, None) or self._new_address(name, profile)
        place = Place(
            self._new_handle(name),
            self._labels | {PEER: name},
            self._network,
            own.address,
            dns=[self._pool.subnet.last],
            dns_options=spec.dns_opt,
        )
        profile = profile.model_copy(update={"port": own.port})
        held = None
        volumes = sandbox.kept_volumes(spec, profile, image, place.labels)
        if volumes or keeps_network:
            labels = self._labels
            held = hold(self._client, name, place, volumes, labels, network=keeps_network)
            place = replace(place, holder=held.container, joins=keeps_network)
        with removed_on_failure(self._client, held):
            container = sandbox.create(self._client, name, profile, spec, image, place, run)
        peer = DockerPeer(self._client, name, container, place.handle, held)
        peer.address, peer.port, peer.networks = place.address, profile.port, own.networks
        peer.client = sandbox.client_command(name, profile, place.address, run)
        return peer

    def _take_port(self, profile: Profile) -> int:
        """Return the port of a new peer; other peers are created at the same time."""
        with self._taking:
            port = port_of(profile, self._ports)
            self._ports.add(port)
            return port

    def _new_handle(self, name: str) -> str:
        """Return a new container name: that of a discarded peer may be in use a while yet."""
        self._uses[name] += 1
        serial = f".{self._uses[name]}" if self._uses[name] > 1 else ""
        return f"{self._prefix}-{name}{serial}"

    def _undo(self, before: Sequence[DockerPeer]) -> None:
        """Remove what a failed start created."""
        if before:
            self.discard([peer for peer in self._peers if peer not in before])
            self.reserve({})
        else:
            self.close()  # the network too

    def discard(self, peers: Iterable[Peer]) -> None:
        """Remove their containers, several at a time."""
        discarded = set(peers)
        going = [peer for peer in self._peers if peer in discarded]
        for peer in going:
            peer.detach()
        map_parallel(DockerPeer.remove, going)
        self._give_back(going)
        self._peers = [peer for peer in self._peers if peer not in going]
        if any(isinstance(peer, ServicePeer) for peer in going):
            self._remove_project()

    def network(self, peers: Sequence[Peer]) -> Network:
        """Return the network between these peers; sidecars shape it."""
        ours = [peer for peer in self._peers if peer in set(peers)]
        self._networks = [network for network in self._networks if not network.is_closed]
        self._networks.append(DockerNetwork(self._client, ours, self._owner.mark))
        return self._networks[-1]

    def keep(self) -> None:
        """Detach from every console; containers and network stay."""
        if KEEP not in self._labels:
            super().keep()
        for peer in self._peers:
            peer.detach()
        self._end_canary()
        self._kept = True

    def close(self) -> None:
        """Remove every container and the network, unless they are kept."""
        try:
            while self._networks:
                self._networks.pop().close()
        finally:
            if not self._kept:
                self._remove_all()
            self._client.close()

    def _remove_all(self) -> None:
        self._end_canary()
        for peer in self._peers:
            peer.detach()
        self._peers.clear()
        self._project, self._extra = None, []
        self._network = self._name_server = ""
        self._reserved.clear()
        remove_run(self._client, self._owner.run)
        if self._addresses:
            subnet.spare(self._addresses.subnet)
            self._addresses = None
