"""Programs that mean harm: each hurts itself alone, and nothing of it stays behind."""

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
LAYER = 1 << 20  # bytes that a peer may add to its image; there is no place to write to
SOON = 30.0  # seconds, on a machine that others use as well

pytestmark = [pytest.mark.docker, pytest.mark.timeout(180)]


def hostile(name: str) -> Profile:
    return profile.load(str(HERE / f"{name}.yaml"))


@pytest.fixture
def place() -> Iterator[LivePeers]:
    with LivePeers("docker") as one:
        yield one
        one.close()
        assert one.left() == []


def begin(place: LivePeers, name: str, *names: str) -> list[DockerPeer]:
    """Start hostile peers; return them, with nobody at their consoles yet."""
    peers = place.engine.start(names, hostile(name), lambda _: None)
    return [peer for peer in peers if isinstance(peer, DockerPeer)]


def stats(peer: DockerPeer) -> dict[str, Any]:
    found: dict[str, Any] = peer._api.stats(peer.container, stream=False, one_shot=True)
    return found


def log_size(peer: DockerPeer) -> int:
    """Return the bytes of a peer's logs, on the disk of the machine."""
    path, size = Path(peer._inspect()["LogPath"]), 0
    for each in path.parent.glob(f"{path.name}*"):
        with contextlib.suppress(FileNotFoundError):  # just put aside under another name
            size += each.stat().st_size
    return size


def takes_no_more_than_its_share(peer: DockerPeer) -> None:
    """See what the machine has given a peer: others use the machine as well."""
    found = stats(peer)  # nothing is in it of who has ended
    assert found["memory_stats"].get("usage", 0) <= LIMIT
    assert found["pids_stats"].get("current", 0) <= 320
    assert log_size(peer) < LOG
    wanted = {"id": peer.container}
    (listed,) = peer._api.containers(all=True, size=True, filters=wanted)
    assert listed.get("SizeRw", 0) < LAYER
    assert all(each["Type"] == "tmpfs" for each in peer._inspect()["Mounts"]), "a volume is a disk"


def shown(peer: DockerPeer) -> str:
    """Return what a peer has printed, as its log has it."""
    data: bytes = peer._api.logs(peer.container, tail=100)
    return data.decode("utf-8", "replace")


def chat_works(place: LivePeers, one: str, other: str) -> None:
    """Connect two good peers, and have twenty messages arrive in their order."""
    with place.linked(one, other) as link:
        before = len(place.texts(other))
        for number in range(20):
            assert place.sessions[one].ask("send", id=link, text=f"text {number}").ok
        texts = place.await_texts(other, before + 20)[before:]
        assert texts == [f"text {number}" for number in range(20)]


def test_every_program_has_a_profile_that_no_machine_runs() -> None:
    assert sorted(path.stem for path in (HERE / "programs").glob("*.py")) == NAMES
    with LivePeers("process") as place:
        for name in NAMES:
            with pytest.raises(EngineError, match="cannot be started as a process"):
                place.engine.start(["alice"], hostile(name), lambda _: None)


@pytest.mark.parametrize("name", NAMES)
def test_neither_machine_nor_good_peers_suffer(name: str, place: LivePeers) -> None:
    place.start(["alice", "bob"])
    mallory, mallet = begin(place, name, "mallory", "mallet")
    with LivePeers("docker") as other:  # another run at the same time
        other.start(["carol", "dave"])
        chat_works(other, "carol", "dave")
        chat_works(place, "alice", "bob")
        for peer in (mallory, mallet):
            takes_no_more_than_its_share(peer)
        began = time.monotonic()
        place.engine.discard([mallory, mallet])
        assert time.monotonic() - began < SOON
        chat_works(other, "dave", "carol")
        chat_works(place, "bob", "alice")


def test_what_ends_and_what_goes_on(place: LivePeers) -> None:
    (peer,) = begin(place, "memory_eater", "mallory")
    assert peer.await_end(SOON).exit_status == 137
    assert peer._inspect()["State"]["OOMKilled"]
    (peer,) = begin(place, "ends_at_once", "mallet")
    assert peer.await_end(SOON).exit_status == 1
    (peer,) = begin(place, "ignores_signals", "carol")
    until(lambda: "READY" in shown(peer), "carol to be ready", SOON)
    peer.stop()
    assert peer.status().exit_status == 137


def test_a_fork_bomb_stays_within_its_limit(place: LivePeers) -> None:
    (peer,) = begin(place, "fork_bomb", "mallory")
    until(lambda: stats(peer)["pids_stats"].get("current", 0) > 250, "the bomb", SOON)
    assert stats(peer)["pids_stats"]["current"] <= 320
    pid = peer._inspect()["State"]["Pid"]
    place.engine.discard([peer])
    until(lambda: not psutil.pid_exists(pid), "the bomb to end", SOON)


def test_what_is_written_is_little_and_in_memory(place: LivePeers) -> None:
    (peer,) = begin(place, "disk_filler", "mallory")

    def is_done() -> bool:
        return "DONE" in shown(peer) or peer.status().state == "exited"

    until(is_done, "all places to be full", SOON)
    rows = [line.split() for line in shown(peer).splitlines() if " took " in line]
    took = {place: int(count) for place, _, count, _ in rows}
    assert 0 < took["."] <= 64 << 20
    assert took.get("/tmp", 0) <= 16 << 20
    assert took.get("/dev/shm", 0) <= 8 << 20
    assert not any(took.get(each) for each in ("/", "/var/tmp", "/run", "/peerlab", "/etc"))


def test_an_endless_printers_log_has_an_end(place: LivePeers) -> None:
    (peer,) = begin(place, "endless_printer", "mallory")
    path = Path(peer._inspect()["LogPath"])
    until(lambda: path.exists() and path.stat().st_size > 1 << 20, "a megabyte", SOON)
    assert log_size(peer) < LOG
    assert peer._inspect()["HostConfig"]["LogConfig"]["Config"]["max-size"] == "8m"


LOOK = """
import socket, sys, time
def tried(what):
    began = time.monotonic()
    try:
        said = what()
    except OSError as error:
        said = type(error).__name__
    print("TRIED", said, round(time.monotonic() - began, 2), flush=True)
def dial(address, port):
    with socket.create_connection((address, port), 4):
        return "reached"
def own():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect(("8.8.8.8", 80))
        return one.getsockname()[0]
tried(own)
tried(lambda: socket.gethostbyname(socket.gethostname()))
tried(lambda: socket.gethostbyname("bob"))
tried(lambda: socket.getaddrinfo("999.1.1.1", 80))
tried(lambda: socket.getaddrinfo("no-such-host", 80))
tried(lambda: socket.getaddrinfo("www.example.com", 80))
for address in sys.argv[2:]:
    tried(lambda: dial(address, int(sys.argv[1])))
tried(lambda: dial("bob", 5000))
print("READY", flush=True)
sys.stdin.read()
"""


def dials(place: LivePeers, folder: Path, port: int, addresses: list[str]) -> list[list[str]]:
    """Return what a peer finds out about its network."""
    (folder / "look.py").write_text(LOOK)
    look = hostile("never_starts")
    words = ["python3", "look.py", str(port), *addresses]
    start = look.start.model_copy(update={"container": words, "folder": str(folder)})
    (peer,) = place.engine.start(
        ["mallory"], look.model_copy(update={"start": start}), lambda _: None
    )
    assert isinstance(peer, DockerPeer)
    until(lambda: "READY" in shown(peer), "all to be tried", 60)
    own = [["mallory", peer.address]]
    return own + [line.split()[1:] for line in shown(peer).splitlines() if "TRIED" in line]


def test_the_network_reaches_peers_alone(place: LivePeers, tmp_path: Path) -> None:
    place.start(["bob"])
    bob = place.sessions["bob"].peer
    with LivePeers("docker") as other, socket.create_server(("", 0)) as listening:
        other.start(["carol"])
        assert isinstance(place.engine, DockerEngine)
        gateway = place.engine._pool.subnet.gateway
        machine = next(
            each.address
            for some in psutil.net_if_addrs().values()
            for each in some
            if each.family == socket.AF_INET and not each.address.startswith("127.")
        )
        beyond = [gateway, machine, "172.17.0.1", "8.8.8.8"]
        port = listening.getsockname()[1]
        (_, own), *tried = dials(place, tmp_path, port, beyond)
        said = [what for what, _ in tried]
        assert said[:3] == [own, own, bob.address]
        assert said[3:6] == ["gaierror"] * 3
        assert all(float(took) < 1 for _, took in tried[:6]), tried
        assert "reached" not in said[6:-1], tried
        assert said[-1] == "reached"
        carol = other.sessions["carol"].peer.address
        place.engine.discard([peer for peer in place.engine._peers if peer.name == "mallory"])
        _, *tried = dials(place, tmp_path, 5000, [carol])
        assert tried[6][0] != "reached"
