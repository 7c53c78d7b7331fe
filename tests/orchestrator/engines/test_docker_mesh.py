"""What a command has bent in the mesh holds on, and the next command finds it."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.engines import reaper as leftovers
from orchestrator.engines.docker import mesh_network as docker_mesh
from orchestrator.engines.docker import note as docker_note
from orchestrator.engines.docker import sidecar as docker_sidecar
from orchestrator.engines.docker.mesh_network import MeshNetwork, remove_mesh_sidecars
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.docker.sidecar import LIFE, MESH_SIDECAR
from orchestrator.engines.lock import MeshLock, idle
from orchestrator.errors import EngineError
from orchestrator.faults.effect import Effect
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe
from tests.orchestrator.support import LivePeers, await_exit

pytestmark = pytest.mark.docker

AB, BA = ("alice", "bob"), ("bob", "alice")
COUNT = 20
PACKETS = Probe("packets", COUNT)
CUT = Effect(cut=True)


@pytest.fixture
def mesh_place() -> Iterator[LivePeers]:
    """Two peers that are taken for those of a mesh."""
    with LivePeers("docker") as place:
        place.start(["alice", "bob"])
        yield place
        remove_mesh_sidecars(place.client, peers_of(place))


def peers_of(place: LivePeers) -> list[DockerPeer]:
    peers = [session.peer for session in place.sessions.values()]
    return [peer for peer in peers if isinstance(peer, DockerPeer)]


def command(place: LivePeers) -> MeshNetwork:
    """Return what a command has: a network of its own."""
    return MeshNetwork(place.client, peers_of(place))


def sidecars_of(place: LivePeers) -> list[str]:
    ours = [peer.container for peer in peers_of(place)]
    found = place.client.api.containers(all=True, filters={"label": MESH_SIDECAR})
    return [each["Id"] for each in found if each["Labels"][MESH_SIDECAR] in ours]


def arrived(network: MeshNetwork) -> list[int]:
    found = network.measure({AB: PACKETS, BA: PACKETS})
    return [found[link].arrived for link in (AB, BA)]


def test_it_holds_from_command_to_command(mesh_place: LivePeers) -> None:
    first = command(mesh_place)
    assert first.notes_kept() == ""
    first.shape({AB: CUT})
    first.note("first\nof \N{SNOWMAN}")
    first.close()
    assert len(sidecars_of(mesh_place)) == 1

    second = command(mesh_place)
    assert second.notes_kept() == "first\nof \N{SNOWMAN}"
    assert arrived(second) == [0, COUNT]
    second.shape({AB: CUT, BA: CUT})
    second.note("second")
    assert arrived(second) == [0, 0]
    second.close()
    second.close()
    assert len(sidecars_of(mesh_place)) == 2

    third = command(mesh_place)
    assert third.notes_kept() == "second"
    third.shape({})
    assert arrived(third) == [COUNT, COUNT]
    assert third.lapses() == []
    third.close()
    assert remove_mesh_sidecars(mesh_place.client, peers_of(mesh_place)) == 2
    assert sidecars_of(mesh_place) == []


def test_one_command_at_a_time(mesh_place: LivePeers) -> None:
    one = command(mesh_place)
    found: list[list[int]] = []

    def later() -> None:
        other = command(mesh_place)
        found.append(arrived(other))
        other.close()

    thread = threading.Thread(target=later)
    thread.start()
    one.shape({AB: CUT, BA: CUT})
    one.note("by one")
    assert not found
    one.close()
    thread.join()
    assert found == [[0, 0]]


def test_whoever_waits_for_long_is_told_so() -> None:
    turn = MeshLock("a test's own")
    with pytest.raises(EngineError, match="another command is at the mesh's faults"):
        MeshLock("a test's own", within=0.1)
    with idle("a test's own") as is_idle:
        assert not is_idle
    turn.end()
    with idle("a test's own") as is_idle:
        assert is_idle


def test_what_a_killed_command_has_bent_is_put_right(mesh_place: LivePeers) -> None:
    killed = command(mesh_place)
    killed.shape({AB: CUT})
    killed.close()  # as the kernel does it: nothing was noted
    after = command(mesh_place)
    assert after.lapses() == ["at bob something else held than was noted: it was put right"]
    assert arrived(after) == [COUNT, COUNT]
    after.shape({AB: CUT, BA: Effect(reset=0)})
    after.note("two of them")
    after.close()
    again = command(mesh_place)
    assert again.lapses() == []
    assert arrived(again) == [0, COUNT]
    again.close()


def test_what_has_lapsed_is_told_and_holds_again(mesh_place: LivePeers) -> None:
    first = command(mesh_place)
    first.shape({AB: CUT, BA: CUT})
    first.note("both")
    first.close()
    _, bob = peers_of(mesh_place)
    wanted = {"label": f"{MESH_SIDECAR}={bob.container}"}
    (sidecar,) = mesh_place.client.api.containers(filters=wanted)
    docker_sidecar.remove(mesh_place.client, "bob", sidecar["Id"])
    second = command(mesh_place)
    assert second.lapses() == ["what held at bob had lapsed: it has no sidecar any more"]
    assert arrived(second) == [0, 0]
    second.close()


def test_what_holds_does_so_at_a_peer_that_was_started_again(mesh_place: LivePeers) -> None:
    first = command(mesh_place)
    first.shape({AB: CUT, BA: CUT})
    first.note("both")
    first.close()
    _, bob = peers_of(mesh_place)
    mesh_place.client.api.restart(bob.container, timeout=1)
    second = command(mesh_place)
    second.refresh()
    assert arrived(second) == [0, 0]
    second.close()


def test_a_peer_that_was_removed_is_one_that_does_not_run(mesh_place: LivePeers) -> None:
    alice, _ = peers_of(mesh_place)
    first = command(mesh_place)
    first.shape({AB: CUT, BA: CUT})
    first.note("both")
    first.close()
    without = MeshNetwork(mesh_place.client, [alice])
    assert without.measure({AB: PACKETS}) == {AB: Measured(0, 0, error=NOT_RUNNING)}
    without.shape({BA: CUT})
    without.note("one of them")
    without.close()
    after = command(mesh_place)
    assert arrived(after) == [COUNT, 0]
    after.close()


def test_sidecars_that_are_of_no_use_are_removed(mesh_place: LivePeers) -> None:
    first = command(mesh_place)
    first.shape({AB: CUT, BA: CUT})
    first.note("both")
    api = mesh_place.client.api
    alice, bob = peers_of(mesh_place)
    (frozen,) = api.containers(filters={"label": f"{MESH_SIDECAR}={alice.container}"})
    api.pause(frozen["Id"])
    labels = {MESH_SIDECAR: bob.container, LIFE: ""}
    api.create_container("peerlab-sidecar:latest", labels=labels)
    leftovers.remove_things(mesh_place.client, lambda _: None)
    assert len(sidecars_of(mesh_place)) == 3  # somebody may be about to start it
    first.close()
    leftovers.remove_things(mesh_place.client, lambda _: None)
    assert len(sidecars_of(mesh_place)) == 2
    second = command(mesh_place)
    assert len(sidecars_of(mesh_place)) == 2
    assert frozen["Id"] not in sidecars_of(mesh_place)
    assert arrived(second) == [0, 0]
    second.close()


def test_a_peer_that_restarted_gets_a_new_sidecar_with_the_old_note(mesh_place: LivePeers) -> None:
    first = command(mesh_place)
    first.shape({AB: CUT})
    first.note("kept")
    first.close()
    _, bob = peers_of(mesh_place)
    mesh_place.client.api.restart(bob.container, timeout=1)
    second = command(mesh_place)
    assert second.notes_kept() == "kept"
    second.shape({AB: CUT})
    assert arrived(second) == [0, COUNT]
    second.close()
    third = command(mesh_place)
    assert third.notes_kept() == "kept"
    third.close()


def test_a_note_needs_neither_a_fault_nor_a_peer_that_runs(mesh_place: LivePeers) -> None:
    for peer in peers_of(mesh_place):
        peer.kill()
        await_exit(peer)
    network = command(mesh_place)
    network.note("nobody is there")
    network.close()
    again = command(mesh_place)
    assert again.notes_kept() == "nobody is there"
    again.close()
    remove_mesh_sidecars(mesh_place.client, peers_of(mesh_place))
    after = command(mesh_place)
    assert after.notes_kept() == ""
    after.close()


def test_a_note_may_be_long(mesh_place: LivePeers) -> None:
    long = secrets.token_hex(1_000_000)
    network = command(mesh_place)
    network.note("short")
    network.note(long)
    network.close()
    again = command(mesh_place)
    assert again.notes_kept() == long
    again.close()


def test_what_holds_is_known_when_every_sidecar_was_killed(mesh_place: LivePeers) -> None:
    first = command(mesh_place)
    first.shape({AB: CUT, BA: CUT})
    first.note("both")
    first.close()
    for sidecar in sidecars_of(mesh_place):
        docker_sidecar.remove(mesh_place.client, "somebody", sidecar)
    second = command(mesh_place)
    assert second.notes_kept() == "both"
    assert sorted(second.lapses()) == [
        f"what held at {name} had lapsed: it has no sidecar any more" for name in ("alice", "bob")
    ]
    assert arrived(second) == [0, 0]
    second.close()


def test_a_note_goes_with_the_last_of_its_peers(mesh_place: LivePeers) -> None:
    def notes() -> list[Any]:
        found = mesh_place.client.api.containers(all=True, filters={"label": docker_note.NOTE})
        return [each for each in found if alice.container in each["Labels"][docker_note.ABOUT]]

    alice, bob = peers_of(mesh_place)
    network = command(mesh_place)
    network.note("first")
    network.note("second")
    network.close()
    alice.remove()
    leftovers.remove_things(mesh_place.client, lambda _: None)
    assert len(notes()) == 1
    bob.remove()
    leftovers.remove_things(mesh_place.client, lambda _: None)
    assert notes() == []


def test_sidecars_whose_peer_is_gone_are_swept(mesh_place: LivePeers) -> None:
    network = command(mesh_place)
    network.shape({AB: CUT, BA: CUT})
    network.close()
    said: list[str] = []
    leftovers.remove_things(mesh_place.client, said.append)
    assert len(sidecars_of(mesh_place)) == 2
    _, bob = peers_of(mesh_place)
    bob.remove()
    leftovers.remove_things(mesh_place.client, said.append)
    assert len(sidecars_of(mesh_place)) == 1


def test_a_mesh_without_peers_has_no_notes(mesh_place: LivePeers) -> None:
    network = MeshNetwork(mesh_place.client, [])
    assert network.notes_kept() == ""
    network.shape({})
    network.close()
    assert docker_mesh.remove_mesh_sidecars(mesh_place.client, []) == 0
