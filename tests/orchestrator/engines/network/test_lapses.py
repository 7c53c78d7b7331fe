"""Sidecars that are killed or held up, and peers that are restarted or paused."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import Any

import pytest
from docker.errors import APIError

from orchestrator.engines.docker import attachment
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
LEASE = 2.0  # seconds; a busy machine holds a sidecar up for one


def lapses(network: DockerNetwork) -> list[str]:
    return [*map(str, network.lapses())]


def pause(place: LivePeers, container: str) -> None:
    """Pause a container; on a busy machine Docker cannot freeze it at once."""

    def is_paused() -> bool:
        with contextlib.suppress(APIError):
            place.client.api.pause(container)
        return bool(place.client.api.inspect_container(container)["State"]["Paused"])

    until(is_paused, "its pause")


def await_end_of_sidecar(network: DockerNetwork) -> None:
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
    await_end_of_sidecar(network)
    assert lapses(network) == ["the sidecar of bob was ended: its faults lapse within 10 s"]
    network.shape({AB: CUT, CA: CUT})
    assert arrived(network, AB, CA, AC) == [0, 0, COUNT]
    assert network.lapses() == []


def test_measuring_replaces_a_killed_sidecar_too(shared: LivePeers, network: DockerNetwork) -> None:
    network.shape({AB: CUT})
    kill_sidecar(shared, "bob")
    await_end_of_sidecar(network)
    assert arrived(network, AB, BA) == [0, COUNT]
    assert len(network.lapses()) == 1


def test_faults_of_a_killed_sidecar_are_lifted_at_once(
    shared: LivePeers, network: DockerNetwork
) -> None:
    network.shape({AB: CUT})
    kill_sidecar(shared, "bob")
    await_end_of_sidecar(network)
    network.shape({})
    assert arrived(network, AB) == [COUNT]
    assert lapses(network) == ["the sidecar of bob was ended: its faults lapse within 10 s"]


@pytest.mark.thorough
def test_a_sidecar_that_is_held_up(
    spare: LivePeers, cold: DockerNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "LEASE", LEASE)
    cold.shape({AB: CUT})
    (only,) = sidecars_of(spare)
    pause(spare, only)
    with monkeypatch.context() as patch:
        patch.setattr(attachment, "_STATE_WITHIN", 0.3)
        assert lapses(cold) == ["the sidecar of bob does not answer: its faults lapse"]
        assert cold.lapses() == []
    let_pass(LEASE + 0.5)
    spare.client.api.unpause(only)
    reported: list[str] = []

    def lapsed() -> bool:
        reported.extend(lapses(cold))
        return bool(reported)

    until(lapsed, "the lapse")
    assert reported == ["the sidecar of bob was held up: its faults lapsed for a while"]
    assert cold.lapses() == []
    assert arrived(cold, AB) == [0]


@pytest.mark.parametrize("is_restarted", [False, pytest.param(True, marks=pytest.mark.thorough)])
def test_a_lapse_is_reported_even_if_no_fault_is_left(
    spare: LivePeers, cold: DockerNetwork, monkeypatch: pytest.MonkeyPatch, is_restarted: bool
) -> None:
    monkeypatch.setattr(rules, "LEASE", LEASE)
    cold.shape({AB: CUT})
    (only,) = sidecars_of(spare)
    pause(spare, only)
    let_pass(LEASE + 0.5)
    spare.client.api.unpause(only)
    if is_restarted:
        bob: Any = spare.sessions["bob"].peer
        spare.client.api.restart(bob.container, timeout=1)
        cold.refresh()
    cold.shape({})
    assert lapses(cold) == ["the sidecar of bob was held up: its faults lapsed for a while"]


def test_a_peer_that_restarts(spare: LivePeers, cold: DockerNetwork) -> None:
    cold.shape({AB: CUT})
    bob: Any = spare.sessions["bob"].peer
    bob.kill()
    await_exit(bob)
    found = cold.measure({AB: PACKETS, BA: PACKETS})
    assert found == dict.fromkeys([AB, BA], Measured(0, 0, error=NOT_RUNNING))
    cold.shape({AB: CUT, BA: Effect(loss=1.0)})
    spare.client.api.start(bob.container)
    other = network_of(spare)
    assert arrived(other, AB) == [COUNT], "a restarted peer has a new, clear network"
    other.close()
    cold.refresh()
    assert arrived(cold, AB, BA) == [0, 0]
    cold.shape({})
    assert arrived(cold, AB, BA) == [COUNT, COUNT]
    assert cold.lapses() == []
    assert len(sidecars_of(spare)) == 2


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
from tests.orchestrator.support import LivePeers
from orchestrator.faults.effect import Effect
place = LivePeers("docker")
peers = [session.peer for session in place.start(["alice", "bob"])]
place.engine.network(peers).shape({{("alice", "bob"): Effect(cut=True)}})
print(place.run, *(peer.container for peer in peers), flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.thorough  # `python -m tests.killed` has it for whole commands
def test_sidecars_end_when_their_lab_is_killed(shared: LivePeers) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ABANDONED.format(root=str(ROOT))],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    run, *peers = done.stdout.split()
    client = shared.client

    def left() -> list[str]:
        found = client.api.containers(all=True, filters={"label": SIDECAR})
        return [container["Id"] for container in found if container["Labels"][SIDECAR] in peers]

    until(lambda: not left(), "the sidecars to end")
    docker_client.remove_run(client, run)
