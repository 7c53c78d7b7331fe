"""The mesh while faults are active: `up`, Ctrl-C, peers that end."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import Any

import pytest
from docker.errors import NotFound

from orchestrator.engines.docker.mesh_changes import changing, sweep_changes
from orchestrator.image import ensure_image
from orchestrator.paths import ROOT
from tests.e2e.mesh.own_mesh import OwnMesh, done
from tests.e2e.support import BUSY, start
from tests.orchestrator.cli.support import peerlab_on_docker as peerlab
from tests.orchestrator.support import until

pytestmark = [
    # A command leaves its connection to Docker to the end of its process, which is this one.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.docker,
    pytest.mark.timeout(150, func_only=True),
]


@pytest.fixture
def mesh(own: OwnMesh) -> Iterator[OwnMesh]:
    """Three peers run, without faults."""
    if own.running() != ["alice", "bob", "carol"]:
        assert "note:" not in done("up", "--peers", "3")
    yield own
    if own.sidecars():
        peerlab("heal")


def active() -> dict[str, dict[str, Any]]:
    """Return the active faults, measured again, by name."""
    return {
        fault["fault"]: fault for fault in json.loads(peerlab("faults", "--json").stdout)["faults"]
    }


def seen(fault: dict[str, Any], when: str) -> dict[tuple[str, str], int]:
    """Return the packets that arrived over each link of a fault."""
    return {tuple(row["link"]): row[when]["arrived"] for row in fault["proof"]}


@pytest.mark.thorough  # test_faults_by_hand.py has restarted peers, test_manual_faults.py new ones
def test_up_applies_faults_to_restarted_and_new_peers(mesh: OwnMesh) -> None:
    done("fault", "isolate", "alice", "--as", "lone")
    done("fault", "partition", "bob", "/", "carol", "--one-way", "--as", "half")
    done("fault", "kill", "alice")
    said = done("up", "--peers", "4")
    assert "note: lone now applies to dave too" in said
    assert "half" not in said
    found = active()
    assert [found[name]["proven"] for name in ("lone", "half")] == [True, True]
    others = ["bob", "carol", "dave"]
    links = {link for other in others for link in (("alice", other), (other, "alice"))}
    assert seen(found["lone"], "during") == dict.fromkeys(links, 0)
    assert seen(found["half"], "during") == {("bob", "carol"): 0}
    assert set(seen(found["lone"], "before").values()) == {20}
    assert "now applies" not in done("up", "--peers", "3"), "no peer is new"
    assert active()["lone"]["proven"]
    assert "✓ proven" in done("heal", "lone")
    assert active().keys() == {"half"}


@pytest.mark.thorough
def test_faults_stay_known_when_all_peers_have_ended(mesh: OwnMesh) -> None:
    assert mesh.peers()
    done("fault", "isolate", "alice", "--as", "lone")
    for name in ("alice", "bob", "carol"):
        done("fault", "kill", name)
    found = active()
    assert found["lone"]["doubts"] == ["both ends run on none of its links"]
    for name in ("alice", "bob", "carol"):
        done("fault", "start", name)
    found = active()
    assert found.keys() == {"lone"}
    assert found["lone"]["proven"]
    assert "✓ proven" in done("heal")


@pytest.mark.thorough
def test_faults_stay_known_when_all_sidecars_were_killed(mesh: OwnMesh) -> None:
    done("fault", "isolate", "alice", "--as", "lone")
    assert len(mesh.sidecars()) == 3
    for name in mesh.sidecars():
        mesh.client.api.kill(name)
    until(lambda: mesh.sidecars() == [], "their end")
    said = done("faults")
    assert "note: faults at alice had lapsed: its sidecar is gone" in said
    assert "✓ proven" in said


@pytest.mark.thorough
@pytest.mark.parametrize("words", [["heal"], ["fault", "impair", "all", "--loss", "20%"]])
def test_ctrl_c_says_which_faults_are_active(mesh: OwnMesh, words: list[str]) -> None:
    done("fault", "isolate", "carol", "--as", "lone")
    under_way = start(words)
    until(mesh.is_locked, "the middle", BUSY)
    under_way.send_signal(signal.SIGINT)
    _, said = under_way.communicate(timeout=60)
    assert under_way.returncode == 130
    assert "Traceback" not in said
    last = said.splitlines()[-1]
    found = active()
    assert not found.keys() - {"lone"}, "the interrupted fault is active"
    if words == ["heal"] and not found:
        assert last == "interrupted: no network fault is active"
    else:
        assert last in (
            "interrupted: lone is active: peerlab heal lifts it",
            "interrupted: nothing was changed",  # so early was it
        )
    assert all(fault["proven"] for fault in found.values())


def test_ctrl_c_lifts_the_fault_that_had_begun(mesh: OwnMesh) -> None:
    under_way = start(["fault", "impair", "all", "--loss", "20%"])
    until(lambda: len(mesh.sidecars()) == 3, "its measurements", BUSY)
    under_way.send_signal(signal.SIGINT)
    _, said = under_way.communicate(timeout=60)
    assert under_way.returncode == 130
    assert said.endswith("interrupted: no network fault is active\n")
    assert mesh.sidecars() == []
    assert active() == {}


def test_ctrl_c_while_a_mesh_grows_leaves_what_was_there(mesh: OwnMesh) -> None:
    before = [peer.container for peer in mesh.peers()]
    under_way = start(["up", "--peers", "6"])
    until(lambda: len(mesh.peers()) > 3, "its first new peer", BUSY)
    under_way.send_signal(signal.SIGINT)
    _, said = under_way.communicate(timeout=60)
    assert under_way.returncode == 130
    assert "interrupted: 3 peers of the mesh are left: peerlab ps shows them" in said
    assert [peer.container for peer in mesh.peers()] == before


@pytest.mark.thorough
def test_one_peer_alone_has_no_link(mesh: OwnMesh) -> None:
    assert mesh.peers()
    done("up", "--peers", "1")
    for words in (["isolate", "alice"], ["impair", "all", "--loss", "5%"]):
        one = peerlab("fault", *words)
        assert one.returncode == 2
        assert "there is no link: alice is the only peer" in one.stderr
    assert active() == {}


@pytest.mark.thorough  # the test above has a mesh that grows
def test_ctrl_c_while_a_mesh_starts_removes_what_was_started(own: OwnMesh) -> None:
    done("down")
    under_way = start(["up", "--peers", "3"])
    until(own.peers, "its first peer", BUSY)
    under_way.send_signal(signal.SIGINT)
    _, said = under_way.communicate(timeout=60)
    assert under_way.returncode == 130
    assert said.endswith("interrupted: there is no mesh\n")
    assert (own.peers(), own.networks()) == ([], [])


def test_a_killed_up_leaves_nothing_after_the_next_command(own: OwnMesh) -> None:
    done("down")
    under_way = start(["up", "--peers", "4"])
    until(own.peers, "its first peer", BUSY)
    under_way.kill()
    under_way.communicate()
    assert own.is_half_done()
    done("ps")
    assert (own.peers(), own.networks()) == ([], [])
    assert not own.is_half_done()


def test_a_killed_command_leaves_a_complete_mesh_as_it_was(own: OwnMesh) -> None:
    done("up", "--peers", "2")
    before = [peer.container for peer in own.peers()]
    under_way = start(["up", "--peers", "6"])
    until(lambda: len(own.peers()) > 2, "its first new peer", BUSY)
    under_way.kill()
    under_way.communicate()

    def is_as_it_was() -> bool:
        done("faults")  # Docker may create a peer after that which the killed command asked for
        return [peer.container for peer in own.peers()] == before

    until(is_as_it_was, "the mesh as it was", BUSY)
    assert own.running() == ["alice", "bob"]
    assert not own.is_half_done()


def test_a_peer_that_docker_creates_after_its_command_was_undone_goes(own: OwnMesh) -> None:
    api = own.client.api
    with changing(own.client, own.id.label) as mark:
        image = ensure_image(lambda _: None, ROOT)
        made = api.create_container(image, labels=own.labels | mark)["Id"]
        sweep_changes(own.client)
        assert api.inspect_container(made)["State"]["Status"] == "created", "it is under way"
    sweep_changes(own.client)
    with pytest.raises(NotFound):
        api.inspect_container(made)


def test_a_killed_down_is_finished_by_the_next_command(own: OwnMesh) -> None:
    done("up", "--peers", "3")
    under_way = start(["down"])
    until(own.is_half_done, "its beginning", BUSY)
    under_way.kill()
    under_way.communicate()
    assert own.networks(), "it was killed too late"
    done("up", "--peers", "1", "--mesh", f"{own.id.name}-b")
    assert (own.peers(), own.networks()) == ([], [])
    done("down", "--mesh", f"{own.id.name}-b")


@pytest.mark.thorough  # the tests above have commands that were killed, one after the other
def test_up_does_not_build_on_what_a_killed_one_began(own: OwnMesh) -> None:
    done("down")
    first = start(["up", "--peers", "3"])
    until(own.peers, "its first peer", BUSY)
    first.send_signal(signal.SIGSTOP)
    second = start(["up", "--peers", "2"])
    assert second.stderr
    said = second.stderr
    until(lambda: "waiting for another peerlab command" in said.readline(), "its turn")
    first.kill()
    second.communicate(timeout=60)
    first.communicate()
    assert second.returncode == 0
    done("ps")
    assert own.running() == ["alice", "bob"]
