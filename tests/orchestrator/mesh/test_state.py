"""Whose a mesh is, and what it keeps in its user's state folder."""

from __future__ import annotations

import os
import pwd
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator import paths
from orchestrator.engines.docker.mesh_peers import MeshId
from orchestrator.engines.status import Status
from orchestrator.errors import LabError
from orchestrator.mesh import mesh
from orchestrator.mesh import mesh as mesh_module
from orchestrator.mesh.manual_faults import FaultRecord
from orchestrator.mesh.mesh import Mesh, MeshState
from orchestrator.profile import Reader, load


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MeshState:
    """The state of a mesh, in a folder that does not exist yet."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return MeshState("engine", "0123abcd")


def test_each_user_checkout_and_name_has_a_mesh_of_its_own() -> None:
    meshes = [
        MeshId(),
        MeshId("two"),
        MeshId(user=MeshId().user + 1),
        MeshId(checkout=Path("/another")),
    ]
    assert MeshId() == meshes[0]
    for sets in ({one.label for one in meshes}, {one.key for one in meshes}):
        assert len(sets) == len(meshes)


@pytest.mark.parametrize("name", ["Two", "a b", "a:b", "-a", "x" * 33, "../x"])
def test_odd_names_are_refused(name: str) -> None:
    with pytest.raises(LabError, match="a mesh cannot be called") as caught:
        Mesh(load("peerlab"), name)
    assert "a-z" in caught.value.hint


def test_one_command_at_a_time(state: MeshState, monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    said: list[str] = []

    def hear(line: str) -> None:
        said.append(line)
        waits.set()

    def later() -> None:
        with state.locked(hear):
            order.append("second")

    waits, thread = threading.Event(), threading.Thread(target=later)
    with state.locked(said.append):
        thread.start()
        assert waits.wait(20)
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert said == ["waiting for another peerlab command that changes this mesh"]
    monkeypatch.setattr(mesh_module, "_LOCKED_WITHIN", 0.1)
    with state.locked(said.append), pytest.raises(LabError, match=r"is changing this mesh$"):
        state.locked(said.append).__enter__()
    with MeshState("engine", "another").locked(said.append), state.locked(said.append):
        pass


def test_a_folder_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/dev/null")
    with pytest.raises(LabError, match="cannot be written: Not a directory") as caught:
        MeshState("engine", "key").locked(lambda _: None).__enter__()
    assert caught.value.hint == "set XDG_STATE_HOME to a folder of yours"


@pytest.mark.parametrize("colour", ["", "\x1b[2m"])
def test_a_peer_is_ready_whatever_its_colours(colour: str, monkeypatch: pytest.MonkeyPatch) -> None:
    log = f"{colour}* listening on 10.0.0.2:5000 (alice)\x1b[0m\r\n> "
    monkeypatch.setattr("orchestrator.engines.docker.peer.logs", lambda _: log)
    alice: Any = SimpleNamespace(name="alice", status=lambda: Status("running"))
    assert mesh._is_ready(alice, Reader(load("peerlab")).ready, 0.0)
    monkeypatch.setattr("orchestrator.engines.docker.peer.logs", lambda _: "\x1b[2moh\x1b[0m\n")
    with pytest.raises(LabError, match=r"not become ready: running; it showed:\n  \| oh$"):
        mesh._is_ready(alice, Reader(load("peerlab")).ready, 0.0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root works for another user")
def test_with_sudo_the_state_is_the_callers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".local").mkdir(parents=True)
    os.chown(home / ".local", 4321, 4321)
    caller = SimpleNamespace(pw_uid=4321, pw_gid=4322, pw_dir=str(home))
    monkeypatch.setattr(pwd, "getpwuid", lambda _: caller)
    monkeypatch.setenv("SUDO_UID", "4321")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert (paths.user(), MeshId().user) == (4321, 4321)
    state = MeshState("engine", "0123abcd")
    with state.locked(lambda _: None):
        FaultRecord({"alice": "a"}).write(state.record)
    made = [*(home / ".local").rglob("*")]
    assert sorted(path.name for path in made) == [
        "mesh-engine-0123abcd.json", "mesh-engine-0123abcd.lock", "peerlab", "state",
    ]  # fmt: skip
    assert {(path.stat().st_uid, path.stat().st_gid) for path in made} == {(4321, 4322)}
    assert (home / ".local").stat().st_gid == 4321, "what was the caller's is left alone"
    assert home.stat().st_uid == 0, "the home itself too"
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    elsewhere = MeshState("engine", "0123abcd")
    with elsewhere.locked(lambda _: None):
        pass
    assert elsewhere.record.parent.stat().st_uid == 0, "no folder outside the home changes hands"
