"""The lab's own containers beside the peers: the name server and the canary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.engines.canary.canary import SOURCE, Canary
from orchestrator.engines.docker import nxdomain, sandbox
from orchestrator.engines.docker.client import Client, translated
from orchestrator.engines.docker.sidecar import AttachedCarrier
from orchestrator.engines.docker.stack_networks import StackNetwork, join
from orchestrator.engines.docker.subnet import Subnet
from orchestrator.image import ensure_image
from orchestrator.paths import ROOT

_MEMORY, _PROCESSES = "32m", 8
_FIREWALL = (
    "a firewall on Docker's machine may drop what containers send each other: compare"
    " `iptables -S FORWARD` and `nft list ruleset` there, and"
    " `sysctl net.bridge.bridge-nf-call-iptables`"
)


@dataclass(frozen=True, slots=True)
class LabPlace:
    """Where the lab's own containers are created.

    Attributes:
        prefix: what their names begin with.
        network: the network's name.
        subnet: its addresses.
        labels: theirs.
    """

    prefix: str
    network: str
    subnet: Subnet
    labels: Mapping[str, str]


def start_name_server(client: Client, place: LabPlace, networks: Iterable[StackNetwork]) -> str:
    """Start the NXDOMAIN server, on other networks as well. Returns its container's id.

    `remove_run` removes it with everything else.

    Raises:
        EngineError: it cannot be started.
    """
    with translated("no DNS server for this run"):
        made = _create(client, place, "names", Path(nxdomain.__file__), place.subnet.last)
        join(client, made, networks)
        client.api.start(made)
    return made


def start_canary(client: Client, place: LabPlace) -> Canary:
    """Start the canary: it dials the name server, and ends when the lab does.

    Raises:
        EngineError: it cannot be started.
    """
    subnet = place.subnet
    ends = [subnet.canary, subnet.last, str(nxdomain.ECHO_PORT)]
    with translated("no canary for this run"):
        made = _create(client, place, "canary", SOURCE, subnet.canary, *ends)
        carrier = AttachedCarrier(client, made)
    where = f"between two containers of the lab, from {subnet.canary} to {subnet.last}"
    canary = Canary(carrier, where, _FIREWALL)
    with translated("no canary for this run"):
        client.api.start(made)
    return canary


def _create(
    client: Client, place: LabPlace, name: str, source: Path, address: str, *arguments: str
) -> str:
    """Create a container that runs a Python file; return its id."""
    api: Any = client.api
    endpoint = api.create_endpoint_config(ipv4_address=address)
    made = api.create_container(
        ensure_image(lambda _: None, ROOT),
        name=f"{place.prefix}-{name}",
        entrypoint=["python3", "-I", "-S", "-c", source.read_text(), *arguments],
        stdin_open=bool(arguments),
        labels=dict(place.labels),
        healthcheck={"test": ["NONE"]},
        host_config=api.create_host_config(
            network_mode=place.network,
            auto_remove=bool(arguments),
            # An ordinary user must be allowed to open the ports 7 and 53. What is on several
            # networks must not carry packets from one to the other.
            sysctls={"net.ipv4.ip_unprivileged_port_start": "0", "net.ipv4.ip_forward": "0"},
            **sandbox.own_limits(_MEMORY, _PROCESSES),
        ),
        networking_config=api.create_networking_config({place.network: endpoint}),
    )
    return str(made["Id"])
