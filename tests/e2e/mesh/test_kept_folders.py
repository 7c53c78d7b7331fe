"""A mesh of a program that keeps folders: they survive a kill, and go with the mesh."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.engines.docker.peer import logs
from tests.e2e.mesh.own_mesh import OwnMesh
from tests.orchestrator.cli.support import peerlab_on_docker as peerlab
from tests.orchestrator.support import until

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.docker,
    pytest.mark.timeout(180, func_only=True),
]

PROGRAM = """
from pathlib import Path
note, lost = Path("notebook/starts"), Path("lost")
starts = int(note.read_text()) + 1 if note.exists() else 1
note.write_text(str(starts))
print(f"READY start {starts}, scratch {'kept' if lost.exists() else 'empty'}", flush=True)
lost.write_text("x")
input()
"""
PROFILE = """
name: notes
summary: counts its starts in a folder that it keeps
start: {folder: ., command: ['{python}', notes.py], keep: [notebook]}
ready: '^READY'
console: {prompt: '> '}
sync: none
port: 7000
operations: {none: {send: none, ok: '^none$'}}
"""
HOLDS = "peerlab.holds"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The profile of a program that counts its starts."""
    (tmp_path / "notes.py").write_text(PROGRAM)
    (tmp_path / "notes.yaml").write_text(PROFILE)
    return tmp_path / "notes.yaml"


def says(own: OwnMesh) -> dict[str, str]:
    """Return the last line of each peer."""
    return {peer.name: logs(peer).strip().splitlines()[-1].strip() for peer in own.peers()}


def things(own: OwnMesh) -> list[Any]:
    """Return what holds folders of the mesh, and its volumes."""
    api = own.client.api
    holders = api.containers(all=True, filters={"label": f"{HOLDS}={own.id.label}"})
    return [*holders, *(api.volumes(filters=own.wanted)["Volumes"] or ())]


def up(program: Path, number: int) -> None:
    done = peerlab("up", "--peers", str(number), "--profile", str(program))
    assert done.returncode == 0, done.stderr


def test_folders_survive_a_kill_and_go_with_their_peer(own: OwnMesh, program: Path) -> None:
    up(program, 2)
    assert says(own) == dict.fromkeys(("alice", "bob"), "READY start 1, scratch empty")
    assert peerlab("fault", "kill", "alice").returncode == 0
    assert peerlab("fault", "start", "alice").returncode == 0
    until(lambda: says(own)["alice"] == "READY start 2, scratch empty")
    assert peerlab("fault", "stop", "alice").returncode == 0
    up(program, 2)  # starts it as well, with what it had
    until(lambda: says(own)["alice"] == "READY start 3, scratch empty")
    assert says(own)["bob"] == "READY start 1, scratch empty"
    assert len(things(own)) == 4
    up(program, 1)
    assert len(things(own)) == 2
    assert peerlab("down").returncode == 0
    assert things(own) == []


def test_a_peer_whose_folders_are_lost_is_made_anew(own: OwnMesh, program: Path) -> None:
    """And what held those of a peer that a user removed goes too."""
    up(program, 2)
    (alice, bob) = own.peers()
    assert alice.holder
    own.client.api.kill(alice.holder.container)
    own.client.api.remove_container(bob.container, force=True)
    up(program, 1)
    assert says(own) == {"alice": "READY start 1, scratch empty"}
    assert own.container("alice") != alice.container
    assert len(things(own)) == 2
    assert peerlab("down").returncode == 0
    assert things(own) == []
