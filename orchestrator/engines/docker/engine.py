"""The engine that matters: every peer in a container of its own on a bridge network."""

from __future__ import annotations

import contextlib
import functools
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from orchestrator import definition
from orchestrator.cancel import CancelToken
from orchestrator.engines.base import Engine, Network, Peer, Say, folder_of, refuse_taken
from orchestrator.engines.docker import container as docker_container
from orchestrator.engines.docker import name_server as docker_names
from orchestrator.engines.docker import subnet as docker_subnet
from orchestrator.engines.docker.client import (
    KEEP,
    OWNER,
    PEER,
    Client,
    MissingError,
    in_parallel,
    remove_run,
    translated,
)
from orchestrator.engines.docker.container import Image
from orchestrator.engines.docker.network import DockerNetwork
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.docker.subnet import Addresses
from orchestrator.engines.owner import Owner
from orchestrator.errors import BuildError, EngineError
from orchestrator.image import IMAGE, ensure_image, ensure_packages, program, pull
from orchestrator.paths import ROOT
from orchestrator.profile import Profile
from orchestrator.text import count


class DockerEngine(Engine):
    """Runs peers as containers on a network of this engine's own.

    Args:
        client: the engine.
        stop: once it is set no further peer is started.
        keep: whether the peers may be left running by `keep`.
    """

    name = "docker"

    def __init__(
        self, client: Client, stop: CancelToken | None = None, *, keep: bool = False
    ) -> None:
        super().__init__(stop)
        self._client = client
        with translated("Docker does not tell its version"):
            self.version = str(client.version()["Version"])
        self._owner = Owner.this()
        self._labels = {OWNER: self._owner.mark} | ({KEEP: "yes"} if keep else {})
        self._peers: list[DockerPeer] = []
        self._networks: list[DockerNetwork] = []
        self._uses: Counter[str] = Counter()  # of each name
        self._network = ""
        self._addresses: Addresses | None = None
        self._kept = False

    @property
    def _prefix(self) -> str:
        return f"peerlab-{self._owner.run}"

    @property
    def _numbers(self) -> Addresses:
        if self._addresses is None:
            raise EngineError("there is no network yet")
        return self._addresses

    @functools.cached_property
    def _compose(self) -> definition.ComposeFile:
        return definition.load()

    def start(self, names: Sequence[str], profile: Profile, say: Say) -> list[Peer]:
        """Start a container for each name, several at a time."""
        self.stop.check()
        refuse_taken(names, self._peers)
        image = self._ensure_image(profile, say)
        say(f"starting {count(len(names), 'container')}")
        before = list(self._peers)
        try:
            work: list[Callable[[], None]] = [] if self._network else [self._start_name_server]
            self.make_network(self._compose.network)
            container = self._compose.container
            begin = partial(self._start, profile, container, image)
            peers: list[Callable[[], Peer]] = [partial(begin, name) for name in names]
            made = in_parallel(lambda one: one(), [*peers, *work])
            return [each for each in made if each is not None]
        except BaseException:
            self._undo(before)
            raise

    def _ensure_image(self, profile: Profile, say: Say) -> Image:
        """See to the image of a profile's program; return it."""
        folder = folder_of(profile)
        own = ensure_image(say, ROOT)
        if profile.start.image:
            image = self._somebodys(profile.start.image, profile.name, say)
        elif folder:
            image = self._described(self._ensure_program(folder, profile, own, say))
        elif profile.start.packages:
            image = self._described(ensure_packages(say, ROOT, profile.start.packages))
        else:
            image = self._described(own)
        self.image = f"{image.name} {image.id}"
        return image

    def _ensure_program(self, folder: Path, profile: Profile, own: str, say: Say) -> str:
        """See to the image of a program that brings a folder; return its name."""
        start = profile.start
        base = ensure_packages(say, ROOT, start.packages) if start.packages else own
        recipe = program.ProgramRecipe(folder, base, self._described(base).id, start)
        return program.ensure_image(say, recipe)

    def _somebodys(self, name: str, profile: str, say: Say) -> Image:
        """Return an image that is none of the lab's; pull it where it is not here."""
        with contextlib.suppress(MissingError):
            return self._described(name)
        say(f"pulling {name}")
        if refusal := pull(name):
            raise BuildError(
                f"{profile}: the image {name} is not here, and cannot be pulled: {refusal}",
                hint="see `start` in the profile; `docker build` or `docker load` brings one",
            )
        return self._described(name)

    def _described(self, image: str) -> Image:
        api: Any = self._client.api
        with translated(f"there is no {image}"):
            return Image.of(image, api.inspect_image(image))

    def make_network(self, network: definition.Network) -> None:
        """Make this engine's network, unless it is there."""
        if self._network:
            return
        subnet = docker_subnet.make_network(self._client, self._prefix, network, self._labels)
        self._addresses = Addresses(subnet)
        self._network = self._prefix

    def _start_name_server(self) -> None:
        """Have somebody answer at once for the names that nobody has."""
        docker_names.start(
            self._client,
            f"{self._prefix}-names",
            self._network,
            self._numbers.subnet.last,
            self._labels,
            IMAGE,
        )

    def _start(
        self, profile: Profile, container: definition.Container, image: Image, name: str
    ) -> Peer:
        self.stop.check()
        with translated(f"{name}: no container"):
            peer = self.create(name, profile, container, image)
        self._peers.append(peer)
        self.stop.check()
        peer.launch()
        return peer

    def create(
        self, name: str, profile: Profile, container: definition.Container, image: Image
    ) -> DockerPeer:
        """Create a peer's container on this engine's network."""
        api: Any = self._client.api
        handle, address = self._new_handle(name), self._numbers.take()
        made = api.create_container(
            image.name,
            **docker_container.command(name, profile),
            **docker_container.options(container, profile, image),
            name=handle,
            hostname=name,
            labels=self._labels | {PEER: name},
            host_config=api.create_host_config(
                network_mode=self._network,
                dns=[self._numbers.subnet.last],
                **docker_container.limits(container, profile, image),
            ),
            networking_config=api.create_networking_config(
                {self._network: api.create_endpoint_config(aliases=[name], ipv4_address=address)}
            ),
        )
        peer = DockerPeer(self._client, name, str(made["Id"]), handle)
        peer.address, peer.port = address, profile.port
        return peer

    def _new_handle(self, name: str) -> str:
        """Return a container name; one that a discarded peer had may be in use a while yet."""
        self._uses[name] += 1
        serial = f".{self._uses[name]}" if self._uses[name] > 1 else ""
        return f"{self._prefix}-{name}{serial}"

    def _undo(self, before: Sequence[DockerPeer]) -> None:
        """Remove what a start that failed has made."""
        if before:
            self.discard([peer for peer in self._peers if peer not in before])
        else:
            self.close()  # the network as well

    def discard(self, peers: Iterable[Peer]) -> None:
        """Remove their containers, several at a time."""
        ended = set(peers)
        going = [peer for peer in self._peers if peer in ended]
        for peer in going:
            peer.detach()
        in_parallel(DockerPeer.remove, going)
        if going:
            self._numbers.give_back(peer.address for peer in going)
        self._peers = [peer for peer in self._peers if peer not in going]

    def network(self, peers: Sequence[Peer]) -> Network:
        """Return the network between these peers; sidecars bend it."""
        ours = [peer for peer in self._peers if peer in set(peers)]
        self._networks = [each for each in self._networks if not each.is_closed]
        self._networks.append(DockerNetwork(self._client, ours, self._owner.mark))
        return self._networks[-1]

    def keep(self) -> None:
        """Detach from every console; the containers and the network stay."""
        if KEEP not in self._labels:
            super().keep()
        for peer in self._peers:
            peer.detach()
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
        for peer in self._peers:
            peer.detach()
        self._peers.clear()
        self._network = ""
        remove_run(self._client, self._owner.run)
        if self._addresses:
            docker_subnet.spare(self._addresses.subnet)
            self._addresses = None
