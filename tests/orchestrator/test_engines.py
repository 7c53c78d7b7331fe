"""One suite for every engine: what a peer's place to run promises."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator import profile
from orchestrator.engines import docker, process
from orchestrator.engines.base import Status
from orchestrator.errors import EngineError, LabError, NoAnswerError, PeerGoneError
from orchestrator.profile import Profile
from orchestrator.session import Session
from tests.orchestrator.support import PROGRAMS, ROOT, Lab, processes_of, until

AT_ONCE = 3.0  # seconds; a reply would be awaited for ten


def foreign(program: str, **changes: object) -> Profile:
    """Return the profile of one of the tests' own programs."""
    look = profile.load(str(PROGRAMS / "profile.yaml"))
    command = ["{python}", str(PROGRAMS / program)]
    start = look.start.model_copy(update={"process": command})
    return look.model_copy(update={"start": start, **changes})


def test_peers_reach_each_other(mesh: Lab) -> None:
    peers = [session.peer for session in mesh.sessions.values()]
    assert len({peer.address for peer in peers}) == len(peers)
    with mesh.linked("alice", "bob"), mesh.linked("carol", "alice"):
        rows = mesh.sessions["alice"].ask("list").rows
        assert [(row["address"], row["port"]) for row in rows] == [
            (mesh.sessions[name].peer.address, "5000") for name in ("bob", "carol")
        ]


def test_the_peer_knows_its_own_port_and_address(mesh: Lab) -> None:
    session = mesh.sessions["alice"]
    assert session.ask("myport").fields["port"] == str(session.peer.port)
    assert session.ask("myip").fields["address"] == session.peer.address


def test_figures_of_a_running_peer(mesh: Lab) -> None:
    peer = mesh.sessions["dave"].peer
    assert peer.status() == Status("running")
    assert 2_000_000 < (peer.memory() or 0) < 128_000_000
    until(lambda: peer.connections() == 0, "no connection")
    with mesh.linked("dave", "bob"), mesh.linked("carol", "dave"):
        until(lambda: peer.connections() == 2, "two connections")
    until(lambda: peer.connections() == 0, "no connection again")


def test_kill(lab: Lab) -> None:
    (session,) = lab.start(["alice"])
    session.peer.kill()
    assert session.peer.await_end(AT_ONCE) == Status("exited", 137)
    assert session.peer.await_end(0.0).phrase == "exited with status 137 (killed)"
    assert session.peer.connections() is None
    assert session.peer.memory() is None


def test_stop(lab: Lab) -> None:
    (session,) = lab.start(["alice"])
    session.synchronise()
    began = time.monotonic()
    session.peer.stop()
    assert time.monotonic() - began < AT_ONCE
    assert session.peer.await_end(AT_ONCE) == Status("exited", 0)


def test_close_leaves_nothing(lab: Lab) -> None:
    lab.start(["alice", "bob"])
    assert len(lab.left()) >= 2
    lab.engine.close()
    assert lab.left() == []
    lab.engine.close()


def _kill(session: Session) -> None:
    peer = session.peer
    if isinstance(peer, docker.DockerPeer):
        peer._api.kill(peer.container)
    else:
        assert isinstance(peer, process.ProcessPeer)
        os.kill(peer.pid, signal.SIGKILL)


def _terminate(session: Session) -> None:
    peer = session.peer
    if isinstance(peer, docker.DockerPeer):
        peer._api.stop(peer.container)
    else:
        assert isinstance(peer, process.ProcessPeer)
        os.kill(peer.pid, signal.SIGTERM)


@pytest.mark.parametrize(
    ("harm", "phrase"), [(_kill, "status 137 (killed)"), (_terminate, "status 0")]
)
def test_a_peer_ended_behind_the_labs_back_is_noticed(
    lab: Lab, harm: Callable[[Session], None], phrase: str
) -> None:
    (session,) = lab.start(["alice"])
    session.synchronise()  # a signal before that may come too early for the peer
    harm(session)
    began = time.monotonic()
    with pytest.raises(PeerGoneError, match=r"^alice: is gone: ") as caught:
        session.ask("list")
    assert time.monotonic() - began < AT_ONCE
    assert phrase in caught.value.what.splitlines()[0]
    assert "listening on" in caught.value.what
    assert caught.value.hint


@pytest.mark.docker
def test_a_container_removed_behind_the_labs_back_is_noticed() -> None:
    with Lab("docker") as lab:
        (session,) = lab.start(["alice"])
        peer = session.peer
        assert isinstance(peer, docker.DockerPeer)
        peer.remove()
        with pytest.raises(PeerGoneError, match=r"^alice: is gone: removed"):
            session.ask("list")
        assert peer.status() == Status("removed")
        assert peer.connections() is None


def test_a_paused_peer_is_an_error_with_the_transcripts_tail(lab: Lab) -> None:
    look = profile.load("peerlab").model_copy(update={"answer_within": 0.7})
    (session,) = lab.start(["alice"], look)
    peer = session.peer
    if isinstance(peer, docker.DockerPeer):
        peer._api.pause(peer.container)
    else:
        assert isinstance(peer, process.ProcessPeer)
        os.kill(peer.pid, signal.SIGSTOP)
    until(lambda: peer.status() == Status("paused"), "the pause")
    with pytest.raises(NoAnswerError) as caught:
        session.ask("list")
    assert caught.value.what.startswith("alice: no reply to 'list' after 0.7 s; it last showed:\n")
    assert "  | * listening on " in caught.value.what
    assert caught.value.hint

    # What it does not read must not be waited for without end either.
    began = time.monotonic()
    with pytest.raises(NoAnswerError) as caught:
        session.ask_all("raw", [{"line": "x" * 16_000}] * 50)
    assert time.monotonic() - began < AT_ONCE + 5
    assert len(caught.value.what) < 1_000


@pytest.mark.parametrize(
    ("program", "error", "says"),
    [
        ("early_end.py", PeerGoneError, "exited with status 3"),
        ("never_ready.py", NoAnswerError, "was not ready after 1 s"),
        ("missing.py", PeerGoneError, "No such file or directory"),
    ],
)
def test_a_program_that_does_not_get_ready(
    process_lab: Callable[[], Lab], program: str, error: type[LabError], says: str
) -> None:
    lab = process_lab()
    with pytest.raises(error) as caught:
        lab.start(["alice", "bob"], foreign(program))
    assert caught.value.what.startswith("alice: ")
    assert says in caught.value.what
    assert "`start` and `ready` in the profile foreign" in caught.value.hint
    lab.close()
    assert lab.left() == []


def test_a_program_that_is_missing(process_lab: Callable[[], Lab]) -> None:
    lab = process_lab()
    look = foreign("quiet.py")
    look = look.model_copy(
        update={"start": look.start.model_copy(update={"process": ["./no-such-program"]})}
    )
    with pytest.raises(EngineError, match=r"^alice cannot be started: ./no-such-program: No such"):
        lab.start(["alice", "bob"], look)
    assert lab.left() == []


@pytest.mark.docker
def test_a_container_that_ends_at_once() -> None:
    look = profile.load("peerlab")
    start = look.start.model_copy(update={"container": ["not-a-port"]})
    with Lab("docker") as lab:
        with pytest.raises(PeerGoneError, match=r"(?s)^alice: is gone: exited.*not-a-port"):
            lab.start(["alice"], look.model_copy(update={"start": start}))
        lab.close()
        assert lab.left() == []


@pytest.mark.docker
def test_a_container_that_cannot_be_made_leaves_nothing() -> None:
    with Lab("docker") as lab:
        with pytest.raises(EngineError, match=r"^alice: no container: "):
            lab.start(["alice", "bob", "alice"])
        assert lab.left() == []


def test_what_a_program_started_ends_with_it(process_lab: Callable[[], Lab]) -> None:
    lab = process_lab()
    lab.start(["alice"], foreign("family.py"))
    until(lambda: len(lab.left()) == 2, "the second process")
    lab.engine.close()
    until(lambda: lab.left() == [], "both to end")


def test_a_taken_port_is_passed_by(process_lab: Callable[[], Lab]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        (session,) = process_lab().start(
            ["alice"], profile.load("peerlab").model_copy(update={"port": port})
        )
        assert session.peer.address != "127.0.0.1"
        assert session.ask("myport").fields["port"] == str(port)


def test_a_port_that_is_taken_everywhere_is_an_error(process_lab: Callable[[], Lab]) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        look = profile.load("peerlab").model_copy(update={"port": taken.getsockname()[1]})
        lab = process_lab()
        with pytest.raises(EngineError, match="taken on every loopback address") as caught:
            lab.start(["alice"], look)
    assert "ss -ltnp" in caught.value.hint
    assert processes_of(lab.run) == []


def test_the_environment_of_a_process_is_its_own(
    process_lab: Callable[[], Lab], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_LAB", "1")
    lab = process_lab()
    (session,) = lab.start(["alice"])
    peer = session.peer
    assert isinstance(peer, process.ProcessPeer)
    environment = Path(f"/proc/{peer.pid}/environ").read_bytes()
    assert b"SECRET_OF_THE_LAB" not in environment
    assert b"LANG=C.UTF-8" in environment
    assert Path(f"/proc/{peer.pid}/cwd").resolve() == ROOT
