"""What the history says of sockets: in real runs, and by whose sockets they are."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from orchestrator import profile
from orchestrator.engines import kernel_sockets, sock_diag
from orchestrator.engines.endpoints import TcpSocket
from orchestrator.engines.status import Status
from orchestrator.history.entries import Entry, History
from orchestrator.runner.sockets import SocketRecorder
from tests.orchestrator.harness import Harness
from tests.orchestrator.support import PROGRAMS, until

TWO = "peers: [alice, bob]\nsteps:\n  - connect: {at: alice, to: bob}\n"


def lines(entries: Sequence[Entry], peer: str) -> list[Entry]:
    return [entry for entry in entries if entry.verb == "sockets" and entry.peer == peer]


def states(entry: Entry) -> list[str]:
    return [one["state"] for one in entry.fields["opened"]]


@pytest.fixture(scope="module")
def harness(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Harness]:
    with Harness("process", tmp_path_factory.mktemp("sockets")) as one:
        yield one


def test_a_run_records_what_opens_and_closes(harness: Harness) -> None:
    run = harness.run(TWO + "  - terminate: {at: alice, to: bob}\n  - exit: bob\n")
    assert run.judgement.word == "valid"
    first, *changes, before, after = lines(run.entries, "alice")
    for entry in (first, before, after):
        assert entry.fields["all"]
        assert states(entry) == ["LISTEN"]
    dialled = changes[0].fields["opened"][0]
    assert (dialled["state"], dialled["peer"]) == ("ESTABLISHED", "bob")
    assert lines(run.entries, "bob")[-1].fields["opened"] == []


def test_a_process_that_outlives_its_program_still_has_its_port(
    harness: Harness, tmp_path: Path
) -> None:
    shipped = profile.load("peerlab")
    command = ["{python}", str(PROGRAMS / "outlived.py"), *(shipped.start.process or [])[3:]]
    start = shipped.start.model_copy(update={"process": command})
    path = tmp_path / "outlived.yaml"
    path.write_text(shipped.model_copy(update={"start": start}).model_dump_json(exclude_none=True))
    run = harness.run(f"profile: {path}\n{TWO}  - exit: bob\n")
    (finding,) = next(v for v in run.verdicts if v.check == "sockets").findings
    assert "bob had ended at" in finding.says
    assert finding.says.count("LISTEN") == 1


class _Peer(SimpleNamespace):
    """A peer with the sockets that a test gives it."""

    slow: bool
    held: Sequence[TcpSocket] | None
    left: Sequence[TcpSocket]
    state: Literal["running", "exited"]

    def sockets(self, *, quick: bool = False) -> Sequence[TcpSocket] | None:
        return None if quick and self.slow else self.held

    def leftovers(self) -> Sequence[TcpSocket]:
        return self.left

    def status(self) -> Status:
        return Status(self.state)


def recorded(*peers: _Peer, ended: frozenset[str] = frozenset()) -> tuple[SocketRecorder, History]:
    history = History()
    sessions: Any = {peer.name: SimpleNamespace(peer=peer) for peer in peers}
    relayed = {("127.0.0.1", "4000"): "carol"}
    return SocketRecorder(history, sessions, ended, relayed), history


def peer(name: str, address: str, **changes: Any) -> _Peer:
    usual = {"port": 5000, "slow": False, "held": [], "left": [], "state": "running"}
    return _Peer(
        name=name, address=address, source=address, dialled_at={address}, **{**usual, **changes}
    )


def test_the_other_end_is_named_where_it_is_certain() -> None:
    ends = [("10.0.0.3", 5000), ("10.0.0.3", 49_152), ("127.0.0.1", 4000), ("10.9.9.9", 5000)]
    held = [TcpSocket(("::ffff:10.0.0.2", 1), end, "ESTABLISHED") for end in ends]
    recorder, history = recorded(
        peer("alice", "10.0.0.2", held=held), peer("bob", "10.0.0.3"), peer("carol", "10.0.0.4")
    )
    recorder.note("alice")
    opened = history.entries[0].fields["opened"]
    names = {one["remote"]: one["peer"] for one in opened}
    assert names == {"10.0.0.3:5000": "bob", "10.0.0.3:49152": "bob", "127.0.0.1:4000": "carol",
                     "10.9.9.9:5000": ""}  # fmt: skip
    assert {one["local"] for one in opened} == {"10.0.0.2:1"}


def test_only_changes_are_recorded() -> None:
    one = peer("alice", "10.0.0.2", held=[TcpSocket(("::", 5000), None, "LISTEN")])
    recorder, history = recorded(one)
    recorder.note("alice")
    recorder.note("alice")
    assert [entry.fields.get("all") for entry in history.entries] == [True]
    waiting = TcpSocket(("::1", 5000), ("::1", 9), "ESTABLISHED", 7, accepted=False)
    one.held = [waiting]
    recorder.note("alice")
    assert history.entries[-1].fields == {
        "opened": [{"local": "[::1]:5000", "state": "ESTABLISHED", "remote": "[::1]:9",
                    "peer": "", "unread": 7, "accepted": False}],
        "closed": [{"local": "[::]:5000"}],
    }  # fmt: skip


def test_where_reading_takes_long_it_is_done_at_the_end_alone() -> None:
    slow = peer("alice", "10.0.0.2", slow=True)
    recorder, history = recorded(slow)
    recorder.note("alice")
    assert not history.entries
    recorder.record()
    assert len(history.entries) == 1


def test_reading_takes_a_small_part_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(1000))
    monkeypatch.setattr("orchestrator.runner.sockets.time.monotonic", lambda: 1_000 + next(now))
    recorder, history = recorded(peer("alice", "10.0.0.2"), peer("bob", "10.0.0.3"))
    history.started = 0.0
    read = list[str]()
    monkeypatch.setattr(recorder, "_read", lambda name, **_: read.append(name))
    for _ in range(50):
        recorder.note_cheaply()
    assert 14 <= len(read) <= 18  # each seems to take a second
    recorder.note("alice")
    assert read[-1] == "alice"


def test_of_a_peer_that_has_ended_what_is_left_is_recorded() -> None:
    left = TcpSocket(("10.0.0.2", 5000), None, "LISTEN")
    gone = peer("alice", "10.0.0.2", held=None, left=[left], state="exited")
    recorder, history = recorded(gone, ended=frozenset({"alice"}))
    recorder.note("alice")
    assert states(history.entries[0]) == ["LISTEN"]
    unknown = peer("alice", "10.0.0.2", held=None)
    recorder, history = recorded(unknown)
    recorder.record()
    assert not history.entries


def test_both_ways_of_asking_the_kernel_agree() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as dialled:
            dialled.send(b"unread")

            def tables() -> list[kernel_sockets.KernelSocket]:
                text = Path("/proc/self/net/tcp").read_text()
                return [one for one in kernel_sockets.parse(text) if port in _ports(one)]

            until(lambda: any(one.socket.unread for one in tables()), "the bytes to arrive")
            asked = [one for one in kernel_sockets.read() if port in _ports(one)]
            assert {*asked} == {*tables()}
            assert len(asked) == 3
            assert sock_diag.dump(os.getpid())


def _ports(one: kernel_sockets.KernelSocket) -> set[int]:
    return {one.socket.local[1], one.socket.remote[1] if one.socket.remote else 0}
