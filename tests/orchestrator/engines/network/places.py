"""What the tests of the network between containers share."""

from __future__ import annotations

from orchestrator.engines.docker.network import DockerNetwork
from orchestrator.engines.docker.sidecar import SIDECAR
from orchestrator.faults.effect import Effect, Link
from orchestrator.faults.probe import Probe
from tests.orchestrator.support import LivePeers

NAMES = ["alice", "bob", "carol"]
COUNT = 20
PACKETS = Probe("packets", COUNT)
STREAM = Probe("stream", 4, size=16, patience=3)
CUT = Effect(cut=True)
AB, BA, AC, CA = ("alice", "bob"), ("bob", "alice"), ("alice", "carol"), ("carol", "alice")


def network_of(place: LivePeers) -> DockerNetwork:
    network = place.engine.network([session.peer for session in place.sessions.values()])
    assert isinstance(network, DockerNetwork)
    return network


def sidecars_of(place: LivePeers) -> list[str]:
    """Return the ids of the sidecars of a place's peers."""
    ours = [getattr(session.peer, "container", "") for session in place.sessions.values()]
    found = place.client.api.containers(all=True, filters={"label": SIDECAR})
    return [container["Id"] for container in found if container["Labels"][SIDECAR] in ours]


def arrived(network: DockerNetwork, *links: Link, probe: Probe = PACKETS) -> list[int]:
    found = network.measure(dict.fromkeys(links, probe))
    assert [found[link].error for link in links] == [""] * len(links)
    return [found[link].arrived for link in links]


def kill_sidecar(place: LivePeers, of: str) -> None:
    for sidecar in sidecars_of(place):
        labels = place.client.api.inspect_container(sidecar)["Config"]["Labels"]
        if labels[SIDECAR] == getattr(place.sessions[of].peer, "container", ""):
            place.client.api.kill(sidecar)


def lapses(network: DockerNetwork) -> list[str]:
    """Return what the network says about its sidecars."""
    return [*map(str, network.lapses())]
