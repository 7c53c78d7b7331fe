"""Malicious programs hurt only themselves, and leave nothing behind."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestrator import profile
from orchestrator.engines.docker.engine import DockerEngine
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.errors import EngineError
from orchestrator.profile import Profile
from tests.orchestrator.support import LivePeers, until

HERE = Path(__file__).parent
NAMES = sorted(path.stem for path in HERE.glob("*.yaml"))
LIMIT = 128 << 20  # bytes of memory, of each peer; what it writes counts
LOG = 24 << 20  # bytes of a peer's log, with those that were put aside
LAYER = 1 << 20  # bytes that a peer may add to its image, which is read-only
SOON = 30.0  # seconds, on a busy machine

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]


def hostile(name: str) -> Profile:
    return profile.load(str(HERE / f"{name}.yaml"))


@pytest.fixture(scope="module")
def two_runs() -> Iterator[tuple[LivePeers, LivePeers]]:
    """Two runs at the same time, of a good peer each."""
    with LivePeers("docker", canary=True) as one, LivePeers("docker") as other:
        one.start(["bob"])
        other.start(["carol"])
        yield one, other
        one.close()
        assert one.left() == []


@pytest.fixture
def place(two_runs: tuple[LivePeers, LivePeers]) -> Iterator[LivePeers]:
    """The first of them; hostile peers are discarded after each test."""
    one, _ = two_runs
    yield one
    assert isinstance(one.engine, DockerEngine)
    good = [session.peer for session in one.sessions.values()]
    one.engine.discard([peer for peer in one.engine._peers if peer not in good])


def begin(place: LivePeers, name: str, *names: str) -> list[DockerPeer]:
    """Start hostile peers without sessions."""
    peers = place.engine.start(names, hostile(name), lambda _: None)
    return [peer for peer in peers if isinstance(peer, DockerPeer)]


def stats(peer: DockerPeer) -> dict[str, Any]:
    found: dict[str, Any] = peer._api.stats(peer.container, stream=False, one_shot=True)
    return found


def log_size(peer: DockerPeer) -> int:
    """Return the size of a peer's logs on disk."""
    path, size = Path(peer._inspect()["LogPath"]), 0
    for log in path.parent.glob(f"{path.name}*"):
        with contextlib.suppress(FileNotFoundError):  # just rotated
            size += log.stat().st_size
    return size


def assert_within_limits(peer: DockerPeer) -> None:
    found = stats(peer)  # empty if the peer has ended
    assert found["memory_stats"].get("usage", 0) <= LIMIT
    assert found["pids_stats"].get("current", 0) <= 320
    assert log_size(peer) < LOG
    wanted = {"id": peer.container}
    (listed,) = peer._api.containers(all=True, size=True, filters=wanted)
    assert listed.get("SizeRw", 0) < LAYER
    assert all(mount["Type"] == "tmpfs" for mount in peer._inspect()["Mounts"]), "no disk"


def shown(peer: DockerPeer) -> str:
    """Return the end of a peer's log."""
    data: bytes = peer._api.logs(peer.container, tail=100)
    return data.decode("utf-8", "replace")


def assert_chat_works(place: LivePeers, one: str, other: str) -> None:
    """Connect two good peers, and send twenty messages in order."""
    with place.linked(one, other) as link:
        before = len(place.texts(other))
        for number in range(20):
            assert place.sessions[one].ask("send", id=link, text=f"text {number}").ok
        texts = place.await_texts(other, before + 20)[before:]
        assert texts == [f"text {number}" for number in range(20)]


def test_the_process_engine_runs_none_of_the_programs() -> None:
    assert sorted(path.stem for path in (HERE / "programs").glob("*.py")) == NAMES
    with LivePeers("process") as place:
        for name in NAMES:
            with pytest.raises(EngineError, match="cannot be started as a process"):
                place.engine.start(["alice"], hostile(name), lambda _: None)


@pytest.mark.thorough  # what each of them is limited to, the tests below show one by one
@pytest.mark.parametrize("name", NAMES)
def test_good_peers_and_the_machine_are_unharmed(
    name: str, place: LivePeers, two_runs: tuple[LivePeers, LivePeers]
) -> None:
    _, other = two_runs
    for run, second in ((place, "alice"), (other, "dave")):
        if second not in run.sessions:
            run.start([second])
    mallory, mallet = begin(place, name, "mallory", "mallet")
    assert_chat_works(other, "carol", "dave")
    assert_chat_works(place, "alice", "bob")
    for peer in (mallory, mallet):
        assert_within_limits(peer)
    began = time.monotonic()
    place.engine.discard([mallory, mallet])
    assert time.monotonic() - began < SOON
    assert_chat_works(other, "dave", "carol")
    assert_chat_works(place, "bob", "alice")


def test_how_programs_end(place: LivePeers) -> None:
    (eater,) = begin(place, "memory_eater", "mallory")
    (short,) = begin(place, "ends_at_once", "mallet")
    (stubborn,) = begin(place, "ignores_signals", "moriarty")
    until(lambda: "READY" in shown(stubborn), "moriarty to be ready", SOON)
    stubborn.stop()
    assert stubborn.status().exit_status == 137
    assert short.await_end(SOON).exit_status == 1
    assert eater.await_end(SOON).exit_status == 137
    assert eater._inspect()["State"]["OOMKilled"]


def test_a_fork_bomb_stays_within_its_limit(place: LivePeers) -> None:
    (peer,) = begin(place, "fork_bomb", "mallory")
    until(lambda: stats(peer)["pids_stats"].get("current", 0) > 250, "the bomb", SOON)
    assert stats(peer)["pids_stats"]["current"] <= 320
    pid = peer._inspect()["State"]["Pid"]
    place.engine.discard([peer])
    until(lambda: not psutil.pid_exists(pid), "the bomb to end", SOON)


def test_a_program_can_write_little_and_only_to_memory(place: LivePeers) -> None:
    (peer,) = begin(place, "disk_filler", "mallory")

    def is_done() -> bool:
        return "DONE" in shown(peer) or peer.status().state == "exited"

    until(is_done, "all places to be full", SOON)
    rows = [line.split() for line in shown(peer).splitlines() if " took " in line]
    took = {path: int(count) for path, _, count, _ in rows}
    assert 0 < took["."] <= 64 << 20
    assert took.get("/tmp", 0) <= 16 << 20
    assert took.get("/dev/shm", 0) <= 8 << 20
    assert not any(took.get(path) for path in ("/", "/var/tmp", "/run", "/peerlab", "/etc"))


def test_the_log_of_an_endless_printer_is_limited(place: LivePeers) -> None:
    (peer,) = begin(place, "endless_printer", "mallory")
    path = Path(peer._inspect()["LogPath"])
    until(lambda: path.exists() and path.stat().st_size > 1 << 20, "a megabyte", SOON)
    assert log_size(peer) < LOG
    assert peer._inspect()["HostConfig"]["LogConfig"]["Config"]["max-size"] == "8m"


PROBE = """
import concurrent.futures, socket, sys, time
def tried(action):
    began = time.monotonic()
    try:
        result = action()
    except OSError as error:
        result = type(error).__name__
    return result, round(time.monotonic() - began, 2)
def dial(address, port):
    with socket.create_connection((address, port), 4):
        return "reached"
def own():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(("8.8.8.8", 80))
        return one.getsockname()[0]
actions = [
    own,
    lambda: socket.gethostbyname(socket.gethostname()),
    lambda: socket.gethostbyname("bob"),
    lambda: socket.getaddrinfo("999.1.1.1", 80),
    lambda: socket.getaddrinfo("no-such-host", 80),
    lambda: socket.getaddrinfo("www.example.com", 80),
]
results = [tried(action) for action in actions]
with concurrent.futures.ThreadPoolExecutor(9) as pool:  # each dial in vain takes 3 s
    ends = [word.split("|") for word in sys.argv[1:]]
    results += pool.map(lambda end: tried(lambda: dial(end[0], int(end[1]))), ends)
for result, took in results:
    print("TRIED", result, took, flush=True)
print("READY", flush=True)
sys.stdin.read()
"""


def tried(place: LivePeers, ends: list[tuple[str, int]]) -> list[list[str]]:
    """Return what a peer learns about its network, and how long each attempt took."""
    program = hostile("never_starts")
    words = ["python3", "-c", PROBE, *(f"{address}|{port}" for address, port in ends)]
    start = program.start.model_copy(update={"container": words})
    (peer,) = place.engine.start(
        ["mallory"], program.model_copy(update={"start": start}), lambda _: None
    )
    assert isinstance(peer, DockerPeer)
    until(lambda: "READY" in shown(peer), "all attempts", 60)
    own = [["mallory", peer.address]]
    return own + [line.split()[1:] for line in shown(peer).splitlines() if "TRIED" in line]


def test_only_peers_of_the_same_run_are_reachable(
    place: LivePeers, two_runs: tuple[LivePeers, LivePeers]
) -> None:
    bob = place.sessions["bob"].peer
    _, other = two_runs
    with socket.create_server(("", 0)) as listening:
        assert isinstance(place.engine, DockerEngine)
        gateway = place.engine._pool.subnet.gateway
        machine = next(
            found.address
            for interface in psutil.net_if_addrs().values()
            for found in interface
            if found.family == socket.AF_INET and not found.address.startswith("127.")
        )
        port = listening.getsockname()[1]
        beyond = [(address, port) for address in (gateway, machine, "172.17.0.1", "8.8.8.8")]
        carol = (other.sessions["carol"].peer.address, 5000)
        (_, own), *results = tried(place, [*beyond, carol, ("bob", 5000)])
    said = [what for what, _ in results]
    assert said[:3] == [own, own, bob.address]
    assert said[3:6] == ["gaierror"] * 3
    assert all(float(took) < 1 for _, took in results[:6]), results
    assert len(said) == 12
    assert "reached" not in said[6:-1], results
    assert said[-1] == "reached"
