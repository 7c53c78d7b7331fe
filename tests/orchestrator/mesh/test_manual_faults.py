"""Faults from command to command, between containers in the place of a mesh."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engines.choose import reap_containers
from orchestrator.engines.docker import mesh_network as docker_mesh
from orchestrator.engines.docker import sidecar as docker_sidecar
from orchestrator.engines.docker.mesh_network import MeshNetwork, remove_mesh_sidecars
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.docker.sidecar import INCARNATION, MESH_SIDECAR
from orchestrator.errors import LabError
from orchestrator.faults.delay import by_packets
from orchestrator.faults.effect import Effect, Link
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe
from orchestrator.image.recipe import SIDECAR
from orchestrator.mesh.manual_faults import ManualFault, ManualFaults
from orchestrator.owner import Owner
from orchestrator.paths import ROOT
from tests.orchestrator.support import LivePeers, await_exit

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]

NAMES = ["alice", "bob", "carol"]
AB, BA = ("alice", "bob"), ("bob", "alice")
COUNT = 20
PACKETS = Probe("packets", COUNT)
CUT = Effect(cut=True)
Command = Callable[..., contextlib.AbstractContextManager[ManualFaults]]


class InterruptedByATest(BaseException):
    """As Ctrl-C."""


@pytest.fixture(scope="module")
def place() -> Iterator[LivePeers]:
    """Three peers for all tests of this file."""
    with LivePeers("docker") as place:
        place.start(NAMES)
        yield place


@pytest.fixture
def peers(
    place: LivePeers,
) -> Iterator[dict[str, DockerPeer]]:
    """The three peers, all running, without any fault."""
    peers = {name: docker_peer(place, name) for name in NAMES}
    yield peers
    remove_mesh_sidecars(place.client, [*peers.values()])
    for peer in peers.values():
        if peer.status().state == "exited":
            peer.start()


def docker_peer(place: LivePeers, name: str) -> DockerPeer:
    peer = place.sessions[name].peer
    assert isinstance(peer, DockerPeer)
    return peer


@pytest.fixture
def command(place: LivePeers, peers: dict[str, DockerPeer], tmp_path: Path) -> Command:
    """What begins and ends a command, between all peers or some."""

    @contextlib.contextmanager
    def begin(*names: str, kind: type[MeshNetwork] = MeshNetwork) -> Iterator[ManualFaults]:
        some = {name: peers[name] for name in names or NAMES}
        network = kind(place.client, [*some.values()])
        try:
            containers = {name: peer.container for name, peer in some.items()}
            yield ManualFaults(containers, network, tmp_path / "record.json")
        finally:
            network.close()

    return begin


@pytest.fixture
def network(place: LivePeers, peers: dict[str, DockerPeer]) -> Iterator[Callable[[], MeshNetwork]]:
    """What makes the network of one command after the other, between alice and bob."""
    networks: list[MeshNetwork] = []

    def next_one() -> MeshNetwork:
        if networks:
            networks[-1].close()
        networks.append(MeshNetwork(place.client, [peers["alice"], peers["bob"]]))
        return networks[-1]

    yield next_one
    networks[-1].close()


def sidecars_of(place: LivePeers, *names: str) -> list[str]:
    ours = [docker_peer(place, name).container for name in names or NAMES]
    found = place.client.api.containers(all=True, filters={"label": MESH_SIDECAR})
    return [sidecar["Id"] for sidecar in found if sidecar["Labels"][MESH_SIDECAR] in ours]


def arrived(network: MeshNetwork) -> list[int]:
    found = network.measure({AB: PACKETS, BA: PACKETS})
    return [found[link].arrived for link in (AB, BA)]


def during(active: ManualFault) -> dict[Link, int]:
    """Return how much arrives over each link of a fault."""
    return {(row["link"][0], row["link"][1]): row["during"]["arrived"]
            for row in active.finding.proof}  # fmt: skip


def all_links(one: str, others: Sequence[str]) -> set[Link]:
    return {link for other in others for link in ((one, other), (other, one))}


# Commands


@pytest.mark.thorough  # tests/e2e/mesh has it, by the command line
def test_a_fault_stays_active_until_a_later_command_heals_it(
    command: Command, place: LivePeers, peers: dict[str, DockerPeer]
) -> None:
    with command("alice", "bob") as first:
        assert first.names == []
        first.apply("partition", groups=[["alice"], ["bob"]], one_way=True, **{"as": "pair"})
    assert len(sidecars_of(place)) == 2
    with command("alice", "bob") as second:
        assert second.lapses() == []
        assert during(second.measured()[0]) == {AB: 0}
        second.apply("isolate", at="alice", **{"as": "lone"})
    with command("alice", "bob") as third:
        pair, lone = third.measured()
        assert (during(pair), during(lone)) == ({AB: 0}, {AB: 0, BA: 0})
        assert third.lapses() == []
        assert [fault.active.fault.name for fault in third.heal("all")] == ["lone", "pair"]
        assert third.names == []
        third.close()
        third.close()
    assert remove_mesh_sidecars(place.client, [*peers.values()]) == 2
    assert sidecars_of(place) == []


def test_a_fault_spreads_to_new_peers(command: Command) -> None:
    with command("alice", "bob") as first:
        assert not first.apply("isolate", at="alice", **{"as": "lone"}).finding.doubts
        first.apply("partition", groups=[["alice"], ["bob"]], **{"as": "pair"})
    with command() as second:
        assert second.lapses() == ["lone now applies to carol too"]
    with command() as third:
        assert third.lapses() == []
        lone, pair = third.measured()
        assert during(lone) == dict.fromkeys(all_links("alice", ["bob", "carol"]), 0)
        assert during(pair) == dict.fromkeys(all_links("alice", ["bob"]), 0)
        assert not [*lone.finding.doubts, *pair.finding.doubts]


@pytest.mark.thorough  # tests/e2e/mesh has it for one peer, by the command line
def test_faults_outlive_all_peers(command: Command, peers: dict[str, DockerPeer]) -> None:
    with command() as first:
        first.apply("isolate", at="alice", **{"as": "lone"})
    for peer in peers.values():
        peer.kill()
        await_exit(peer)
    with command() as second:
        (lone,) = second.measured()
        assert lone.finding.doubts == ["both ends run on none of its links"]
    for peer in peers.values():
        peer.start()
    with command() as third:
        third.refresh()
        (lone,) = third.measured()
        assert during(lone) == dict.fromkeys(all_links("alice", ["bob", "carol"]), 0)
        assert not lone.finding.doubts


@pytest.mark.thorough  # test_lapses.py has a killed sidecar
def test_faults_outlive_all_sidecars(command: Command, place: LivePeers) -> None:
    with command() as first:
        first.apply("isolate", at="alice", **{"as": "lone"})
    for sidecar in sidecars_of(place):
        docker_sidecar.remove(place.client, "some peer", sidecar)
    with command() as second:
        (lone,) = second.measured()
        assert sorted(second.lapses()) == [
            f"faults at {name} had lapsed: its sidecar is gone" for name in NAMES
        ]
        assert set(during(lone).values()) == {0}


class InterruptedNetwork(MeshNetwork):
    """Ctrl-C comes once a fault is applied."""

    def shape(self, effects: Any) -> None:
        super().shape(effects)
        if effects:
            raise InterruptedByATest


class UnrecordedNetwork(MeshNetwork):
    """The record cannot be written while a fault is active."""

    record: Path

    def shape(self, effects: Any) -> None:
        super().shape(effects)
        if effects:
            self.record.with_name(f".{self.record.name}").mkdir()
        else:
            self.record.with_name(f".{self.record.name}").rmdir()


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (InterruptedNetwork, InterruptedByATest),
        pytest.param(UnrecordedNetwork, LabError, marks=pytest.mark.thorough),
    ],
)
def test_a_fault_that_is_not_verified_or_recorded_is_lifted(
    command: Command,
    kind: type[MeshNetwork],
    error: type[BaseException],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(UnrecordedNetwork, "record", tmp_path / "record.json", raising=False)
    with command(kind=kind) as broken, pytest.raises(error):
        broken.apply("impair", at="all", loss="50%")
    with command() as after:
        assert after.lapses() == []
        assert after.names == []
        network = after._network
        assert network._effects == {}
        shares = network._shares()
        assert all(attachment.resume(shares[attachment]) for attachment in network._attachments)


def test_a_single_peer_has_no_link(command: Command) -> None:
    with command("alice") as alone:
        for keys in ({"at": "alice"}, {"at": "all", "loss": "5%"}):
            verb = "impair" if "loss" in keys else "isolate"
            with pytest.raises(LabError, match="no link: alice is the only peer"):
                alone.apply(verb, **keys)


@pytest.mark.thorough
def test_notes_say_what_the_relay_cannot_do(command: Command) -> None:
    with command() as faults:
        lossy = faults.apply("impair", between=["alice", "bob"], loss="50%")
        assert faults.notes(lossy) == []
        slow = faults.apply("stream", between=["bob", "carol"], delay=0.2)
        assert faults.notes(slow) == ["existing connections stay as they are"]
        late = faults.apply("impair", between=["alice", "carol"], delay=0.2)
        told = [note.partition(" (")[0] for note in faults.notes(late)]
        relayed = ["no netem here", "existing connections stay as they are"]
        assert told == ([] if by_packets(late.mechanisms) else relayed)


# The network between commands


def test_faults_that_a_killed_command_did_not_record_are_cleared(
    network: Callable[[], MeshNetwork],
) -> None:
    network().shape({AB: CUT})
    after = network()
    after.resume({})
    assert [*map(str, after.lapses())] == ["at bob the faults differed from the record: restored"]
    assert arrived(after) == [COUNT, COUNT]
    kept = {AB: CUT, BA: Effect(reset=0)}
    after.shape(kept)
    again = network()
    again.resume(kept)
    assert again.lapses() == []
    assert arrived(again) == [0, COUNT]


@pytest.mark.thorough  # tests/e2e/mesh has it, by the command line
def test_a_restarted_peer_gets_its_faults_again(
    network: Callable[[], MeshNetwork], place: LivePeers, peers: dict[str, DockerPeer]
) -> None:
    network().shape({AB: CUT, BA: CUT})
    place.client.api.restart(peers["bob"].container, timeout=1)
    second = network()
    second.resume({AB: CUT, BA: CUT})
    second.refresh()
    assert arrived(second) == [0, 0]


def test_a_removed_peer_counts_as_one_that_does_not_run(
    network: Callable[[], MeshNetwork], place: LivePeers, peers: dict[str, DockerPeer]
) -> None:
    network().shape({AB: CUT, BA: CUT})
    network().close()
    without = MeshNetwork(place.client, [peers["alice"]])
    without.resume({AB: CUT, BA: CUT})
    assert without.measure({AB: PACKETS}) == {AB: Measured(0, 0, error=NOT_RUNNING)}
    without.shape({BA: CUT})
    without.close()
    after = network()
    after.resume({BA: CUT})
    assert arrived(after) == [COUNT, 0]


def test_useless_sidecars_are_removed(
    network: Callable[[], MeshNetwork],
    place: LivePeers,
    peers: dict[str, DockerPeer],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = network()
    first.shape({AB: CUT, BA: CUT})
    api: Any = place.client.api
    alice, bob = peers["alice"], peers["bob"]
    (frozen,) = api.containers(filters={"label": f"{MESH_SIDECAR}={alice.container}"})
    DockerPeer(place.client, "sidecar", frozen["Id"], "").pause()  # tries again on a busy machine
    labels = {MESH_SIDECAR: bob.container, INCARNATION: ""}
    api.create_container(SIDECAR.image(ROOT), labels=labels)
    reap_containers(place.client, lambda _: None)
    assert len(sidecars_of(place)) == 3, "another command may start it yet"
    gone = replace(Owner.this(), started=1).mark
    api.create_container(SIDECAR.image(ROOT), labels=labels | {docker_mesh._STARTED_BY: gone})
    reap_containers(place.client, lambda _: None)
    assert len(sidecars_of(place)) == 3, "the command that would have started it was killed"
    first.close()
    monkeypatch.setattr(docker_mesh, "_STARTED_WITHIN", -1.0)
    reap_containers(place.client, lambda _: None)
    assert len(sidecars_of(place)) == 2
    second = network()
    second.resume({AB: CUT, BA: CUT})
    assert [*map(str, second.lapses())] == ["faults at alice had lapsed: its sidecar is gone"]
    assert len(sidecars_of(place)) == 2
    assert frozen["Id"] not in sidecars_of(place)
    assert arrived(second) == [0, 0]


def test_sidecars_go_with_their_peer(place: LivePeers, peers: dict[str, DockerPeer]) -> None:
    place.start(["dave"])
    dave = docker_peer(place, "dave")
    network = MeshNetwork(place.client, [peers["alice"], dave])
    network.shape({("alice", "dave"): CUT, ("dave", "alice"): CUT})
    network.close()
    said: list[str] = []
    reap_containers(place.client, said.append)
    assert len(sidecars_of(place, "alice", "dave")) == 2
    dave.remove()
    reap_containers(place.client, said.append)
    assert len(sidecars_of(place, "alice", "dave")) == 1


def test_a_mesh_without_peers_has_no_faults(
    place: LivePeers, peers: dict[str, DockerPeer], tmp_path: Path
) -> None:
    assert peers
    network = MeshNetwork(place.client, [])
    faults = ManualFaults({}, network, tmp_path / "record.json")
    assert (faults.names, faults.lapses()) == ([], [])
    network.shape({})
    network.close()
    assert remove_mesh_sidecars(place.client, []) == 0
    assert not [*tmp_path.rglob("*.json")]
