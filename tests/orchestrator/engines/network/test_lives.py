"""Sidecars that are killed or held up, and peers that are started again or paused."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from orchestrator.engines.docker import attachment as docker_seat
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker.network import DockerNetwork
from orchestrator.engines.docker.sidecar import SIDECAR
from orchestrator.engines.sidecar import rules
from orchestrator.faults.effect import Effect
from orchestrator.faults.probe import NOT_RUNNING, Measured
from tests.orchestrator.engines.network.places import (
    AB,
    AC,
    BA,
    CA,
    COUNT,
    CUT,
    PACKETS,
    arrived,
    kill_sidecar,
    network_of,
    sidecars_of,
)
from tests.orchestrator.support import ROOT, LivePeers, await_exit, until
from tests.waiting import let_pass

pytestmark = [pytest.mark.docker, pytest.mark.timeout(150)]


def lapses(network: DockerNetwork) -> list[str]:
    return [*map(str, network.lapses())]


def await_its_end(network: DockerNetwork) -> None:
    def has_ended() -> bool:
        sidecar = network._by_name["bob"].sidecar
        assert sidecar
        return sidecar.ended

    until(has_ended, "its end")


def test_a_killed_sidecar_is_reported_and_replaced(
    shared: LivePeers, network: DockerNetwork
) -> None:
    network.shape({AB: CUT})
    assert network.lapses() == []
    kill_sidecar(shared, "bob")
    await_its_end(network)
    assert lapses(network) == ["the sidecar of bob was ended: its faults lapse within 10 s"]
    network.shape({AB: CUT, CA: CUT})
    assert arrived(network, AB, CA, AC) == [0, 0, COUNT]
    assert network.lapses() == []


def test_measuring_replaces_a_killed_sidecar_too(shared: LivePeers, network: DockerNetwork) -> None:
    network.shape({AB: CUT})
    kill_sidecar(shared, "bob")
    await_its_end(network)
    assert arrived(network, AB, BA) == [0, COUNT]
    assert len(network.lapses()) == 1


def test_what_a_killed_sidecar_held_is_lifted_at_once(
    shared: LivePeers, network: DockerNetwork
) -> None:
    network.shape({AB: CUT})
    kill_sidecar(shared, "bob")
    await_its_end(network)
    network.shape({})
    assert arrived(network, AB) == [COUNT]
    assert lapses(network) == ["the sidecar of bob was ended: its faults lapse within 10 s"]


def test_a_sidecar_that_is_held_up(
    spare: LivePeers, cold: DockerNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "LEASE", 1.0)
    monkeypatch.setattr(docker_seat, "_TELLS_WITHIN", 0.3)
    cold.shape({AB: CUT})
    (only,) = sidecars_of(spare)
    spare.client.api.pause(only)
    assert lapses(cold) == ["the sidecar of bob does not answer: its faults lapse"]
    assert cold.lapses() == []
    let_pass(1.5)  # the lease runs out
    spare.client.api.unpause(only)
    told: list[str] = []

    def lapsed() -> bool:
        told.extend(lapses(cold))
        return bool(told)

    until(lapsed, "the lapse")
    assert told == ["the sidecar of bob was held up: its faults lapsed for a while"]
    assert cold.lapses() == []
    assert arrived(cold, AB) == [0]


@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_lapse_is_told_though_nothing_holds_any_more(
    own: LivePeers, monkeypatch: pytest.MonkeyPatch, is_restarted: bool
) -> None:
    monkeypatch.setattr(rules, "LEASE", 1.0)
    own.start(["alice", "bob"])
    network = network_of(own)
    network.shape({AB: CUT})
    (only,) = sidecars_of(own)
    own.client.api.pause(only)
    let_pass(1.5)  # the lease runs out
    own.client.api.unpause(only)
    if is_restarted:
        bob: Any = own.sessions["bob"].peer
        own.client.api.restart(bob.container, timeout=1)
        network.refresh()
    network.shape({})
    assert lapses(network) == ["the sidecar of bob was held up: its faults lapsed for a while"]


def test_a_peer_that_restarts(own: LivePeers) -> None:
    own.start(["alice", "bob"])
    network = network_of(own)
    network.shape({AB: CUT})
    bob: Any = own.sessions["bob"].peer
    bob.kill()
    await_exit(bob)
    found = network.measure({AB: PACKETS, BA: PACKETS})
    assert found == dict.fromkeys([AB, BA], Measured(0, 0, error=NOT_RUNNING))
    network.shape({AB: CUT, BA: Effect(loss=1.0)})
    own.client.api.start(bob.container)
    network.refresh()
    assert arrived(network, AB, BA) == [0, 0]
    network.shape({})
    assert arrived(network, AB, BA) == [COUNT, COUNT]
    assert network.lapses() == []
    assert len(sidecars_of(own)) == 2


def test_without_refresh_the_new_network_is_straight(own: LivePeers) -> None:
    """Which is why there is `refresh`: nothing of the old network is in the new one."""
    own.start(["alice", "bob"])
    network = network_of(own)
    network.shape({AB: CUT})
    bob: Any = own.sessions["bob"].peer
    own.client.api.restart(bob.container, timeout=1)
    other = network_of(own)
    assert arrived(other, AB) == [COUNT]
    network.refresh()
    assert arrived(other, AB) == [0]


def test_a_paused_peer(shared: LivePeers, network: DockerNetwork) -> None:
    bob: Any = shared.sessions["bob"].peer
    shared.client.api.pause(bob.container)
    try:
        network.shape({AB: CUT})
        assert arrived(network, AB, BA) == [0, COUNT]
    finally:
        shared.client.api.unpause(bob.container)


ABANDONED = """
import os, signal, sys
sys.path.insert(0, {root!r})
from tests.orchestrator.support import Place
from orchestrator.faults.effect import Effect
place = Place("docker")
peers = [session.peer for session in place.start(["alice", "bob"])]
place.engine.network(peers).shape({{("alice", "bob"): Effect(cut=True)}})
print(place.run, *(peer.container for peer in peers), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_sidecars_end_when_their_lab_is_killed(shared: LivePeers) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ABANDONED.format(root=str(ROOT))],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    run, *peers = done.stdout.split()
    client = shared.client

    def left() -> list[str]:
        found = client.api.containers(all=True, filters={"label": SIDECAR})
        return [each["Id"] for each in found if each["Labels"][SIDECAR] in peers]

    until(lambda: not left(), "the sidecars to end")
    docker_client.remove_run(client, run)
