"""Faults by hand from command to command, between containers that are taken for a mesh."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from orchestrator.engines.docker import sidecar as docker_sidecar
from orchestrator.engines.docker.engine import DockerEngine
from orchestrator.engines.docker.mesh_network import MeshNetwork, remove_mesh_sidecars
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.docker.sidecar import MESH_SIDECAR
from orchestrator.errors import EngineError, LabError
from orchestrator.faults.delay import by_packets
from orchestrator.faults.effect import Link
from orchestrator.mesh.by_hand import ByHand, Kept
from tests.orchestrator.support import LivePeers, await_exit

pytestmark = [pytest.mark.docker, pytest.mark.timeout(120)]
Command = Callable[..., contextlib.AbstractContextManager[ByHand]]


class InterruptedByATest(BaseException):
    """As Ctrl-C."""


@pytest.fixture
def peers() -> Iterator[dict[str, DockerPeer]]:
    """Three peers, and nothing noted of them."""
    with LivePeers("docker") as place:
        place.start(["alice", "bob", "carol"])
        several = {name: each.peer for name, each in place.sessions.items()}
        found = {name: peer for name, peer in several.items() if isinstance(peer, DockerPeer)}
        assert isinstance(place.engine, DockerEngine)
        yield found
        remove_mesh_sidecars(place.engine._client, [*found.values()])


def client_of(peers: dict[str, DockerPeer]) -> Any:
    return peers["alice"]._client


@pytest.fixture
def command(peers: dict[str, DockerPeer]) -> Command:
    """Return what begins a command, between some of the peers; its end ends it."""

    @contextlib.contextmanager
    def begin(*names: str, kind: type[MeshNetwork] = MeshNetwork) -> Iterator[ByHand]:
        some = {name: peers[name] for name in names or peers}
        network = kind(client_of(peers), [*some.values()])
        try:
            yield ByHand([*some], network)
        finally:
            network.close()

    return begin


def during(kept: Kept) -> dict[Link, int]:
    """Return how much arrives over each link of a fault."""
    return {(row["link"][0], row["link"][1]): row["during"]["arrived"]
            for row in kept.finding.proof}  # fmt: skip


def all_links(one: str, others: Sequence[str]) -> set[Link]:
    return {link for other in others for link in ((one, other), (other, one))}


def test_a_fault_spreads_to_who_comes_later(command: Command) -> None:
    with command("alice", "bob") as first:
        assert not first.apply("isolate", at="alice", **{"as": "lone"}).finding.doubts
        first.apply("partition", groups=[["alice"], ["bob"]], **{"as": "pair"})
    with command() as second:
        assert second.lapses() == ["lone holds at carol as well"]
    with command() as third:
        assert third.lapses() == []
        lone, pair = third.held()
        assert during(lone) == dict.fromkeys(all_links("alice", ["bob", "carol"]), 0)
        assert during(pair) == dict.fromkeys(all_links("alice", ["bob"]), 0)
        assert not [*lone.finding.doubts, *pair.finding.doubts]
        assert [each.held.fault.name for each in third.heal("all")] == ["pair", "lone"]
        assert third.names == []


def test_what_holds_outlives_all_peers(command: Command, peers: dict[str, DockerPeer]) -> None:
    with command() as first:
        first.apply("isolate", at="alice", **{"as": "lone"})
    for peer in peers.values():
        peer.kill()
        await_exit(peer)
    with command() as second:
        (lone,) = second.held()
        assert lone.finding.doubts == ["both ends run on none of its links"]
    for peer in peers.values():
        peer.start()
    with command() as third:
        third.refresh()
        (lone,) = third.held()
        assert during(lone) == dict.fromkeys(all_links("alice", ["bob", "carol"]), 0)
        assert not lone.finding.doubts


def test_what_holds_outlives_all_sidecars(command: Command, peers: dict[str, DockerPeer]) -> None:
    with command() as first:
        first.apply("isolate", at="alice", **{"as": "lone"})
    for peer in peers.values():
        wanted = {"label": f"{MESH_SIDECAR}={peer.container}"}
        (sidecar,) = client_of(peers).api.containers(filters=wanted)
        docker_sidecar.remove(client_of(peers), peer.name, sidecar["Id"])
    with command() as second:
        (lone,) = second.held()
        assert len(second.lapses()) == 3
        assert set(during(lone).values()) == {0}


class BrokenOff(MeshNetwork):
    """Somebody presses Ctrl-C once something has been bent."""

    def shape(self, effects: Any) -> None:
        super().shape(effects)
        if effects:
            raise InterruptedByATest


class Forgetful(MeshNetwork):
    """Nothing can be noted of what is bent."""

    def note(self, text: str) -> None:
        if self._effects:
            raise EngineError("no room to note anything")
        super().note(text)


@pytest.mark.parametrize(
    ("kind", "error"), [(BrokenOff, InterruptedByATest), (Forgetful, EngineError)]
)
def test_what_nobody_has_seen_or_noted_is_lifted(
    command: Command, kind: type[MeshNetwork], error: type[BaseException]
) -> None:
    with command(kind=kind) as broken, pytest.raises(error):
        broken.apply("impair", at="all", loss="50%")
    with command() as after:
        assert after.lapses() == []
        assert after.names == []
        network = after._network
        assert network._effects == {}
        assert all(seat.resume(network._shares()[seat]) for seat in network._seats.values())


def test_one_peer_alone_has_no_link(command: Command) -> None:
    with command("alice") as alone:
        for keys in ({"at": "alice"}, {"at": "all", "loss": "5%"}):
            verb = "impair" if "loss" in keys else "isolate"
            with pytest.raises(LabError, match="no link: alice is the only peer"):
                alone.apply(verb, **keys)


def test_whom_the_relay_bends_is_told(command: Command) -> None:
    with command() as faults:
        lossy = faults.apply("impair", between=["alice", "bob"], loss="50%")
        assert faults.notes(lossy) == []
        slow = faults.apply("stream", between=["bob", "carol"], delay=0.2)
        assert faults.notes(slow) == ["connections that are there already stay as they are"]
        late = faults.apply("impair", between=["alice", "carol"], delay=0.2)
        told = [each.partition(" (")[0] for each in faults.notes(late)]
        bent = ["no netem here", "connections that are there already stay as they are"]
        assert told == ([] if by_packets(late.means) else bent)
