"""What every engine promises, and what each of the two does by itself."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from orchestrator import profile
from orchestrator.cancel import RunCancelledError
from orchestrator.console.session import Session
from orchestrator.engines.choose import choose
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.process.peer import ProcessPeer
from orchestrator.engines.status import Status
from orchestrator.errors import EngineError, LabError, NoAnswerError, PeerGoneError
from orchestrator.profile import Profile
from orchestrator.scenario import EngineName
from tests.orchestrator.support import (
    DOCKER_ONLY,
    PATIENCE,
    PROGRAMS,
    ROOT,
    LivePeers,
    second_attach,
    until,
)
from tests.repeats import ON_DOCKER_IF_THOROUGH

AT_ONCE = 8.0  # seconds; a reply would be awaited for ten
ON_PROCESSES = pytest.mark.parametrize(
    "one_engine", ["process", ON_DOCKER_IF_THOROUGH], indirect=True
)
"""For what other tests here hold on Docker, by more."""


def foreign(program: str, **changes: object) -> Profile:
    """Return the profile of one of the tests' own programs."""
    plain = profile.load(str(PROGRAMS / "profile.yaml"))
    command = ["{python}", str(PROGRAMS / program)]
    start = plain.start.model_copy(update={"process": command})
    return plain.model_copy(update={"start": start, **changes})


def test_peers_reach_each_other(mesh: LivePeers) -> None:
    peers = [session.peer for session in mesh.sessions.values()]
    assert len({peer.address for peer in peers}) == len(peers)
    with mesh.linked("alice", "bob"), mesh.linked("carol", "alice"):
        rows = mesh.sessions["alice"].ask("list").rows
        assert [(row["address"], row["port"]) for row in rows] == [
            (mesh.sessions[name].peer.address, "5000") for name in ("bob", "carol")
        ]


def test_the_peer_knows_its_own_port_and_address(mesh: LivePeers) -> None:
    session = mesh.sessions["alice"]
    assert session.ask("myport").fields["port"] == str(session.peer.port)
    assert session.ask("myip").fields["address"] == session.peer.address


def test_memory_and_connections_of_a_running_peer(mesh: LivePeers) -> None:
    peer = mesh.sessions["dave"].peer
    assert peer.status() == Status("running")
    assert 2_000_000 < (peer.memory() or 0) < 128_000_000
    until(lambda: peer.connections() == 0, "no connection")
    with mesh.linked("dave", "bob"), mesh.linked("carol", "dave"):
        until(lambda: peer.connections() == 2, "two connections")
    until(lambda: peer.connections() == 0, "no connection again")


def test_a_killed_peer_has_status_137(shared_engine: LivePeers) -> None:
    (session,) = shared_engine.start(["alice"])
    session.peer.kill()
    assert session.peer.await_end(AT_ONCE) == Status("exited", 137)
    assert session.peer.await_end(0.0).phrase == "exited with status 137 (killed)"
    assert session.peer.connections() is None
    assert session.peer.memory() is None


def test_stop_ends_a_peer_with_status_0(shared_engine: LivePeers) -> None:
    (session,) = shared_engine.start(["alice"])
    session.synchronise()
    began = time.monotonic()
    session.peer.stop()
    assert time.monotonic() - began < AT_ONCE
    assert session.peer.await_end(AT_ONCE) == Status("exited", 0)
    session.peer.kill()  # harmless now
    assert session.peer.status() == Status("exited", 0)


@pytest.mark.parametrize("engine", ["process", ON_DOCKER_IF_THOROUGH])  # the tests below have it
def test_close_leaves_nothing(place: LivePeers) -> None:
    place.start(["alice", "bob"])
    assert len(place.left()) >= 2
    with pytest.raises(EngineError, match="was not started to keep its peers"):
        place.engine.keep()
    place.engine.close()
    assert place.left() == []
    place.engine.close()


@ON_PROCESSES
def test_starting_again_adds_peers(shared_engine: LivePeers) -> None:
    shared_engine.start(["alice"])
    shared_engine.start(["bob"])
    with shared_engine.linked("alice", "bob"):
        pass
    with pytest.raises(EngineError, match=r"^bob: a peer of that name is there already"):
        shared_engine.engine.start(["carol", "bob"], profile.load("peerlab"), lambda _: None)
    with pytest.raises(EngineError, match=r"^carol: a peer of that name is there already"):
        shared_engine.engine.start(["carol", "carol"], profile.load("peerlab"), lambda _: None)


def test_the_name_of_a_discarded_peer_is_free_at_once(shared_engine: LivePeers) -> None:
    old, bob = shared_engine.start(["alice", "bob"])
    before = shared_engine.left()
    old.close()
    shared_engine.engine.discard(session.peer for session in [old])
    shared_engine.engine.discard([old.peer])
    assert old.peer.status().state in ("exited", "removed")
    (new,) = shared_engine.start(["alice"])
    assert new.peer.handle != old.peer.handle
    by_name = isinstance(new.peer, DockerPeer)
    reply = bob.ask("connect", address="alice" if by_name else new.peer.address, port=5000)
    assert reply.ok, reply.lines
    assert reply.fields["address"] == new.peer.address
    new.await_notice("connected", lambda _: True, PATIENCE)
    assert len(shared_engine.left()) == len(before)


def test_descendants_of_a_discarded_peer_are_killed(process_place: Callable[[], LivePeers]) -> None:
    place = process_place()
    ended, stays = place.start(["alice", "bob"], foreign("family.py"))
    until(lambda: len(place.left()) == 4, "the second processes")
    ended.close()
    place.engine.discard([ended.peer])
    until(lambda: len(place.left()) == 2, "two to end")
    assert stays.peer.status() == Status("running")


@ON_PROCESSES
def test_a_start_that_fails_leaves_earlier_peers_alone(shared_engine: LivePeers) -> None:
    (alice,) = shared_engine.start(["alice"])
    before = shared_engine.left()
    chat = profile.load("peerlab")
    missing = chat.start.model_copy(update={"process": ["./no-such-program"]})
    with pytest.raises(EngineError, match=r"no container|no-such-program"):
        # No container can be called that.
        shared_engine.start(["bob", "car ol"], chat.model_copy(update={"start": missing}))
    assert shared_engine.left() == before
    alice.synchronise()
    shared_engine.start(["bob"])


def test_cancelling_ends_a_start_of_many(place: LivePeers) -> None:
    (alice,) = place.start(["alice"])
    before = place.left()
    many = [f"peer{number}" for number in range(20 if place.name == "docker" else 400)]
    with ThreadPoolExecutor(1) as pool:
        start = pool.submit(place.engine.start, many, profile.load("peerlab"), lambda _: None)
        until(lambda: len(place.left()) > len(before) + 1, "the first of many")
        place.engine.cancel.set()
        began = time.monotonic()
        error = start.exception(PATIENCE)
    assert isinstance(error, RunCancelledError)
    assert time.monotonic() - began < AT_ONCE
    assert place.left() == before
    alice.synchronise()
    with pytest.raises(RunCancelledError):
        place.start(["bob"])


@DOCKER_ONLY
def test_containers_are_kept_only_if_that_was_asked_for(shared_engine: LivePeers) -> None:
    with pytest.raises(EngineError, match="was not started to keep its peers"):
        shared_engine.engine.keep()


@pytest.mark.docker
@pytest.mark.thorough  # tests/e2e has peers that `run --keep` leaves
def test_kept_peers_run_on_and_can_be_attached_to() -> None:
    with LivePeers("docker", keep=True, canary=True) as place:
        client = place.client
        (session,) = place.start(["alice"])
        session.close()
        place.engine.keep()
        place.engine.close()
        until(lambda: len(place.left()) == 3, "the canary to end: it had a peer and a name server")
        try:
            assert isinstance(session.peer, DockerPeer)
            again = second_attach(session.peer)
            place.sessions["alice"] = Session(again, profile.load("peerlab"))
            place.sessions["alice"].synchronise()
            place.sessions["alice"].close()
            again.detach()
            assert session.peer.status() == Status("running")
        finally:
            docker_client.remove_run(client, place.run)
        assert place.left() == []


def test_processes_cannot_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EngineError, match="kept on Docker alone") as caught:
        choose(EngineName.PROCESS, lambda _: None, keep=True)
    assert "--engine docker" in caught.value.hint
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent")
    with pytest.raises(EngineError, match=r"kept on Docker alone.*Docker does not answer"):
        choose(EngineName.AUTO, lambda _: None, keep=True)


def test_an_engine_names_its_version_image_and_handles(mesh: LivePeers) -> None:
    facts = mesh.engine.facts
    handles = {session.peer.handle for session in mesh.sessions.values()}
    assert len(handles) == len(mesh.sessions)
    assert facts["name"] == mesh.name
    assert facts["version"]
    if mesh.name == "docker":
        assert re.fullmatch(r"peerlab-peer:[0-9a-f]{12} sha256:[0-9a-f]{64}", facts["image"])
        assert f"peerlab-{mesh.run}-alice" in handles
    else:
        assert facts["image"] == ""


def _kill(session: Session) -> None:
    peer = session.peer
    if isinstance(peer, DockerPeer):
        peer._api.kill(peer.container)
    else:
        assert isinstance(peer, ProcessPeer)
        os.kill(peer.pid, signal.SIGKILL)


def _terminate(session: Session) -> None:
    peer = session.peer
    if isinstance(peer, DockerPeer):
        peer._api.stop(peer.container)
    else:
        assert isinstance(peer, ProcessPeer)
        os.kill(peer.pid, signal.SIGTERM)


@pytest.mark.parametrize(
    ("one_engine", "harm", "phrase"),
    [
        ("process", _kill, "status 137 (killed)"),
        ("process", _terminate, "status 0"),
        pytest.param("docker", _terminate, "status 0", marks=pytest.mark.docker),
    ],
    indirect=["one_engine"],
)
def test_a_peer_ended_behind_the_labs_back_is_noticed(
    shared_engine: LivePeers, harm: Callable[[Session], None], phrase: str
) -> None:
    (session,) = shared_engine.start(["alice"])
    session.synchronise()  # before that the peer may not handle signals yet
    harm(session)
    began = time.monotonic()
    with pytest.raises(PeerGoneError, match=r"^alice is gone: ") as caught:
        session.ask("list")
    assert time.monotonic() - began < AT_ONCE
    assert phrase in caught.value.what.splitlines()[0]
    assert "listening on" in caught.value.what
    assert caught.value.hint


@DOCKER_ONLY
def test_a_container_removed_behind_the_labs_back_is_noticed(shared_engine: LivePeers) -> None:
    (session,) = shared_engine.start(["alice"])
    peer = session.peer
    assert isinstance(peer, DockerPeer)
    peer.remove()
    with pytest.raises(PeerGoneError, match=r"^alice is gone: removed"):
        session.ask("list")
    assert peer.status() == Status("removed")
    assert peer.connections() is None


def test_a_paused_peer_is_an_error_with_the_transcripts_tail(shared_engine: LivePeers) -> None:
    chat = profile.load("peerlab").model_copy(update={"answer_within": 0.7})
    (session,) = shared_engine.start(["alice"], chat)
    peer = session.peer
    if isinstance(peer, DockerPeer):
        peer._api.pause(peer.container)
    else:
        assert isinstance(peer, ProcessPeer)
        os.kill(peer.pid, signal.SIGSTOP)
    until(lambda: peer.status() == Status("paused"), "the pause")
    with pytest.raises(NoAnswerError) as caught:
        session.ask("list")
    first, _ = caught.value.what.split("\n", 1)
    assert first == "alice did not reply to 'list' within 0.7 s; it last showed:"
    assert "  | * listening on " in caught.value.what
    assert caught.value.hint

    # Nor may writing to it block for ever.
    began = time.monotonic()
    with pytest.raises(NoAnswerError) as caught:
        list(session.ask_all("raw", [{"line": "x" * 16_000}] * 50))
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
def test_a_program_that_does_not_become_ready_is_an_error(
    process_place: Callable[[], LivePeers], program: str, error: type[LabError], says: str
) -> None:
    place = process_place()
    with pytest.raises(error) as caught:
        place.start(["alice", "bob"], foreign(program))
    assert caught.value.what.startswith("alice ")
    assert says in caught.value.what
    assert "`start` and `ready` in the profile foreign" in caught.value.hint
    place.close()
    assert place.left() == []


def test_a_missing_program_is_an_error(process_place: Callable[[], LivePeers]) -> None:
    place = process_place()
    chat = foreign("quiet.py")
    chat = chat.model_copy(
        update={"start": chat.start.model_copy(update={"process": ["./no-such-program"]})}
    )
    with pytest.raises(EngineError, match=r"^alice cannot be started: ./no-such-program: No such"):
        place.start(["alice", "bob"], chat)
    assert place.left() == []


@DOCKER_ONLY
def test_a_container_that_ends_at_once_is_an_error(shared_engine: LivePeers) -> None:
    chat = profile.load("peerlab")
    start = chat.start.model_copy(update={"container": ["not-a-port"]})
    with pytest.raises(PeerGoneError, match=r"(?s)^alice is gone: exited.*not-a-port"):
        shared_engine.start(["alice"], chat.model_copy(update={"start": start}))


@pytest.mark.docker
def test_a_container_that_cannot_be_created_leaves_nothing() -> None:
    with LivePeers("docker", canary=True) as place:
        with pytest.raises(EngineError, match=r"^al ice: no container: "):
            place.start(["bob", "al ice"])
        assert place.left() == []


def test_descendants_are_killed_with_their_engine(process_place: Callable[[], LivePeers]) -> None:
    place = process_place()
    place.start(["alice"], foreign("family.py"))
    until(lambda: len(place.left()) == 2, "the second process")
    place.engine.close()
    until(lambda: place.left() == [], "both to end")


def test_a_process_does_not_inherit_the_labs_environment(
    process_place: Callable[[], LivePeers], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_LAB", "1")
    place = process_place()
    (session,) = place.start(["alice"])
    peer = session.peer
    assert isinstance(peer, ProcessPeer)
    environment = Path(f"/proc/{peer.pid}/environ").read_bytes()
    assert b"SECRET_OF_THE_LAB" not in environment
    assert b"LANG=C.UTF-8" in environment
    assert Path(f"/proc/{peer.pid}/cwd").resolve() == ROOT


def test_a_program_takes_ctrl_c_though_the_lab_runs_in_the_background(
    process_place: Callable[[], LivePeers],
) -> None:
    """A shell's background job, or one under nohup, inherits these signals ignored."""
    numbers = (signal.SIGINT, signal.SIGHUP)
    before = [signal.signal(number, signal.SIG_IGN) for number in numbers]
    try:
        (session,) = process_place().start(["alice"], foreign("family.py"))
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
    assert isinstance(session.peer, ProcessPeer)
    status = Path(f"/proc/{session.peer.pid}/status").read_text()
    ignored = int(status.partition("SigIgn:")[2].split()[0], 16)
    assert not any(ignored >> (number - 1) & 1 for number in numbers)
