"""The Docker engine: each peer in a container, all on one bridge network."""

from __future__ import annotations

import functools
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from orchestrator import definition
from orchestrator.cancel import CancelToken
from orchestrator.compose.run_file import RunPlace
from orchestrator.compose.stack import Stack
from orchestrator.engines import resources
from orchestrator.engines.base import Engine, Peer, Say
from orchestrator.engines.canary.canary import SOURCE, Canary
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker import images, nxdomain, sandbox, subnet
from orchestrator.engines.docker.client import (
    KEEP,
    OWNER,
    PEER,
    Client,
    remove_container,
    remove_run,
    translated,
)
from orchestrator.engines.docker.holder import hold
from orchestrator.engines.docker.network import DockerNetwork
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.docker.sandbox import PeerImage, Place
from orchestrator.engines.docker.services import ServicePeer, ServiceProject
from orchestrator.engines.docker.sidecar import AttachedCarrier
from orchestrator.engines.docker.subnet import Addresses
from orchestrator.engines.network import Network
from orchestrator.engines.resources import Demand, Resource
from orchestrator.engines.starting import PeerAddress, address_of, port_of, refuse_taken
from orchestrator.errors import EngineError
from orchestrator.image import ensure_image
from orchestrator.owner import Owner
from orchestrator.parallel import map_parallel
from orchestrator.paths import ROOT, origin
from orchestrator.profile import Profile
from orchestrator.text import count

_DNS_MEMORY, _DNS_PROCESSES = "32m", 8  # the canary's as well
_FIREWALL = (
    "a firewall on Docker's machine may drop what containers send each other: compare"
    " `iptables -S FORWARD` and `nft list ruleset` there, and"
    " `sysctl net.bridge.bridge-nf-call-iptables`"
)


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
        self._project: ServiceProject | None = None  # of the services that are staged
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
        return PeerAddress(name, self._pool.take(), self._take_port(profile))

    def _give_back(self, peers: Collection[Peer | PeerAddress]) -> None:
        if peers:
            self._pool.give_back(peer.address for peer in peers)
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
        self._remove_project()
        self._stacks += 1
        name = f"{self._prefix}-{self._stacks}"
        self._project = ServiceProject(self._client, stack, name, self.cancel)
        addresses = {peer: one.address for peer, one in self._reserved.items()}
        attached = [peer for peer, profile in profiles.items() if profile.console.is_own]
        own = {peer: {PEER: peer} for peer in addresses}
        place = RunPlace(
            self._network, addresses, [self._pool.subnet.last], self._labels, own, attached
        )
        self._project.build(self._owner, say)
        self._project.create(place, self._owner, say)

    def _remove_project(self) -> None:
        project, self._project = self._project, None
        if project:
            project.remove()

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

    def _start_dns(self) -> None:
        """Start the NXDOMAIN server, which `remove_run` removes with everything else."""
        with translated("no DNS server for this run"):
            made = self._create_own("names", Path(nxdomain.__file__), self._pool.subnet.last)
            self._client.api.start(made)

    def _start_canary(self) -> None:
        """Start the canary: it dials the other container, and ends when the lab does."""
        subnet = self._pool.subnet
        ends = [subnet.canary, subnet.last, str(nxdomain.ECHO_PORT)]
        with translated("no canary for this run"):
            made = self._create_own("canary", SOURCE, subnet.canary, *ends)
            carrier = AttachedCarrier(self._client, made)
        where = f"between two containers of the lab, from {subnet.canary} to {subnet.last}"
        self.canary = Canary(carrier, where, _FIREWALL)
        with translated("no canary for this run"):
            self._client.api.start(made)

    def _create_own(self, name: str, source: Path, address: str, *arguments: str) -> str:
        """Create a container of the lab's own that runs a Python file; return its id."""
        api: Any = self._client.api
        endpoint = api.create_endpoint_config(ipv4_address=address)
        made = api.create_container(
            ensure_image(lambda _: None, ROOT),
            name=f"{self._prefix}-{name}",
            entrypoint=["python3", "-I", "-S", "-c", source.read_text(), *arguments],
            stdin_open=bool(arguments),
            labels=self._labels,
            healthcheck={"test": ["NONE"]},
            host_config=api.create_host_config(
                network_mode=self._network,
                auto_remove=bool(arguments),
                # An ordinary user must be allowed to open the ports 7 and 53.
                sysctls={"net.ipv4.ip_unprivileged_port_start": "0"},
                **sandbox.own_limits(_DNS_MEMORY, _DNS_PROCESSES),
            ),
            networking_config=api.create_networking_config({self._network: endpoint}),
        )
        return str(made["Id"])

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
        try:
            container = sandbox.create(self._client, name, profile, spec, image, place, run)
        except BaseException:
            if held:
                remove_container(self._client, held.container)
            raise
        peer = DockerPeer(self._client, name, container, place.handle, held)
        peer.address, peer.port = place.address, profile.port
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
        self._project = None
        self._network = ""
        self._reserved.clear()
        remove_run(self._client, self._owner.run)
        if self._addresses:
            subnet.spare(self._addresses.subnet)
            self._addresses = None
