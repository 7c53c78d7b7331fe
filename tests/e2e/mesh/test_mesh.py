"""The mesh for manual use, and how confined every peer's container is."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator import command, definition
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker import peer as docker_peer
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.errors import EngineError
from orchestrator.mesh import compose
from tests.e2e import support
from tests.e2e.support import SHORT
from tests.orchestrator.cli.support import peerlab_on_docker as peerlab
from tests.orchestrator.support import ROOT, LivePeers, things_of, until

pytestmark = [
    # A command leaves its connection to Docker to the end of its process, which is this one.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.docker,
    pytest.mark.usefixtures("only_mesh"),
    pytest.mark.timeout(180, func_only=True),  # another test may have the mesh for long
]
_MIB = 1024 * 1024


@pytest.fixture(scope="module")
def client(docker_refusal: str) -> Iterator[Any]:
    """A client of the Docker engine."""
    if docker_refusal:
        pytest.skip(docker_refusal)
    one = docker_client.connect()
    yield one
    one.close()


KEEP = """
from orchestrator import profile
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker.engine import DockerEngine
with DockerEngine(docker_client.connect(), keep=True) as engine:
    (peer,) = engine.start(["alice"], profile.load("peerlab"), lambda _: None)
    engine.keep()
print(peer.handle)
"""


def kept_by_the_ended(client: Any) -> list[str]:
    """Return what ended runs have kept; the runs of other tests go on."""
    return things_of(client, lambda owner: owner.is_gone, docker_client.KEEP)


@pytest.fixture(scope="module")
def kept(client: Any) -> str:
    """Return the container of a run that has ended and kept its peer."""
    if kept_by_the_ended(client):
        pytest.fail("peers are kept, and this test would remove them: `peerlab down` first")
    done = subprocess.run(
        [sys.executable, "-c", KEEP], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture(scope="module")
def mesh_of_two(client: Any, kept: str) -> Iterator[list[dict[str, Any]]]:
    """Six peers that became two, beside one that a run has kept."""
    if client.api.containers(all=True, filters={"label": "peerlab.mesh=peerlab"}):
        pytest.fail("a mesh is up, and this test would remove it: `peerlab down` first")
    try:
        six = peerlab("up", "--peers", "6", "--json")
        assert six.returncode == 0, six.stderr
        names = [row["peer"] for row in json.loads(six.stdout)]
        assert sorted(names) == ["alice", "bob", "carol", "dave", "peer5", "peer6"]
        two = peerlab("up", "--peers", "2", "--json")
        yield json.loads(two.stdout)
    finally:
        with LivePeers("docker", keep=True) as alive:
            alive.start(["bob"])
            down = peerlab("down")
            left = client.api.containers(all=True, filters={"label": "peerlab.mesh=peerlab"})
            still_kept = kept_by_the_ended(client)
            may_keep = things_of(client, lambda owner: owner.run == alive.run, docker_client.KEEP)
    assert down.returncode == 0, down.stderr
    assert "removed 3 peers" in down.stdout
    assert "removed what runs had kept: 1 peer\n" in down.stderr
    assert left == []
    assert len(may_keep) == 3  # of the run that goes on: a peer, a name server, a network
    assert still_kept == []


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


def test_keep_leaves_the_peers_of_a_failed_run_running(tmp_path: Path) -> None:
    # The first of all: it removes the mesh that the others use.
    words = ["--engine", "docker", "--keep", "--runs", str(tmp_path)]
    path = tmp_path / "scenario.yaml"
    path.write_text(SHORT)
    assert "docker attach" not in support.peerlab("run", str(path), *words).stderr
    path.write_text(SHORT.replace('message: "hello"', 'message: "x", within: 0.1'))
    done = support.peerlab("run", str(path), *words)
    try:
        assert done.returncode == 1
        names = re.findall(r"left running by \S+: docker attach (\S+)", done.stderr)
        assert [name.rpartition("-")[2] for name in names] == ["alice", "bob"]
        assert "peerlab down --kept removes them" in done.stderr
        state = command.run("docker", "inspect", "--format", "{{.State.Running}}", *names)
        assert state.split() == ["true", "true"]
        assert peerlab("ps").returncode == 0, "which sweeps what killed runs left behind"
        assert command.run("docker", "inspect", "--format", "{{.State.Running}}", *names) == state
    finally:
        peerlab("down", "--kept")
    left = command.run("docker", "ps", "--all", "--format", "{{.Names}}")
    assert not set(names) & set(left.split())


def peers_of(client: Any) -> list[DockerPeer]:
    return docker_peer.mesh_peers(client, "peerlab.mesh=peerlab", 5000)


def addresses_are_fixed(client: Any) -> bool:
    return "peerlab.fixed" in client.api.inspect_network("peerlab-mesh")["Labels"]


@pytest.mark.timeout(180)  # three times up, once down
def test_a_mesh_that_compose_alone_has_made(client: Any) -> None:
    # It removes the mesh that the others use, too.
    try:
        words = ["-p", "peerlab", "-f", str(definition.COMPOSE_FILE), "up", "-d", "--no-build"]
        command.run(*compose.find(), *words, "alice", "bob")
        first, last = sorted(peers_of(client), key=lambda peer: peer.address)
        assert peerlab("up", "--peers", "2").returncode == 0  # it stays as it is
        assert not addresses_are_fixed(client)
        first.kill()
        last.kill()
        with pytest.raises(EngineError, match=r"was started at \S+, but had") as caught:
            last.start()  # Docker gives it the first address, or one after its own
        assert "`peerlab down`, then `peerlab up`" in caught.value.hint
        for peer in peers_of(client):
            with contextlib.suppress(EngineError):
                peer.kill()
        up = peerlab("up", "--peers", "2", "--json")
        assert addresses_are_fixed(client)
        assert {row["address"] for row in json.loads(up.stdout)} == {
            peer.address for peer in peers_of(client)
        }
    finally:
        assert peerlab("down").returncode == 0
    assert not client.api.networks(names=["peerlab-mesh"])


def test_up_grows_and_shrinks_and_ps_shows_it(
    client: Any, mesh_of_two: list[dict[str, Any]], kept: str
) -> None:
    assert [row["peer"] for row in mesh_of_two] == ["alice", "bob"]
    assert {row["state"] for row in mesh_of_two} == {"running"}
    shown = peerlab("ps")
    assert shown.returncode == 0
    assert all(row["address"] in shown.stdout for row in mesh_of_two)
    assert client.api.inspect_container(kept)["State"]["Running"], "ps removed a kept peer"
    until(
        lambda: [peer.connections() for peer in peers_of(client)] == [0, 0],
        "the health checks' connections to end",
    )


def test_the_containers_of_the_mesh_are_confined(client: Any, mesh_of_two: list[Any]) -> None:
    assert mesh_of_two
    assert_confined(client, "alice")


def test_docker_stop_ends_a_peer_cleanly(client: Any, mesh_of_two: list[Any]) -> None:
    assert mesh_of_two
    began = time.monotonic()
    client.api.stop("bob")
    assert time.monotonic() - began < 10
    assert client.api.inspect_container("bob")["State"]["ExitCode"] == 0
    (bob,) = (peer for peer in peers_of(client) if peer.name == "bob")
    assert bob.status().phrase == "exited with status 0"


def test_restarted_peers_keep_their_addresses(
    client: Any, mesh_of_two: list[dict[str, Any]]
) -> None:
    before = {row["peer"]: row["address"] for row in mesh_of_two}
    for peer in peers_of(client):
        if peer.status().state == "running":
            peer.kill()
    down = peers_of(client)
    assert {peer.name: peer.address for peer in down} == before
    for peer in reversed(down):
        peer.start()
        peer.detach()
    assert {peer.name: peer.address for peer in peers_of(client)} == before
    again = peerlab("up", "--peers", "2", "--json")
    assert json.loads(again.stdout)[0]["state"] == "running"
    assert {row["peer"]: row["address"] for row in json.loads(again.stdout)} == before


def test_the_containers_of_runs_are_confined(client: Any) -> None:
    with LivePeers("docker") as place:
        (session,) = place.start(["alice"])
        assert isinstance(session.peer, DockerPeer)
        assert_confined(client, session.peer.container)
        until(lambda: session.peer.connections() == 0, "the health check's connection to end")


def test_image_builds_both_images() -> None:
    done = peerlab("image")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "peerlab-peer:latest is up to date", "peerlab-sidecar:latest is up to date",
    ]  # fmt: skip


def test_the_images_size(client: Any) -> None:
    image = client.api.inspect_image("peerlab-peer:latest")
    assert image["Size"] <= 60_000_000
    sizes = [layer["Size"] for layer in client.api.history("peerlab-peer:latest")]
    ours = sum(itertools.takewhile(lambda size: size < 30_000_000, sizes))
    assert ours <= 20_000_000
