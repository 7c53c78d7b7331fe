"""The mesh that people use by hand, and how confined every peer's container is."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator import profile
from orchestrator.compose import Mesh
from orchestrator.engines import docker
from tests.e2e.support import peerlab
from tests.orchestrator.support import Lab, until

pytestmark = pytest.mark.docker
_MIB = 1024 * 1024


@pytest.fixture(scope="module")
def client(docker_refusal: str) -> Iterator[Any]:
    """A client of the Docker engine."""
    if docker_refusal:
        pytest.skip(docker_refusal)
    one = docker.connect()
    yield one
    one.close()


@pytest.fixture(scope="module")
def mesh_of_two(client: Any) -> Iterator[list[dict[str, Any]]]:
    """Six peers that became two."""
    if client.api.containers(all=True, filters={"label": "peerlab.mesh=peerlab"}):
        pytest.fail("a mesh is up, and this test would remove it: `peerlab down` first")
    try:
        six = peerlab("up", "--peers", "6", "--json")
        assert six.returncode == 0, six.stderr
        names = [each["peer"] for each in json.loads(six.stdout)]
        assert sorted(names) == ["alice", "bob", "carol", "dave", "peer5", "peer6"]
        two = peerlab("up", "--peers", "2", "--json")
        yield json.loads(two.stdout)
    finally:
        down = peerlab("down")
        left = client.api.containers(all=True, filters={"label": "peerlab.mesh=peerlab"})
    assert down.returncode == 0, down.stderr
    assert "removed 2 peers" in down.stdout
    assert left == []


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


def test_up_grows_and_shrinks(mesh_of_two: list[dict[str, Any]]) -> None:
    assert [each["peer"] for each in mesh_of_two] == ["alice", "bob"]
    assert {each["state"] for each in mesh_of_two} == {"running"}
    shown = peerlab("ps")
    assert shown.returncode == 0
    assert all(each["address"] in shown.stdout for each in mesh_of_two)
    assert json.loads(peerlab("ps", "--json").stdout)[0]["connections"] == 0


def test_the_meshs_containers_are_confined(client: Any, mesh_of_two: list[Any]) -> None:
    assert mesh_of_two
    assert_confined(client, "alice")


def test_attach_says_what_is_wrong(mesh_of_two: list[Any]) -> None:
    assert mesh_of_two
    unknown = peerlab("attach", "alcie")
    assert unknown.returncode == 2
    assert "there is no peer 'alcie'; did you mean 'alice'?" in unknown.stderr
    blind = peerlab("attach", "alice")
    assert blind.returncode == 2
    assert "attach needs a terminal" in blind.stderr


def test_docker_stop(client: Any, mesh_of_two: list[Any]) -> None:
    assert mesh_of_two
    began = time.monotonic()
    client.api.stop("bob")
    assert time.monotonic() - began < 3
    assert client.api.inspect_container("bob")["State"]["ExitCode"] == 0
    ended = peerlab("attach", "bob")
    assert ended.returncode == 2
    assert "bob does not run: exited with status 0" in ended.stderr


def test_the_labs_containers_are_confined(client: Any) -> None:
    with Lab("docker") as lab:
        (session,) = lab.start(["alice"])
        assert isinstance(session.peer, docker.DockerPeer)
        assert_confined(client, session.peer.container)
        until(lambda: session.peer.connections() == 0, "the health check's connection to end")


def test_the_images_size(client: Any) -> None:
    image = client.api.inspect_image("peerlab-peer:latest")
    assert image["Size"] <= 60_000_000
    sizes = [each["Size"] for each in client.api.history("peerlab-peer:latest")]
    ours = sum(itertools.takewhile(lambda size: size < 30_000_000, sizes))
    assert ours <= 20_000_000


def test_names() -> None:
    mesh = Mesh(profile.load("peerlab"))
    try:
        assert mesh.names(2) == ["alice", "bob"]
        assert mesh.names(6) == ["alice", "bob", "carol", "dave", "peer5", "peer6"]
    finally:
        mesh._client.close()
