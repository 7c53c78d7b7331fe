"""A second checkout beside this one, and its mesh: started by Compose, by hand."""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from orchestrator import command, profile
from orchestrator.engines.docker.mesh_peers import MeshId, MeshPeers
from orchestrator.image.recipe import PEER
from orchestrator.paths import ROOT
from tests.checkouts import Checkout
from tests.e2e.mesh.own_mesh import OwnMesh, done
from tests.orchestrator.cli.support import peerlab_on_docker as peerlab

pytestmark = [
    # A command leaves its connection to Docker to the end of its process, which is this one.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.docker,
    pytest.mark.timeout(120, func_only=True),
]


@dataclass(frozen=True)
class Composed(Checkout):
    """A checkout whose peers have names that no one else uses on this machine."""

    mark: str = ""

    def compose(self, *words: str) -> None:
        """Run Compose, as a user does in this folder."""
        has_plugin = not subprocess.run(
            ["docker", "compose", "version"], capture_output=True, check=False
        ).returncode
        called = ["docker", "compose"] if has_plugin else ["docker-compose"]
        command.run(
            *called, "-p", f"peerlab-{self.mark}", "-f", str(self.folder / "compose.yaml"), *words
        )


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    """Another checkout with two peers that Compose has started."""
    if not (shutil.which("docker-compose") or Path("/usr/libexec/docker/cli-plugins").exists()):
        pytest.skip("there is no Docker Compose here")
    folder, mark = tmp_path_factory.mktemp("checkout"), secrets.token_hex(3)
    Checkout.copied(folder)
    file = folder / "compose.yaml"
    text = file.read_text().replace("name: peerlab-mesh", f"name: peerlab-mesh-{mark}")
    text = text.replace("peerlab-peer:compose", PEER.image(ROOT))
    for name in ("alice", "bob", "carol", "dave"):
        text = text.replace(f"container_name: {name}", f"container_name: {name}-{mark}")
    file.write_text(text)
    one = Composed(folder, {"PEERLAB_MESH": ""}, mark)
    try:
        one.compose("up", "-d", "--no-build", "alice", "bob")
        yield one
    finally:
        one.compose("down")


def test_the_commands_find_what_compose_has_started(other: Composed, own: OwnMesh) -> None:
    ps = other.peerlab("ps", "--json")
    rows = json.loads(ps.stdout)["peers"]
    assert [row["peer"] for row in rows] == ["alice", "bob"], ps.stderr
    assert [row["container"] for row in rows] == [f"{n}-{other.mark}" for n in ("alice", "bob")]
    more = other.peerlab("up", "--peers", "3")
    assert more.returncode == 2
    assert "error: Docker Compose has started this mesh, with other peers" in more.stderr
    assert "hint: remove it first: peerlab down" in more.stderr
    assert own.peers() == [], "ours is another mesh"


@pytest.mark.thorough  # the test above has the commands that differ most
def test_the_commands_use_what_compose_has_started(other: Composed, own: OwnMesh) -> None:
    done("up", "--peers", "1")
    said = other.peerlab("attach", "alice").stderr
    assert "attach needs a terminal" in said, "and alice is known"
    up = other.peerlab("up", "--peers", "2")
    assert up.returncode == 0, up.stderr
    assert f"docker attach alice-{other.mark} " in up.stdout
    assert len(json.loads(peerlab("ps", "--json").stdout)["peers"]) == 1, "ours is another mesh"
    stranger = MeshId(checkout=other.folder / "beside")
    assert MeshPeers(own.client, stranger, profile.load("peerlab")).all() == []
    assert own.running() == ["alice"]


@pytest.mark.thorough  # the mesh of the command has the same faults
def test_its_peers_can_be_cut_off(other: Composed) -> None:
    cut = other.peerlab("fault", "isolate", "alice")
    assert cut.returncode == 0, cut.stdout + cut.stderr


@pytest.mark.thorough
def test_down_removes_what_compose_has_started(other: Composed, own: OwnMesh, client: Any) -> None:
    done("up", "--peers", "1")
    down = other.peerlab("down")
    assert down.returncode == 0, down.stderr
    assert down.stdout == "removed 2 peers\n"
    assert client.api.networks(names=[f"peerlab-mesh-{other.mark}"]) == []
    assert own.running() == ["alice"]
    other.compose("up", "--no-start", "--no-build", "alice")  # as if `up` had failed
    down = other.peerlab("down")
    assert (down.returncode, down.stdout) == (0, "removed 1 peer\n")
    assert client.api.networks(names=[f"peerlab-mesh-{other.mark}"]) == []
