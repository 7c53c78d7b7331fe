"""The mesh for manual use, and how confined every peer's container is."""

from __future__ import annotations

import itertools
import json
import time
from typing import Any

import pytest

from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.image import ensure_packages
from orchestrator.image.recipe import PEER, SIDECAR
from orchestrator.paths import ROOT
from tests.e2e.mesh.own_mesh import OwnMesh, done
from tests.orchestrator.cli.support import peerlab_on_docker as peerlab
from tests.orchestrator.support import LivePeers, until

pytestmark = [
    # A command leaves its connection to Docker to the end of its process, which is this one.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.docker,
    pytest.mark.timeout(120, func_only=True),
]
_MIB = 1024 * 1024


@pytest.fixture(scope="module")
def mesh_of_two(own: OwnMesh) -> list[dict[str, Any]]:
    """Three peers that became two."""
    assert own.peers() == []
    three = peerlab("up", "--peers", "3", "--json")
    assert three.returncode == 0, three.stderr
    assert [row["peer"] for row in json.loads(three.stdout)["peers"]] == ["alice", "bob", "carol"]
    rows: list[dict[str, Any]] = json.loads(peerlab("up", "--peers", "2", "--json").stdout)["peers"]
    return rows


def assert_confined(client: Any, container: str) -> None:
    found = client.api.inspect_container(container)
    host, config = found["HostConfig"], found["Config"]
    assert host["ReadonlyRootfs"]
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert not host["Privileged"]
    assert "no-new-privileges:true" in host["SecurityOpt"]
    assert (host["Memory"], host["MemorySwap"], host["PidsLimit"]) == (128 * _MIB, 128 * _MIB, 320)
    assert not any((host["PortBindings"] or {}).values())
    assert not host["PublishAllPorts"]
    assert not host["Binds"]
    assert config["User"] == "10001:10001"
    assert config["StopTimeout"] == 2
    assert any(label.startswith("peerlab.") for label in config["Labels"])
    status = client.api.exec_create(
        container,
        ["python3", "-c", "print(open('/proc/self/status').read())"],
    )
    text = client.api.exec_start(status["Id"]).decode()
    assert "CapEff:\t0000000000000000" in text
    assert "NoNewPrivs:\t1" in text
    assert "Uid:\t10001" in text
    health = client.api.exec_create(container, found["Config"]["Healthcheck"]["Test"][1:])
    client.api.exec_start(health["Id"])
    assert client.api.exec_inspect(health["Id"])["ExitCode"] == 0


def test_up_grows_and_shrinks_and_ps_shows_it(
    own: OwnMesh, mesh_of_two: list[dict[str, Any]]
) -> None:
    assert [row["peer"] for row in mesh_of_two] == ["alice", "bob"]
    assert {row["state"] for row in mesh_of_two} == {"running"}
    assert all(row["memory"] > _MIB for row in mesh_of_two)
    shown = peerlab("ps")
    assert shown.returncode == 0
    assert all(row["address"] in shown.stdout for row in mesh_of_two)
    until(
        lambda: [peer.connections() for peer in own.peers()] == [0, 0],
        "the health checks' connections to end",
    )


def test_ps_does_not_wait_for_dockers_statistics(
    mesh_of_two: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mesh_of_two
    monkeypatch.setattr("docker.APIClient.stats", lambda *_, **__: pytest.fail("a second for each"))
    rows = json.loads(done("ps", "--json"))["peers"]
    assert all(row["memory"] > _MIB for row in rows)


def test_peers_find_each_other_by_name(own: OwnMesh, mesh_of_two: list[dict[str, Any]]) -> None:
    code = "import socket; print(socket.gethostbyname('bob'), socket.gethostname())"
    call = own.client.api.exec_create(own.container("alice"), ["python3", "-c", code])
    said = own.client.api.exec_start(call["Id"]).decode().split()
    assert said == [mesh_of_two[1]["address"], "alice"]


def test_the_containers_of_the_mesh_are_confined(own: OwnMesh, mesh_of_two: list[Any]) -> None:
    assert mesh_of_two
    assert_confined(own.client, own.container("alice"))


def test_up_repeats_nothing_and_replaces_what_was_made_otherwise(
    own: OwnMesh, mesh_of_two: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert mesh_of_two
    before = [peer.container for peer in own.peers()]
    done("up", "--peers", "2")
    assert [peer.container for peer in own.peers()] == before
    monkeypatch.setattr("orchestrator.engines.docker.mesh_peers._DEFINITION", "peerlab.other")
    done("up", "--peers", "2")
    after = own.peers()
    assert not {peer.container for peer in after} & {*before}
    assert [peer.address for peer in after] == [row["address"] for row in mesh_of_two]


def test_docker_stop_ends_a_peer_cleanly(own: OwnMesh, mesh_of_two: list[Any]) -> None:
    assert mesh_of_two
    bob, began = own.container("bob"), time.monotonic()
    own.client.api.stop(bob)
    assert time.monotonic() - began < 10
    assert own.client.api.inspect_container(bob)["State"]["ExitCode"] == 0
    (peer,) = (peer for peer in own.peers() if peer.name == "bob")
    assert peer.status().phrase == "exited with status 0"


def test_restarted_peers_keep_their_addresses(
    own: OwnMesh, mesh_of_two: list[dict[str, Any]]
) -> None:
    before = {row["peer"]: row["address"] for row in mesh_of_two}
    for peer in own.peers():
        if peer.status().state == "running":
            peer.kill()
    down = own.peers()
    assert {peer.name: peer.address for peer in down} == before
    for peer in reversed(down):
        peer.start()
        peer.detach()
    assert {peer.name: peer.address for peer in own.peers()} == before
    own.peers()[0].kill()
    again = peerlab("up", "--peers", "2", "--json")
    rows = json.loads(again.stdout)["peers"]
    assert rows[0]["state"] == "running"
    assert {row["peer"]: row["address"] for row in rows} == before


def test_the_containers_of_runs_are_confined(client: Any) -> None:
    with LivePeers("docker") as place:
        (session,) = place.start(["alice"])
        assert isinstance(session.peer, DockerPeer)
        assert_confined(client, session.peer.container)
        until(lambda: session.peer.connections() == 0, "the health check's connection to end")


def test_image_builds_all_images() -> None:
    image = peerlab("image")
    assert image.returncode == 0, image.stderr
    base = ensure_packages(lambda _: None, ROOT, ())
    names = [PEER.image(ROOT), SIDECAR.image(ROOT), base, "peerlab-peer:compose"]
    assert image.stdout.splitlines() == [f"{name} is up to date" for name in names]


def test_the_images_size(client: Any) -> None:
    image = client.api.inspect_image(PEER.image(ROOT))
    assert image["Size"] <= 60_000_000
    sizes = [layer["Size"] for layer in client.api.history(PEER.image(ROOT))]
    ours = sum(itertools.takewhile(lambda size: size < 30_000_000, sizes))
    assert ours <= 20_000_000
