"""The networks of one stack on Docker: one for each of the Compose file's.

So services reach each other, and know each other's names, as the file says. Those that share no
network stay apart from the first packet to the last, whatever faults come and go.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator import definition
from orchestrator.compose.stack import Service, Stack
from orchestrator.engines.docker import subnet as docker_subnet
from orchestrator.engines.docker.client import (
    Client,
    MissingError,
    remove_network,
    translated,
)
from orchestrator.engines.docker.subnet import Addresses
from orchestrator.errors import EngineError

COMPOSE_NETWORK = "peerlab.compose-network"
"""Label of a network that is made for a stack: its name in the Compose file."""


@dataclass(frozen=True, slots=True)
class StackNetwork:
    """One network of a Compose file on Docker."""

    name: str  # on Docker
    addresses: Addresses


StackNetworks = Mapping[str, StackNetwork]
"""The networks of a stack, by their names in the file."""


def make_networks(
    client: Client,
    stack: Stack,
    prefix: str,
    spec: definition.NetworkSpec,
    labels: Mapping[str, str],
    there: StackNetwork | None = None,
) -> dict[str, StackNetwork]:
    """Create the networks of a stack.

    Args:
        client: the engine.
        stack: the services.
        prefix: what the networks' names on Docker begin with.
        spec: of every network.
        labels: of all that are created.
        there: a network that serves as one of them: each takes time, and Docker has few.

    Raises:
        EngineError: one cannot be created; none is left then.
    """
    made: dict[str, StackNetwork] = {}
    try:
        for name, internal in stack.networks.items():
            if there and not internal and there not in made.values():
                made[name] = there
                continue
            on_docker = f"{prefix}-{len(made) + 1}"
            subnet = docker_subnet.make_network(
                client, on_docker, spec, {**labels, COMPOSE_NETWORK: name}, internal=internal
            )
            made[name] = StackNetwork(on_docker, Addresses(subnet))
    except BaseException:
        with contextlib.suppress(EngineError):
            remove_networks(client, [one for one in made.values() if one is not there])
        raise
    return made


def take_addresses(networks: StackNetworks, service: Service) -> dict[str, str]:
    """Return an address for a service in each of its networks, by their names on Docker."""
    its = [networks[name] for name in service.networks]
    return {one.name: one.addresses.take() for one in its}


def join(client: Client, container: str, networks: Iterable[StackNetwork]) -> None:
    """Put the name server's container on networks, at the address that is kept for it.

    Raises:
        EngineError: Docker refuses.
    """
    api: Any = client.api
    for one in networks:
        with translated(f"no DNS server on {one.name}"):
            api.connect_container_to_network(
                container, one.name, ipv4_address=one.addresses.subnet.last
            )


def remove_networks(
    client: Client, networks: Collection[StackNetwork], name_server: str = ""
) -> None:
    """Remove networks on which there is nothing but perhaps the name server.

    Raises:
        EngineError: Docker cannot.
    """
    api: Any = client.api
    for one in networks:
        if name_server:
            with contextlib.suppress(MissingError), translated("it was not there"):
                api.disconnect_container_from_network(name_server, one.name, force=True)
        with contextlib.suppress(MissingError), translated(f"{one.name} cannot be removed"):
            remove_network(client, one.name)
        docker_subnet.spare(one.addresses.subnet)
