"""Stages: who is meant by an id or an address, and what consoles say about whom."""

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
from tests.orchestrator.support import Place


def peer(name: str, address: str, port: int = 5000) -> Any:
    def has(other: str, end: str) -> bool:
        return (other, end) == (address, f"4000{port % 10}")

    return SimpleNamespace(
        peer=SimpleNamespace(name=name, address=address, port=port, has=has),
        profile=SimpleNamespace(first_id=1),
    )


@pytest.fixture
def stage() -> PeerGroup:
    """A stage with nobody behind the consoles."""
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
def test_who_is_at_an_address(stage: PeerGroup, address: str, port: str, name: str) -> None:
    assert stage.who("alice", {"address": address, "port": port}) == name


def test_an_ipv4_address_on_an_ipv6_socket_is_where_a_peer_listens(stage: PeerGroup) -> None:
    assert stage._place({"address": "::ffff:10.0.0.1", "port": "5000"}) == ("alice", "listening")


def test_a_peer_comes_back_while_others_learn_ids(stage: PeerGroup) -> None:
    for number in range(2_000):
        stage.learn("alice", str(number), "bob")
    done = threading.Event()

    def learn() -> None:
        while not done.is_set():
            stage.learn("carol", str(len(stage._ids["carol"])), "alice")

    learner = threading.Thread(target=learn)
    learner.start()
    try:
        for _ in range(200):
            stage.learn("bob", "1", "alice")
            stage.enter(stage.sessions["bob"])
            assert stage.who("bob", {"id": "1"}) == ""
    finally:
        done.set()
        learner.join()
    assert stage.who("alice", {"id": "7"}) == "bob"
    known = len(stage._ids["carol"])
    assert known
    assert all(stage.who("carol", {"id": str(number)}) == "alice" for number in range(known))


def test_an_id_leads_to_whom_it_led_last(stage: PeerGroup) -> None:
    assert stage.who("alice", {"id": "1"}) == ""
    stage.learn("alice", "1", "bob")
    stage.learn("alice", "1", "")
    assert stage.who("alice", {"id": "1"}) == "bob"
    assert stage.who("carol", {"id": "1"}) == "", "ids are each peer's own"
    assert stage.who("alice", {"id": "1", "address": "10.0.0.1", "port": "5001"}) == "carol"
    assert stage.who("alice", {"id": "1"}) == "carol"
    assert stage.who("alice", {}) == ""


@pytest.mark.parametrize(
    ("kind", "fields", "told"),
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
    stage: PeerGroup, kind: str, fields: dict[str, str], told: dict[str, object]
) -> None:
    stage.learn("alice", "1", "bob")
    at = time.monotonic() - 2
    stage.heard("alice", Notice(kind, fields, "the line", at))
    (entry,) = stage.history.entries
    assert (entry.type, entry.peer, entry.verb) == ("notice", "alice", kind)
    assert entry.fields == {"said": "the line", **told}
    assert entry.at == pytest.approx(at - stage.history.started)


def test_a_crash_is_the_labs_own_line(stage: PeerGroup) -> None:
    stage.heard("bob", Notice(CRASH, {}, "Traceback", time.monotonic()))
    (entry,) = stage.history.entries
    assert (entry.type, entry.peer, entry.verb) == ("lab", "bob", "crash")
    assert entry.fields == {"said": "Traceback"}


def test_silences_are_counted_in_a_row(stage: PeerGroup) -> None:
    alice: Any = stage.sessions["alice"]
    alice.ask = lambda verb, **_: verb
    assert stage.answers("alice")
    assert [stage.unanswered("alice"), stage.unanswered("alice")] == [1, 2]
    assert not stage.answers("alice")
    assert stage.answers("bob")
    reply: object = stage.ask("alice", "list")
    assert reply == "list"
    assert stage.answers("alice")
    assert stage.unanswered("alice") == 1
    stage.gone.add("bob")
    assert not stage.answers("bob")


def test_two_hundred_peers_are_told_apart_fast(stage: PeerGroup) -> None:
    stage.sessions = {f"p{n}": peer(f"p{n}", f"10.0.1.{n}") for n in range(200)}
    began = time.process_time()
    for _ in range(500):
        assert stage.who("p0", {"address": "10.0.1.199", "port": "5000"}) == "p199"
    assert time.process_time() - began < 1.0


@pytest.fixture(scope="module")
def pair() -> Iterator[Place]:
    """Two peers, for as long as one of them lives."""
    with Place("process") as place:
        place.start(["alice", "bob"])
        yield place


def test_rows_say_whom_they_lead_to(pair: Place) -> None:
    stage = PeerGroup(History())
    stage.sessions = pair.sessions
    with pair.linked("alice", "bob") as number:
        reply, rows = stage.rows("alice")
        assert reply.ok
        bob = pair.sessions["bob"].peer
        told = {"id": number, "address": bob.address, "port": "5000"}
        assert rows == [{**told, "peer": "bob", "at": "listening"}]
        assert stage.who("alice", {"id": number}) == "bob"


def test_who_ended_is_gone_and_is_not_asked_again(pair: Place) -> None:
    stage = PeerGroup(History())
    stage.sessions = pair.sessions
    stage.catch_up()
    assert stage.gone == set()
    pair.sessions["bob"].peer.kill()
    pair.sessions["bob"].await_end(5.0)
    stage.catch_up()
    stage.catch_up()
    assert stage.gone == {"bob"}
    with pytest.raises(PeerGoneError, match=r"^bob: is gone: exited with status 137"):
        stage.ask("bob", "list")


def test_lines_that_nobody_reads_are_recorded_but_not_without_end(
    stage: PeerGroup, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrator.runner.peers._MOST_UNREAD", 2)
    for number in range(4):
        stage.heard("alice", Notice(UNREAD, {"answer": "list"}, f"row {number}", 1.0))
    stage.heard("bob", Notice(UNREAD, {}, "x" * 9_000, 1.0))
    *rows, last = stage.history.entries
    assert [(e.type, e.verb, e.peer, e.fields) for e in rows] == [
        ("lab", "unread", "alice", {"said": "row 0", "answer": "list"}),
        ("lab", "unread", "alice", {"said": "row 1", "answer": "list"}),
    ]
    assert (last.peer, len(last.fields["said"])) == ("bob", 5_001)
