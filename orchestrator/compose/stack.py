"""The services of a Compose file as the peers of a run. Pure.

What is read here is what Compose has made of the file: see `tool.resolved`.
"""

from __future__ import annotations

import graphlib
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from pathlib import Path
from typing import Any

from orchestrator.document import Problem

COMPLETED = "service_completed_successfully"
"""What a service waits for that needs another one to have done its work and ended with 0."""

_STARTED = "service_started"
_PORT = re.compile(r"(?:.*:)?(\d+)(?:-\d+)?(?:/\w+)?")  # the container's end of a published port
_FIXED = ("ipv4_address", "ipv6_address")
_DEFAULT = "default"  # the network of services that name none
_NO_NETWORK = "none"  # the network mode of those that are on none
_JOINED = "its network would be that of {0!r}, and a fault of one a fault of both"
_NETWORK_MODES = {
    "host": "its network would be this machine's, which a run never touches",
    "bridge": "its network would be one that all containers of this machine share",
    "service": _JOINED,
    "container": _JOINED,
}


@dataclass(frozen=True, slots=True)
class Service:
    """One container of a service: a peer.

    Attributes:
        name: the service's name in the file.
        number: which of its containers it is, from 1 on; 0 if the file asks for one.
        spec: the service, as Compose resolves it.
        needs: the services that it waits for, each with what it waits for.
    """

    name: str
    number: int
    spec: Mapping[str, Any]
    needs: Mapping[str, str]

    @property
    def key(self) -> str:
        """Its name as a service of its own: `web`, or `web2` for the second of several."""
        return f"{self.name}{self.number or ''}"

    @property
    def peer(self) -> str:
        """The peer's name: the same in what names of peers are made of."""
        return re.sub(r"[._]", "-", self.key).lower()

    @property
    def port(self) -> int:
        """The first port that it publishes or exposes; 0 if there is none."""
        listed = [*(self.spec.get("ports") or ()), *(self.spec.get("expose") or ())]
        given = (one["target"] if isinstance(one, Mapping) else one for one in listed)
        found = (_PORT.fullmatch(str(one)) for one in given)
        return next((int(match[1]) for match in found if match), 0)

    @property
    def networks(self) -> dict[str, Mapping[str, Any]]:
        """Its networks with what it asks for in each, that of its default route first."""
        if self.spec.get("network_mode") == _NO_NETWORK:
            return {}
        found = _networks(self.spec) or {_DEFAULT: {}}
        return dict(sorted(found.items(), key=lambda it: (-int(it[1].get("priority", 0)), it[0])))

    @property
    def is_built(self) -> bool:
        """Whether the file says how its image is built."""
        return "build" in self.spec


@dataclass(frozen=True)
class Stack:
    """All containers of a Compose file.

    Attributes:
        path: the file.
        content: the whole file, as Compose resolves it.
        services: the containers, in the order of the file's services.
    """

    path: Path
    content: Mapping[str, Any] = field(repr=False)
    services: Sequence[Service]

    @property
    def by_peer(self) -> dict[str, Service]:
        """The containers by the peers' names."""
        return {service.peer: service for service in self.services}

    @property
    def members(self) -> dict[str, list[str]]:
        """The peers of each service that has several containers."""
        scaled = {one.name: list[str]() for one in self.services if one.number}
        for service in self.services:
            if service.number:
                scaled[service.name].append(service.peer)
        return scaled

    @property
    def waves(self) -> list[list[str]]:
        """The peers in the order in which they start: those of one wave do so side by side."""
        sorter = graphlib.TopologicalSorter[str]()
        for service in self.services:
            sorter.add(service.peer, *(one.peer for one, _ in self.needed_by(service)))
        sorter.prepare()
        waves: list[list[str]] = []
        while sorter.is_active():
            waves.append([*sorter.get_ready()])
            sorter.done(*waves[-1])
        return waves

    def needed_by(self, service: Service) -> list[tuple[Service, str]]:
        """Return the containers that one waits for, each with what it waits for."""
        return [
            (other, service.needs[other.name])
            for other in self.services
            if other.name in service.needs
        ]

    @property
    def networks(self) -> dict[str, bool]:
        """The networks that some service is on, each with whether it is `internal`."""
        given = self.content.get("networks") or {}
        used = sorted({name for service in self.services for name in service.networks})
        return {name: bool((given.get(name) or {}).get("internal")) for name in used}

    @property
    def shut(self) -> frozenset[tuple[str, str]]:
        """The pairs of peers that share no network, each in both orders."""
        return frozenset(
            (one.peer, other.peer)
            for one, other in permutations(self.services, 2)
            if one.networks.keys().isdisjoint(other.networks)
        )

    @property
    def jobs(self) -> list[str]:
        """The peers that have work to do and end, because others wait for that."""
        awaited = {
            name for service in self.services for name, how in service.needs.items()
            if how == COMPLETED
        }  # fmt: skip
        return [service.peer for service in self.services if service.name in awaited]


def of(path: Path, content: Mapping[str, Any], profiles: Collection[str] = ()) -> Stack:
    """Return the stack of a file.

    Args:
        path: the file.
        content: it, as Compose resolves it.
        profiles: the file's own profiles that are enabled; version 1 does not leave out others.
    """
    active = {name: spec for name, spec in _services(content) if _is_enabled(spec, profiles)}
    services: list[Service] = []
    for name, spec in active.items():
        count = scale(spec)
        needs = {other: how for other, how in _needs(spec).items() if other in active}
        numbers = range(1, count + 1) if count != 1 else (0,)
        services += (Service(name, number, spec, needs) for number in numbers)
    return Stack(path, content, services)


def _services(content: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from (content.get("services") or {}).items()


def _is_enabled(spec: Mapping[str, Any], profiles: Collection[str]) -> bool:
    wanted = spec.get("profiles") or ()
    return not wanted or "*" in profiles or not set(wanted).isdisjoint(profiles)


def scale(spec: Mapping[str, Any]) -> int:
    """Return how many containers a service asks for."""
    deploy = spec.get("deploy") or {}
    given = spec.get("scale", deploy.get("replicas"))
    return 1 if given is None or deploy.get("mode") == "global" else int(given)


def _needs(spec: Mapping[str, Any]) -> dict[str, str]:
    """Return the services that one waits for, by name, with what it waits for."""
    links = {str(link).partition(":")[0]: _STARTED for link in spec.get("links") or ()}
    given = spec.get("depends_on") or {}
    if not isinstance(given, Mapping):
        return links | dict.fromkeys(given, _STARTED)
    return links | {name: it.get("condition", _STARTED) for name, it in given.items()}


def problems(stack: Stack) -> Iterator[Problem]:
    """Yield what keeps services from being peers, with its place in the file."""
    seen: dict[str, str] = {}
    for service in stack.services:
        if (other := seen.setdefault(service.peer, service.name)) != service.name:
            what = f"{other!r} and {service.name!r} would both have the peer {service.peer!r}"
            yield Problem(("services", service.name), what)
        if service.number <= 1:
            yield from _in_service(service)
    if not stack.services:
        yield Problem(("services",), "there is no service, and so no peer")
    for name, volume in (stack.content.get("volumes") or {}).items():
        if (volume or {}).get("external"):
            what = f"the volume {name!r} is external: a run would change what others keep there"
            yield Problem(("volumes", name), what)


def _in_service(service: Service) -> Iterator[Problem]:
    place = ("services", service.name)
    mode = str(service.spec.get("network_mode") or _NO_NETWORK)
    if mode != _NO_NETWORK:
        kind, _, whose = mode.partition(":")
        why = _NETWORK_MODES.get(kind, "a run has networks of its own").format(whose)
        what = f"{service.name!r} cannot be a peer with the network mode {mode!r}: {why}"
        yield Problem((*place, "network_mode"), what)
    for network, given in _networks(service.spec).items():
        for key in _FIXED:
            if key in given:
                what = f"{service.name!r} asks for the address {given[key]}: a run has addresses"
                yield Problem(
                    (*place, "networks", network, key),
                    f"{what} of its own; let others find it by its name",
                )


def _networks(spec: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return a service's networks, with what it asks for in each."""
    given = spec.get("networks") or {}
    if not isinstance(given, Mapping):
        return {name: {} for name in given}
    return {name: it or {} for name, it in given.items()}
