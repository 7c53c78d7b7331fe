"""Peer groups: which peer an id or an address means, and what is recorded of consoles."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.console.session import CRASH, UNREAD, Notice
from orchestrator.errors import PeerGoneError
from orchestrator.history.entries import History
from orchestrator.runner.peers import PeerGroup
from tests.orchestrator.support import LivePeers


def peer(name: str, address: str, port: int = 5000, *more: str) -> Any:
    def has(other: str, end: str) -> bool:
        return (other, end) == (address, f"4000{port % 10}")

    return SimpleNamespace(
        peer=SimpleNamespace(
            name=name, address=address, port=port, has=has, dialled_at={address, *more}
        ),
        profile=SimpleNamespace(first_id=1, vocabulary="chat"),
    )


@pytest.fixture
def peers() -> PeerGroup:
    """Return a group without programs behind the consoles."""
    one = PeerGroup(History())
    one.sessions = {
        "alice": peer("alice", "10.0.0.1"),
        "bob": peer("bob", "fd00::2"),
        "carol": peer("carol", "10.0.0.1", 5001),
    }
    return one


@pytest.mark.parametrize(
    ("address", "port", "name"),
    [
        ("10.0.0.1", "5000", "alice"),
        ("10.0.0.1", "5001", "carol"),
        ("fd00::2", "5000", "bob"),
        ("fd00:0:0::0002", "5000", "bob"),
        ("::ffff:10.0.0.1", "5000", "alice"),
        ("[fd00::2]", "5000", "bob"),
        ("10.0.0.1", "40001", "carol"),
        ("10.0.0.1", "40002", ""),
        ("10.0.0.2", "5000", ""),
        ("nonsense", "5000", ""),
        ("", "", ""),
    ],
)
def test_the_peer_at_an_address(peers: PeerGroup, address: str, port: str, name: str) -> None:
    assert peers.peer_of("alice", {"address": address, "port": port}) == name


@pytest.mark.parametrize(
    ("at", "port", "name"),
    [
        ("alice", "5001", "carol"),
        ("alice", "5000", "bob"),
        ("carol", "5000", ""),
        ("alice", "40001", "carol"),
        ("bob", "40001", "carol"),
        ("carol", "40001", ""),
        ("alice", "40002", ""),
        ("alice", "", ""),
    ],
)
def test_the_peer_at_a_port_alone(peers: PeerGroup, at: str, port: str, name: str) -> None:
    seen = {"address": "10.0.0.1", "port": "40001"}  # as another notice named it
    assert peers.peer_of("bob", seen) == "carol"
    assert peers.peer_of(at, {"port": port}) == name
    peers.note_id(at, "7", "bob")
    assert peers.peer_of(at, {"port": port, "id": "7"}) == "bob"


def test_an_ipv4_address_on_an_ipv6_socket_is_where_a_peer_listens(peers: PeerGroup) -> None:
    assert peers._resolve({"address": "::ffff:10.0.0.1", "port": "5000"}) == ("alice", "listening")


def test_a_peer_restarts_while_ids_of_others_are_noted(peers: PeerGroup) -> None:
    for number in range(2_000):
        peers.note_id("alice", str(number), "bob")
    done = threading.Event()

    def learn() -> None:
        while not done.is_set():
            peers.note_id("carol", str(len(peers._ids["carol"])), "alice")

    learner = threading.Thread(target=learn)
    learner.start()
    try:
        for _ in range(200):
            peers.note_id("bob", "1", "alice")
            peers.rejoin(peers.sessions["bob"])
            assert peers.peer_of("bob", {"id": "1"}) == ""
    finally:
        done.set()
        learner.join()
    assert peers.peer_of("alice", {"id": "7"}) == "bob"
    known = len(peers._ids["carol"])
    assert known
    assert all(peers.peer_of("carol", {"id": str(number)}) == "alice" for number in range(known))


def test_an_id_means_the_peer_that_it_meant_last(peers: PeerGroup) -> None:
    assert peers.peer_of("alice", {"id": "1"}) == ""
    peers.note_id("alice", "1", "bob")
    peers.note_id("alice", "1", "")
    assert peers.peer_of("alice", {"id": "1"}) == "bob"
    assert peers.peer_of("carol", {"id": "1"}) == "", "ids are each peer's own"
    assert peers.peer_of("alice", {"id": "1", "address": "10.0.0.1", "port": "5001"}) == "carol"
    assert peers.peer_of("alice", {"id": "1"}) == "carol"
    assert peers.peer_of("alice", {}) == ""


@pytest.mark.parametrize("near", [{"address": "10.0.0.1", "port": "5000"}, {"address": "0.0.0.0"}])
def test_a_row_that_shows_the_near_end_leads_where_its_id_was_said_to(
    peers: PeerGroup, near: dict[str, str]
) -> None:
    peers.note_id("alice", "1", "bob")
    peers.note_id("alice", "2", "bob")
    alice: Any = peers.sessions["alice"]
    carol = {"id": "2", "address": "10.0.0.1", "port": "5001"}
    listed = [{"id": "1", **near}, carol, {"id": "3", **near}]
    alice.ask = lambda *_: SimpleNamespace(rows=listed)
    _, rows = peers.rows("alice")
    own = "alice" if "port" in near else ""
    assert [row["peer"] for row in rows] == [own, "carol", own], "as it is shown"
    assert [peers.behind("alice", row) for row in rows] == ["bob", "carol", own]
    assert [peers.id_of("alice", name, rows) for name in ("bob", "carol", "dave")] == [
        "1", "2", None,
    ]  # fmt: skip
    assert peers.peer_of("alice", {"id": "1"}) == "bob"


def test_an_address_that_peers_share_says_only_who_it_may_be(peers: PeerGroup) -> None:
    shared = {"address": "10.0.0.1"}
    assert [name for name in peers.sessions if peers.may_be_about("bob", shared, name)] == [
        "alice", "carol",
    ]  # fmt: skip
    peers.note_id("bob", "4", "carol")
    assert peers.peer_of("bob", {**shared, "id": "4"}) == "carol", "the id decides"
    assert not peers.may_be_about("bob", {**shared, "id": "4"}, "alice")
    assert not peers.may_be_about("bob", {**shared, "port": "5001"}, "alice")
    assert not peers.may_be_about("carol", {"address": "10.9.9.9"}, "alice")
    assert not peers.may_be_about("carol", {}, "alice"), "it names no one"


@pytest.mark.parametrize(
    ("kind", "fields", "recorded"),
    [
        ("message", {"id": "1", "text": "hi", "name": "bobby"},
         {"of": "bob", "id": "1", "text": "hi", "called": "bobby"}),
        ("message", {"id": "1", "text": "", "name": ""}, {"of": "bob", "id": "1", "text": ""}),
        ("delivered", {"id": "1", "number": "7", "last": ""},
         {"of": "bob", "id": "1", "number": 7, "count": 1}),
        ("delivered", {"id": "1", "number": "7", "last": "9"},
         {"of": "bob", "id": "1", "number": 7, "count": 3}),
        ("delivered", {"id": "1", "number": "7²"}, {"of": "bob", "id": "1"}),
        ("delivered", {"id": "1", "number": "7", "last": "x"}, {"of": "bob", "id": "1"}),
        ("delivered", {"id": "9"}, {"of": "", "id": "9"}),
        ("other", {}, {"of": ""}),
    ],
)  # fmt: skip
def test_what_is_recorded_of_a_notice(
    peers: PeerGroup, kind: str, fields: dict[str, str], recorded: dict[str, object]
) -> None:
    peers.note_id("alice", "1", "bob")
    at = time.monotonic() - 2
    peers.record_notice("alice", Notice(kind, fields, "the line", at))
    (entry,) = peers.history.entries
    assert (entry.type, entry.peer, entry.verb) == ("notice", "alice", kind)
    assert entry.fields == {"said": "the line", **recorded}
    assert entry.at == pytest.approx(at - peers.history.started)


def test_a_crash_is_the_labs_own_line(peers: PeerGroup) -> None:
    peers.record_notice("bob", Notice(CRASH, {}, "Traceback", time.monotonic()))
    (entry,) = peers.history.entries
    assert (entry.type, entry.peer, entry.verb) == ("lab", "bob", "crash")
    assert entry.fields == {"said": "Traceback"}


def test_silences_are_counted_in_a_row(peers: PeerGroup) -> None:
    alice: Any = peers.sessions["alice"]
    alice.ask = lambda verb, **_: verb
    assert peers.is_responsive("alice")
    assert [peers.count_silence("alice"), peers.count_silence("alice")] == [1, 2]
    assert not peers.is_responsive("alice")
    assert peers.is_responsive("bob")
    reply: object = peers.ask("alice", "list")
    assert reply == "list"
    assert peers.is_responsive("alice")
    assert peers.count_silence("alice") == 1
    peers.ended.add("bob")
    assert not peers.is_responsive("bob")


def test_a_peer_among_two_hundred_is_found_fast(peers: PeerGroup) -> None:
    peers.sessions = {f"p{n}": peer(f"p{n}", f"10.0.1.{n}") for n in range(200)}
    began = time.process_time()
    for _ in range(500):
        assert peers.peer_of("p0", {"address": "10.0.1.199", "port": "5000"}) == "p199"
    assert time.process_time() - began < 1.0


def test_a_peer_of_several_networks_is_found_at_each_address(peers: PeerGroup) -> None:
    peers.sessions["dave"] = peer("dave", "10.1.0.9", 5000, "10.2.0.9")
    for address in ("10.1.0.9", "10.2.0.9"):
        assert peers.peer_of("alice", {"address": address, "port": "5000"}) == "dave"


@pytest.fixture(scope="module")
def pair() -> Iterator[LivePeers]:
    """Two peers, for as long as one of them lives."""
    with LivePeers("process") as place:
        place.start(["alice", "bob"])
        yield place


def test_rows_name_the_peer_behind_them(pair: LivePeers) -> None:
    peers = PeerGroup(History())
    peers.sessions = pair.sessions
    with pair.linked("alice", "bob") as number:
        reply, rows = peers.rows("alice")
        assert reply.ok
        bob = pair.sessions["bob"].peer
        shown = {"id": number, "address": bob.address, "port": "5000"}
        assert rows == [{**shown, "peer": "bob", "at": "listening"}]
        assert peers.peer_of("alice", {"id": number}) == "bob"


def test_a_peer_that_ended_is_not_asked_again(pair: LivePeers) -> None:
    peers = PeerGroup(History())
    peers.sessions = pair.sessions
    peers.catch_up()
    assert peers.ended == set()
    pair.sessions["bob"].peer.kill()
    pair.sessions["bob"].await_end(5.0)
    peers.catch_up()
    peers.catch_up()
    assert peers.ended == {"bob"}
    with pytest.raises(PeerGoneError, match=r"^bob is gone: exited with status 137"):
        peers.ask("bob", "list")


def test_unread_lines_are_recorded_up_to_a_limit(
    peers: PeerGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.runner.peers._MAX_UNREAD_LINES", 2)
    for number in range(4):
        peers.record_notice("alice", Notice(UNREAD, {"answer": "list"}, f"row {number}", 1.0))
    peers.record_notice("bob", Notice(UNREAD, {}, "x" * 9_000, 1.0))
    *rows, last = peers.history.entries
    assert [(e.type, e.verb, e.peer, e.fields) for e in rows] == [
        ("lab", "unread", "alice", {"said": "row 0", "answer": "list"}),
        ("lab", "unread", "alice", {"said": "row 1", "answer": "list"}),
    ]
    assert (last.peer, len(last.fields["said"])) == ("bob", 5_001)


def test_a_notice_of_a_program_with_its_own_vocabulary_has_results(peers: PeerGroup) -> None:
    program: Any = peers.sessions["alice"].profile
    program.vocabulary = None
    peers.record_notice("alice", Notice("elected", {"term": "3"}, "the line", time.monotonic()))
    (entry,) = peers.history.entries
    assert entry.fields == {"said": "the line", "results": {"term": "3"}}
