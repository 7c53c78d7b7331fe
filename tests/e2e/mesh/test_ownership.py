"""What is not a mesh's own stays as it is; what is inconsistent in it is repaired."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from orchestrator.engines.docker import mesh_peers
from orchestrator.engines.docker.client import remove_container
from orchestrator.image.recipe import PEER
from orchestrator.paths import ROOT
from tests.e2e import support
from tests.e2e.mesh.own_mesh import OwnMesh, done
from tests.orchestrator.cli.support import peerlab_on_docker as peerlab

pytestmark = [
    # A command leaves its connection to Docker to the end of its process, which is this one.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.docker,
    pytest.mark.timeout(120, func_only=True),
]
IMAGE = PEER.image(ROOT)


@pytest.fixture
def foreign(client: Any) -> Iterator[Any]:
    """Create containers and networks of others; they must be as they were after the test."""
    containers: list[str] = []
    networks: list[str] = []

    def container(name: str, **given: Any) -> str:
        containers.append(client.api.create_container(IMAGE, name=name, **given)["Id"])
        return containers[-1]

    def network(name: str, **given: Any) -> str:
        networks.append(client.api.create_network(name, **given)["Id"])
        return networks[-1]

    yield container, network
    states = [client.api.inspect_container(one)["State"]["Status"] for one in containers]
    found = [client.api.inspect_network(one)["Id"] for one in networks]
    for one in containers:
        remove_container(client, one)
    for one in networks:
        client.api.remove_network(one)
    assert states == ["created"] * len(containers)
    assert found == networks


def names_taken(own: OwnMesh, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Call the peers by names that no one else has; return them."""
    names = [f"{name}-{secrets.token_hex(2)}" for name in ("ann", "ben", "cat")]
    monkeypatch.setattr("orchestrator.definition.names", lambda count: names[:count])
    done("down")
    assert own.peers() == []
    return names


def test_a_taken_container_name_is_left_alone(
    own: OwnMesh, foreign: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    container, _ = foreign
    ann, ben, _ = names_taken(own, monkeypatch)
    container(ann)
    said = done("up", "--peers", "2")
    other = f"{ann}-{own.id.key[:4]}"
    assert f"to chat: docker attach {other}   (leave" in said
    rows = json.loads(peerlab("ps", "--json").stdout)["peers"]
    assert [(row["peer"], row["container"]) for row in rows] == [(ann, other), (ben, ben)]
    done("fault", "isolate", ann)
    done("down")


def test_up_leaves_nothing_behind_if_a_name_cannot_be_had(
    own: OwnMesh, foreign: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    container, _ = foreign
    *_, cat = names_taken(own, monkeypatch)
    container(cat)
    container(f"{cat}-{own.id.key[:4]}")
    up = peerlab("up", "--peers", "3")
    assert up.returncode == 2
    assert f"error: {cat}: no container: " in up.stderr
    assert "already in use" in up.stderr
    assert (own.peers(), own.networks()) == ([], [])


def test_networks_of_others_are_not_used(own: OwnMesh, foreign: Any) -> None:
    _, network = foreign
    done("down")
    taken = [network("peerlab-mesh"), network(f"peerlab-mesh-{own.id.name}")]
    done("up", "--peers", "2")
    assert {peer.network for peer in own.peers()} == {own.networks()[0]["Id"]}
    assert own.networks()[0]["Id"] not in taken
    for one in taken:
        assert own.client.api.inspect_network(one)["Containers"] == {}
    done("down")


def test_what_is_inconsistent_is_repaired(own: OwnMesh) -> None:
    done("up", "--peers", "2")
    api = own.client.api
    alice = api.inspect_container(own.container("alice"))
    second = api.create_network("peerlab-another", labels=own.labels)["Id"]
    twin = api.create_container(IMAGE, labels=alice["Config"]["Labels"])["Id"]
    assert len(own.peers()) == 3
    assert peerlab("ps").returncode == 0
    done("up", "--peers", "2")
    assert [peer.name for peer in own.peers()] == ["alice", "bob"]
    assert own.running() == ["alice", "bob"]
    assert {peer.network for peer in own.peers()} == {one["Id"] for one in own.networks()}
    assert second not in {one["Id"] for one in own.networks()}
    assert twin not in {peer.container for peer in own.peers()}
    api.create_network("peerlab-another", labels=own.labels)
    api.create_container(IMAGE, labels=own.labels)
    assert "removed 3 peers" in done("down")
    assert (own.peers(), own.networks()) == ([], [])


@pytest.mark.thorough  # test_state.py has the turns; all of it: `python -m tests.two_meshes`
def test_two_commands_at_once_take_turns(own: OwnMesh) -> None:
    done("down")
    with ThreadPoolExecutor(3) as threads:
        given = [("up", "--peers", "1"), ("up", "--peers", "2"), ("down",)]
        ends = [*threads.map(lambda words: support.peerlab(*words), given)]
    assert [end.returncode for end in ends] == [0, 0, 0], [end.stderr for end in ends]
    assert len(own.networks()) <= 1
    assert len({peer.name for peer in own.peers()}) == len(own.peers()) in (0, 1, 2)


@pytest.mark.thorough
def test_a_mesh_of_another_name_is_another_mesh(own: OwnMesh) -> None:
    done("up", "--peers", "1")
    before = own.peers()[0].container
    name = f"{own.id.name}-b"
    try:
        done("up", "--peers", "1", "--mesh", name)
        (row,) = json.loads(peerlab("ps", "--json", "--mesh", name).stdout)["peers"]
        assert row["container"] != own.peers()[0].handle
        done("fault", "pause", "alice", "--mesh", name)
        assert own.running() == ["alice"]
    finally:
        assert "removed 1 peer" in done("down", "--mesh", name)
    assert [peer.container for peer in own.peers()] == [before]
    assert mesh_peers.DEFAULT not in (name, own.id.name)
