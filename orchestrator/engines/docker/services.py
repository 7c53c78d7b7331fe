"""Services of a user's own Compose file, in containers that Compose creates and the lab starts."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestrator import command
from orchestrator.cancel import CancelToken
from orchestrator.compose import run_file, tool
from orchestrator.compose.run_file import RunPlace
from orchestrator.compose.stack import COMPLETED, Service, Stack
from orchestrator.engines.base import Say
from orchestrator.engines.docker.client import (
    PEER,
    Client,
    MissingError,
    remove_container,
    remove_volume,
    translated,
)
from orchestrator.engines.docker.peer import logs, networks_of
from orchestrator.engines.docker.service_peer import ServicePeer
from orchestrator.engines.starting import PeerAddress
from orchestrator.errors import QUOTED_LINES, EngineError, quote
from orchestrator.files import temporary_folder
from orchestrator.image import prune
from orchestrator.owner import Owner
from orchestrator.parallel import map_parallel
from orchestrator.profile import Profile
from orchestrator.text import count, printable, shown

_PROJECT = "com.docker.compose.project"  # Compose's own label
_BUILDER = "peerlab"  # the project in whose name images are built
_BUILDING = threading.Lock()
_BUILT: set[str] = set()  # images that this process has built
_NEEDS_WITHIN = 300.0  # seconds in which a service must be as another one waits for
_POLL = 0.05  # seconds
_IMAGE_HINT = "`docker load` brings an image that cannot be pulled, or give the service a `build`"
_FAILURES = {  # by Compose's command: what it could not do, and where to look
    "build": ("build an image of", "see `build` there"),
    "up": ("create the services of", "see what it says of that service there"),
}


class ServiceProject:
    """The project of one run: all containers and volumes of a Compose file.

    Args:
        client: the engine.
        stack: the services.
        name: the project's name.
        cancel: ends every wait.
        by_hand: whether a person types at its consoles.
    """

    def __init__(
        self,
        client: Client,
        stack: Stack,
        name: str,
        cancel: CancelToken,
        *,
        by_hand: bool = False,
    ) -> None:
        self._client, self._stack, self._name, self._cancel = client, stack, name, cancel
        self._by_hand = by_hand
        self._api: Any = client.api
        self._containers: dict[str, dict[str, Any]] = {}
        self._peers: dict[str, ServicePeer] = {}
        self.described = f"{stack.path.name}, created by {tool.find()}"

    def __contains__(self, name: str) -> bool:
        return name in self._stack.by_peer

    def build(self, owner: Owner, say: Say) -> None:
        """Build the images that the file says how to build.

        Not again what this process has built: all its runs have the same.

        Raises:
            EngineError: Compose cannot.
        """
        content = run_file.to_build(self._stack)
        images = {one["image"] for one in content.get("services", {}).values()}
        with _BUILDING, temporary_folder(owner) as folder:
            if not images <= _BUILT:
                say(f"building {count(len(images), 'image')} of {self._stack.path}")
                self._compose(Path(folder), content, _BUILDER, "build")
                _BUILT.update(images)
                prune(run_file.BUILT)

    def create(self, place: RunPlace, owner: Owner, say: Say) -> None:
        """Create every container; the images must be built.

        Raises:
            EngineError: Compose cannot.
        """
        say(f"creating {count(len(self._stack.services), 'container')} of {self._stack.path}")
        with temporary_folder(owner) as folder:
            running = run_file.to_run(self._stack, place)
            self._compose(Path(folder), running, self._name, "up", "--no-start")
        self._find()
        for service in self._stack.services:
            self._join(service, running["services"][service.key].get("networks") or {}, place)

    def _join(self, service: Service, networks: Mapping[str, Any], place: RunPlace) -> None:
        """Put a container on the networks that Compose has not put it on.

        Version 1 creates it on one of them, and sees to the others when it starts it.
        """
        container = self._containers[service.peer]
        there = networks_of(container)
        for name, given in networks.items():
            if (on_docker := place.networks[name]) not in there:
                with translated(f"{service.peer} cannot be put on the network {name}"):
                    self._api.connect_container_to_network(
                        container["Id"],
                        on_docker,
                        ipv4_address=given["ipv4_address"],
                        aliases=given["aliases"],
                    )

    def _find(self) -> None:
        with translated("Compose's containers cannot be listed"):
            found = self._api.containers(all=True, filters=self._own)
        self._containers = {one["Labels"][PEER]: one for one in found}

    @property
    def image_ids(self) -> list[str]:
        """The ids of the images that the file says how to build; they must be built."""
        names = {run_file.image(self._stack, one) for one in self._stack.services if one.is_built}
        with translated("an image that was built is gone"):
            return [self._api.inspect_image(name)["Id"] for name in sorted(names)]

    def start(self, profiles: Mapping[str, Profile], run: Sequence[PeerAddress], say: Say) -> None:
        """Start what does not run, in order, and wait until all health checks are content.

        A job that is done is left alone.

        Raises:
            EngineError: one cannot be started, or is not healthy.
        """
        say(f"starting {count(len(run), 'container')}")
        self._find()
        addresses = {own.name: own for own in run}
        done = [name for name in self._stack.jobs if self._containers[name]["State"] != "created"]
        for wave in self._stack.waves:
            peers = [self.peer(profiles[name], addresses[name], run) for name in wave]
            for peer in peers:
                if peer.name not in done and peer.status().state == "exited":
                    peer.launch()
                    peer.detach()
        for name, peer in self._peers.items():
            while (health := peer.health()) and health.why_not is None:
                self._cancel.pause(_POLL)
            if health and health.why_not:
                raise EngineError(f"{name} {health.why_not}")

    def _compose(self, folder: Path, content: Mapping[str, Any], project: str, *words: str) -> None:
        """Have Compose do something with a file.

        The file is in the lab's own folder, since it may have passwords.
        """
        file = folder / f"{words[0]}.json"  # which is YAML as well
        file.write_text(json.dumps(content))
        try:
            command.docker(*tool.find().called(file, project, *words), check=self._cancel.check)
        except command.CommandFailedError as error:
            lines = [line.strip() for line in error.printed.splitlines() if line.strip()]
            what, hint = _FAILURES[words[0]]
            what = f"Compose cannot {what} {self._stack.path}"
            if words[0] != "build" and (missing := self._missing_images()):
                what, hint = f"{what}; not on Docker's machine: {', '.join(missing)}", _IMAGE_HINT
            raise EngineError(f"{what}:{quote(lines[-QUOTED_LINES:])}", hint=hint) from error

    def _missing_images(self) -> list[str]:
        """Return the images that Docker does not have, each with the services that need it.

        Compose's own words are no help: version 2 names the service, and not its image.
        """
        needed: dict[str, dict[str, None]] = {}
        for service in self._stack.services:
            if not service.is_built:
                needed.setdefault(str(service.spec.get("image")), {})[service.name] = None
        missing: list[str] = []
        for image, names in needed.items():
            try:
                with translated(image):
                    self._api.inspect_image(image)
            except MissingError:
                missing.append(f"the image {image!r} of {' and '.join(names)}")
            except EngineError:
                continue  # the failure itself is reported
        return missing

    @property
    def _own(self) -> dict[str, str]:
        return {"label": f"{_PROJECT}={self._name}"}

    def peer(self, profile: Profile, own: PeerAddress, run: Sequence[PeerAddress]) -> ServicePeer:
        """Return a peer that can be started now; wait for the services that it needs.

        Raises:
            EngineError: one of them does not become as it must be.
        """
        service = self._stack.by_peer[own.name]
        for other, how in self._stack.needed_by(service):
            self._await(own.name, self._peers[other.peer], how)
        found = self._containers[own.name]
        self._peers[own.name] = ServicePeer(
            self._client, service, found, profile, own, run, by_hand=self._by_hand
        )
        return self._peers[own.name]

    def _await(self, name: str, other: ServicePeer, how: str) -> None:
        """Wait until another service is as one needs it."""
        why_not = _CONDITIONS.get(how)
        if why_not is None:
            return  # it has been started
        deadline = time.monotonic() + _NEEDS_WITHIN
        while (why := why_not(other)) is None:
            if time.monotonic() > deadline:
                why = f"was not so within {_NEEDS_WITHIN:g} s"
                break
            self._cancel.pause(_POLL)
        if why:
            raise EngineError(
                f"{name} cannot be started: it waits for {other.name} ({how}), which {why}"
                f"{_last_lines(other)}",
                hint="see `depends_on` in the Compose file",
            )

    def remove(self) -> None:
        """Remove its containers and volumes.

        Raises:
            EngineError: some of it cannot be removed.
        """
        for peer in self._peers.values():
            peer.detach()
        with translated("cannot clean up"):
            containers = self._api.containers(all=True, filters=self._own)
            map_parallel(lambda one: remove_container(self._client, one["Id"]), containers)
            volumes = self._api.volumes(filters=self._own)["Volumes"] or ()
            map_parallel(lambda one: remove_volume(self._client, one["Name"]), volumes)


def _why_not_healthy(peer: ServicePeer) -> str | None:
    """Return why a service is not healthy; empty if it is, None while it may still become so."""
    health = peer.health()
    if health is None:
        status = peer.status()
        return "has no health check" if status.state == "running" else status.clause
    return health.why_not


def _why_not_completed(peer: ServicePeer) -> str | None:
    """Return why a service has not done its work; None while it is at it."""
    status = peer.status()
    if status.state != "exited":
        return None if status.state == "running" else status.clause
    return "" if status.exit_status == 0 else status.clause


_CONDITIONS: Mapping[str, Callable[[ServicePeer], str | None]] = {
    "service_healthy": _why_not_healthy,
    COMPLETED: _why_not_completed,
}
"""Why a service is not as another one needs it, by Compose's words for that."""


def _last_lines(peer: ServicePeer) -> str:
    with contextlib.suppress(EngineError):
        lines = [printable(shown(line)) for line in logs(peer).split("\n")]
        last = [line for line in lines if line][-QUOTED_LINES:]
        return f"; it last showed:{quote(last)}" if last else ""
    return ""
