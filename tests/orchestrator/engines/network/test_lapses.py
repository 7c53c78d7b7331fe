"""Sidecars that are held up, peers that are restarted, and labs that are killed."""

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
    BA,
    COUNT,
    CUT,
    PACKETS,
    arrived,
    lapses,
    network_of,
    sidecars_of,
)
from tests.orchestrator.support import ROOT, LivePeers, await_exit, until
from tests.waiting import let_pass

pytestmark = [pytest.mark.docker, pytest.mark.timeout(150)]
LEASE = 2.0  # seconds; a busy machine holds a sidecar up for one


def pause(place: LivePeers, container: str) -> None:
    """Pause a container; on a busy machine Docker cannot freeze it at once."""

    def is_paused() -> bool:
        with contextlib.suppress(APIError):
            place.client.api.pause(container)
        return bool(place.client.api.inspect_container(container)["State"]["Paused"])

    until(is_paused, "its pause")


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
def test_sidecars_end_when_their_lab_is_killed(client: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ABANDONED.format(root=str(ROOT))],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    run, *peers = done.stdout.split()

    def left() -> list[str]:
        found = client.api.containers(all=True, filters={"label": SIDECAR})
        return [container["Id"] for container in found if container["Labels"][SIDECAR] in peers]

    until(lambda: not left(), "the sidecars to end")
    docker_client.remove_run(client, run)
