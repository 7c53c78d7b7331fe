"""Peers that `run --keep` left running, beside meshes."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator import command
from orchestrator.engines.docker import client as docker_client
from orchestrator.image.recipe import PEER
from orchestrator.owner import Owner
from orchestrator.paths import origin
from tests.e2e import support
from tests.e2e.mesh.own_mesh import OwnMesh, done
from tests.e2e.support import SHORT
from tests.orchestrator.cli.support import peerlab_on_docker as peerlab
from tests.orchestrator.support import ROOT, LivePeers, things_of

pytestmark = [
    # A command leaves its connection to Docker to the end of its process, which is this one.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.docker,
    pytest.mark.timeout(120, func_only=True),
]
KEEP = """
import sys
from orchestrator import profile
from orchestrator.engines.docker import client as docker_client, engine as docker_engine
docker_engine.origin = lambda: sys.argv[1]
with docker_engine.DockerEngine(docker_client.connect(), keep=True) as engine:
    (peer,) = engine.start(["alice"], profile.load("peerlab"), lambda _: None)
    engine.keep()
print(peer.handle)
"""


OTHER = f"1234:/somewhere/{secrets.token_hex(4)}"
"""Another user and checkout."""


def kept(client: Any, by: str) -> list[str]:
    """Return what ended runs of a user in a checkout have kept."""
    label = f"{docker_client.KEEP}={by}"
    return things_of(client, lambda owner: owner.is_gone, label)


def keep(by: str) -> str:
    """Have a run keep a peer and end; return its container."""
    words = [sys.executable, "-c", KEEP, by]
    return subprocess.run(
        words, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.strip()


@pytest.fixture(autouse=True)
def _nothing_kept(client: Any) -> Iterator[None]:
    if kept(client, origin()):
        pytest.fail("peers are kept, and this test would remove them: `peerlab down` first")
    yield
    done("down", "--kept")


def test_keep_leaves_the_peers_of_a_failed_run_running(tmp_path: Path) -> None:
    words = ["--engine", "docker", "--keep", "--runs", str(tmp_path)]
    right, wrong = tmp_path / "right.yaml", tmp_path / "wrong.yaml"
    right.write_text(SHORT)
    changed = SHORT.replace('message: "hello"', 'message: "x", within: 0.1')
    wrong.write_text(changed.replace("name: short", "name: wrong"))
    run = support.peerlab("run", str(right), str(wrong), *words)
    assert run.returncode == 1
    names = re.findall(r"left running by \S+: docker attach (\S+)", run.stderr)
    assert [name.rpartition("-")[2] for name in names] == ["alice", "bob"]
    assert "peerlab down --kept removes them" in run.stderr
    state = command.run("docker", "inspect", "--format", "{{.State.Running}}", *names)
    assert state.split() == ["true", "true"]
    done("ps")  # sweeps what killed runs left behind
    assert command.run("docker", "inspect", "--format", "{{.State.Running}}", *names) == state
    assert done("down", "--kept") == "removed 2 peers\n"
    left = command.run("docker", "ps", "--all", "--format", "{{.Names}}")
    assert not set(names) & set(left.split())
    assert done("down", "--kept") == "`run --keep` left nothing running\n"


def test_down_leaves_what_another_user_or_checkout_has_kept(client: Any) -> None:
    gone = replace(Owner.this(), started=1)
    labels = {docker_client.OWNER: gone.mark, docker_client.PEER: "alice"}
    ours, other = (
        client.api.create_container(PEER.image(ROOT), labels=labels | {docker_client.KEEP: by})[
            "Id"
        ]
        for by in (origin(), OTHER)
    )
    try:
        assert done("down", "--kept") == "removed 1 peer\n"
        assert client.api.inspect_container(other)["State"]["Status"] == "created"
    finally:
        for container in (ours, other):
            docker_client.remove_container(client, container)


@pytest.mark.thorough
def test_down_removes_what_ended_runs_of_this_user_and_checkout_kept(
    own: OwnMesh, monkeypatch: pytest.MonkeyPatch
) -> None:
    done("up", "--peers", "1")
    ours, other = keep(origin()), keep(OTHER)
    try:
        with LivePeers("docker", keep=True, canary=True) as alive:
            alive.start(["bob"])
            assert done("down", "--kept") == "removed 1 peer\n"
            label = f"{docker_client.KEEP}={origin()}"
            still = things_of(own.client, lambda owner: owner.run == alive.run, label)
            assert len(still) == 4  # a peer, a network, its name server and canary
        assert len(json.loads(peerlab("ps", "--json").stdout)["peers"]) == 1, "the mesh stays"
        assert kept(own.client, origin()) == []
        assert len(kept(own.client, OTHER)) == 2  # a peer and a network
        assert ours not in command.run("docker", "ps", "--all", "--format", "{{.Names}}")
        keep(origin())
        done("down")
        assert len(kept(own.client, origin())) == 2, "only the mesh without a name has them"
    finally:
        monkeypatch.setattr(docker_client, "origin", lambda: OTHER)
        assert done("down", "--kept") == "removed 1 peer\n"
    assert other
