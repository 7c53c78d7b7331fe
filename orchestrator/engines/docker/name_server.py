"""A container beside the peers of a run that answers for the names which nobody has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestrator.engines import nxdomain
from orchestrator.engines.docker import container as docker_container
from orchestrator.engines.docker.client import Client, translated

_MEMORY, _PROCESSES = "32m", 8


def start(
    client: Client, name: str, network: str, address: str, labels: dict[str, str], image: str
) -> None:
    """Start it; it is removed with all that its run has made.

    Args:
        client: the engine.
        name: of its container.
        network: which it joins.
        address: where it is asked.
        labels: of its container.
        image: one with Python.

    Raises:
        EngineError: it cannot be started.
    """
    api: Any = client.api
    code = Path(nxdomain.__file__).read_text()
    with translated("no name server for this run"):
        made = api.create_container(
            image,
            name=name,
            entrypoint=["python3", "-I", "-c", code],
            labels=labels,
            healthcheck={"test": ["NONE"]},
            host_config=api.create_host_config(
                network_mode=network,
                # Whom Docker does not let open a low port otherwise.
                sysctls={"net.ipv4.ip_unprivileged_port_start": "0"},
                **docker_container.walls(_MEMORY, _PROCESSES),
            ),
            networking_config=api.create_networking_config(
                {network: api.create_endpoint_config(ipv4_address=address)}
            ),
        )
        api.start(made["Id"])
