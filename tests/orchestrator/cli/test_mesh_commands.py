"""The commands for a mesh, without Docker: what they print of it and refuse."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from orchestrator.cli import faults, mesh
from orchestrator.engines.base import Status
from orchestrator.errors import LabError
from tests.orchestrator.cli.support import peerlab


@dataclass
class FakePeer:
    """A peer that is in whatever state it was put."""

    name: str
    state: Status = field(default_factory=lambda: Status("running"))
    address: str = "172.18.0.3"
    port: int = 5000

    def status(self) -> Status:
        return self.state

    def connections(self) -> int:
        return 2

    def memory(self) -> int:
        return 11 * 1024 * 1024

    def kill(self) -> None:
        self.state = Status("exited", 137)

    def pause(self) -> None:
        self.state = Status("paused")

    def resume(self) -> None:
        self.state = Status("running")


class FakeMesh:
    """Two peers, of which the second has ended."""

    def __init__(self, *_: Any) -> None:
        self._peers = [FakePeer("alice"), FakePeer("bob", Status("exited", 0))]

    def peers(self) -> list[FakePeer]:
        return self._peers

    def peer(self, name: str) -> FakePeer:
        for peer in self._peers:
            if peer.name == name:
                return peer
        raise LabError(f"there is no peer {name!r}")

    def down(self, _: Any) -> int:
        return len(self._peers)

    def remove_kept(self) -> int:
        return 0


class NoMesh(FakeMesh):
    """No peers."""

    def __init__(self, *_: Any) -> None:
        self._peers = []


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, FakeMesh)


def use(monkeypatch: pytest.MonkeyPatch, kind: type[FakeMesh]) -> None:
    for module in (mesh, faults):
        monkeypatch.setattr(module, "Mesh", kind)


def test_ps() -> None:
    done = peerlab("ps")
    assert done.returncode == 0
    assert "172.18.0.3" in done.stdout
    assert "exited with status 0" in done.stdout
    alice, bob = json.loads(peerlab("ps", "--json").stdout)
    assert (alice["peer"], alice["state"], alice["connections"]) == ("alice", "running", 2)
    assert (bob["peer"], bob["memory"]) == ("bob", None)


def test_there_is_no_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, NoMesh)
    assert peerlab("ps").stdout == "no peers: start some with peerlab up\n"
    assert json.loads(peerlab("ps", "--json").stdout) == []
    assert peerlab("down").stdout == "there was no mesh\n"
    done = peerlab("fault", "kill", "alice")
    assert done.returncode == 2
    assert done.stderr == "error: there is no mesh\nhint: peerlab up starts one\n"


def test_down() -> None:
    assert peerlab("down").stdout == "removed 2 peers\n"
    assert peerlab("down", "--kept").stdout == "`run --keep` left nothing running\n"


def test_attach_says_what_is_wrong() -> None:
    assert "there is no peer 'alcie'" in peerlab("attach", "alcie").stderr
    done = peerlab("attach", "bob")
    assert done.returncode == 2
    assert "bob does not run: exited with status 0" in done.stderr
    assert "attach needs a terminal" in peerlab("attach", "alice").stderr


def test_faults_of_peers() -> None:
    done = peerlab("fault", "kill", "alice")
    assert (done.returncode, done.stdout) == (
        0,
        "alice: running → exited with status 137 (killed)\n",
    )
    data = json.loads(peerlab("fault", "pause", "alice", "--json").stdout)
    assert data == {"peer": "alice", "before": "running", "now": "paused"}
    done = peerlab("fault", "kill", "bob")
    assert done.returncode == 2
    assert "bob cannot be killed: it" in done.stderr


def test_the_peers_left_by_an_interrupted_command() -> None:
    assert mesh._left(FakeMesh()) == (  # type: ignore[arg-type]
        "2 peers of the mesh are left: peerlab ps shows them, peerlab down removes them"
    )
