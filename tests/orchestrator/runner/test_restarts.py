"""Peers that are killed, stopped, paused and come back, on every engine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orchestrator import profile
from orchestrator.console.session import Session
from orchestrator.engines import choose
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.engines.process.peer import ProcessPeer
from orchestrator.engines.status import Status
from orchestrator.errors import EngineError
from tests.orchestrator.support import PROGRAMS, ROOT, LivePeers, marked_processes, things_of, until
from tests.repeats import ON_DOCKER, ON_DOCKER_IF_THOROUGH

AT_ONCE = 9.0  # seconds, on a busy machine


@pytest.fixture(scope="module", params=["process", ON_DOCKER_IF_THOROUGH])
def shared(request: pytest.FixtureRequest, docker_refusal: str) -> Iterator[LivePeers]:
    """Return three peers on each engine in turn; every test leaves them running."""
    if request.param == "docker" and docker_refusal:
        pytest.skip(docker_refusal)
    with LivePeers(request.param) as peers:
        peers.start(["alice", "bob", "carol"])
        yield peers


def again(place: LivePeers, name: str) -> Session:
    """Start a peer again; return a session at its new console, once it is ready."""
    old = place.sessions[name]
    old.close()
    old.peer.start()
    loaded = profile.load("peerlab")
    place.sessions[name] = Session(old.peer, loaded, place.notices[name].append)
    place.sessions[name].await_ready()
    return place.sessions[name]


def end(place: LivePeers, name: str, how: str) -> None:
    peer = place.sessions[name].peer
    place.sessions[name].synchronise()  # a signal before that may come too early for the peer
    getattr(peer, how)()
    assert peer.await_end(AT_ONCE).state == "exited"


def test_its_console_is_new_from_the_first_byte(shared: LivePeers) -> None:
    alice = shared.sessions["alice"]
    peer, handle = alice.peer, alice.peer.handle
    alice.ask("help")
    end(shared, "alice", "kill")
    session = again(shared, "alice")
    assert session.peer is peer
    shown = "\n".join(session.transcript.tail(20))
    assert shown.count("listening on") == 1
    assert "ok: " not in shown
    assert session.ask("list").rows == []
    assert peer.status() == Status("running")
    assert (peer.handle == handle) == (shared.name == "docker")
    assert (peer.memory() or 0) > 0


def test_others_connect_to_it_as_before(shared: LivePeers) -> None:
    peer = shared.sessions["alice"].peer
    before = (peer.address, peer.port)
    for how in ("kill", "stop"):
        end(shared, "alice", how)
        session = again(shared, "alice")
        assert (peer.address, peer.port) == before
        assert session.ask("myip").fields["address"] == before[0]
        with shared.linked("bob", "alice"):
            pass
        with shared.linked("alice", "bob"):
            pass


def test_peers_that_come_back_in_another_order_keep_their_addresses(shared: LivePeers) -> None:
    names = ["alice", "bob", "carol"]
    before = [shared.sessions[name].peer.address for name in names]
    for name in names:
        end(shared, name, "kill")
    for name in reversed(names):
        again(shared, name)
    assert [shared.sessions[name].peer.address for name in names] == before
    with shared.linked("carol", "alice"), shared.linked("bob", "carol"):
        pass


def test_a_new_peer_does_not_get_the_address_of_one_that_is_down(shared: LivePeers) -> None:
    end(shared, "alice", "kill")
    (dave,) = shared.start(["dave"])
    session = again(shared, "alice")
    assert len({one.peer.address for one in shared.sessions.values()}) == 4
    assert dave.ask("connect", address=session.peer.address, port=session.peer.port).ok
    dave.close()
    shared.engine.discard([shared.sessions.pop("dave").peer])


def test_pause_and_resume(shared: LivePeers) -> None:
    alice = shared.sessions["alice"]
    before = shared.texts("alice")
    with shared.linked("bob", "alice") as number:
        alice.peer.pause()
        assert alice.peer.status() == Status("paused")
        shared.sessions["bob"].ask("send", id=number, text="hello")
        alice.take_in(0.3)
        assert shared.texts("alice") == before
        alice.peer.resume()
        assert alice.peer.status() == Status("running")
        assert shared.await_texts("alice", len(before) + 1) == [*before, "hello"]


def test_waiting_for_the_end_of_a_paused_peer(shared: LivePeers) -> None:
    alice = shared.sessions["alice"]
    alice.peer.pause()
    assert alice.peer.await_end(0.1) == Status("paused")
    alice.peer.kill()
    assert alice.peer.await_end(AT_ONCE) == Status("exited", 137)
    again(shared, "alice").synchronise()


def test_a_paused_peer_that_is_stopped_ends_politely(shared: LivePeers) -> None:
    alice = shared.sessions["alice"]
    alice.synchronise()
    alice.peer.pause()
    began = time.monotonic()
    alice.peer.stop()
    assert time.monotonic() - began < AT_ONCE
    assert alice.peer.await_end(AT_ONCE) == Status("exited", 0)
    again(shared, "alice")


def test_what_a_peer_cannot_do_in_its_state_is_an_error(shared: LivePeers) -> None:
    peer = shared.sessions["alice"].peer

    def refused(act: Callable[[], None], what: str, hint: str) -> None:
        with pytest.raises(EngineError) as caught:
            act()
        assert (caught.value.what, caught.value.hint) == (f"{peer.name} cannot be {what}", hint)

    resume_hint = "only a paused peer can be resumed"
    refused(peer.start, "started: it is running", "kill or stop it first")
    refused(peer.resume, "resumed: it is running", resume_hint)
    peer.pause()
    refused(peer.start, "started: it is paused", "kill or stop it first")
    refused(peer.pause, "paused: it is paused", "start or resume it first")
    peer.kill()
    said = "it exited with status 137 (killed)"
    refused(peer.pause, f"paused: {said}", "start or resume it first")
    refused(peer.resume, f"resumed: {said}", resume_hint)
    again(shared, "alice")
    if shared.name == "docker":
        (dave,) = shared.start(["dave"])
        dave.close()
        peer = shared.sessions.pop("dave").peer
        shared.engine.discard([peer])
        refused(peer.start, "started: it is removed", "")


@pytest.mark.parametrize("engine", ["process", ON_DOCKER_IF_THOROUGH])
def test_paused_and_restarted_peers_leave_nothing(place: LivePeers) -> None:
    place.start(["alice", "bob"])
    end(place, "alice", "kill")
    again(place, "alice")
    before = len(place.left())
    for session in place.sessions.values():
        session.peer.pause()
    place.sessions["bob"].close()
    place.engine.discard([place.sessions["bob"].peer])
    assert len(place.left()) == before - 1
    place.close()
    assert place.left() == []


def test_children_of_a_process_are_removed_before_it_restarts(
    process_place: Callable[[], LivePeers],
) -> None:
    family = profile.load(str(PROGRAMS / "profile.yaml"))
    command = ["{python}", str(PROGRAMS / "family.py")]
    family = family.model_copy(
        update={"start": family.start.model_copy(update={"process": command})}
    )
    place = process_place()
    (alice,) = place.start(["alice"], family)
    until(lambda: len(place.left()) == 2, "the second process")
    first = set(place.left())
    assert isinstance(alice.peer, ProcessPeer)
    os.kill(alice.peer.pid, 9)
    alice.peer.await_end(AT_ONCE)
    alice.close()
    alice.peer.start()
    until(lambda: len(place.left()) == 2, "a family of two")
    assert not first & set(place.left())


@pytest.mark.docker
def test_a_container_that_moved_is_an_error(docker_refusal: str) -> None:
    client: Any = docker_client.connect()
    with LivePeers("docker") as place:
        (alice,) = place.start(["alice"])
        end(place, "alice", "kill")
        alice.close()
        peer = alice.peer
        assert isinstance(peer, DockerPeer)
        peer.address = "10.9.9.9"  # as if Compose alone had made the mesh
        with pytest.raises(EngineError, match=r"^alice was started at \S+, but had 10.9"):
            peer.start()
    client.close()


GOES = """
import os, sys
from orchestrator import profile
from tests.orchestrator.support import make_engine, things_of
engine = make_engine(sys.argv[1])
alice, bob = engine.start(["alice", "bob"], profile.load("peerlab"), lambda _: None)
alice.kill(); alice.await_end(5.0); alice.start(); bob.pause()
run = engine._owner.run
made = things_of(engine._client, lambda owner: owner.run == run) if len(sys.argv) > 2 else []
print(run, len(made), flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.mark.thorough  # tests/e2e has it for a command
@pytest.mark.parametrize("engine", ["process", ON_DOCKER])
def test_a_killed_lab_leaves_nothing_to_the_next_command(engine: str, docker_refusal: str) -> None:
    words = [sys.executable, "-c", GOES, engine, *(["count"] if engine == "docker" else [])]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    run, made = done.stdout.split()
    said: list[str] = []
    if engine == "process":  # the end of their terminals has ended them, or the sweep does
        choose.reap_processes(said.append)
        until(lambda: not [pid for pid, owner in marked_processes() if owner.run == run], "the end")
    else:
        client = docker_client.connect()
        assert (
            made == "4"
        )  # two peers, the names, the network; another command may remove them first
        choose.reap_containers(client, said.append)
        until(lambda: not things_of(client, lambda owner: owner.run == run), "the end")
        client.close()
