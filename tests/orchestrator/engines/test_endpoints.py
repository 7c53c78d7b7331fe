"""Which peer an endpoint belongs to, in words and for real peers."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from orchestrator.engines.docker import local
from orchestrator.engines.endpoints import TcpSocket, is_among, plain
from tests.orchestrator.engines.test_engines import foreign
from tests.orchestrator.support import LivePeers
from tests.repeats import ON_DOCKER


@pytest.mark.parametrize(
    ("shown", "meant"),
    [
        ("172.18.0.2", "172.18.0.2"),
        ("::ffff:172.18.0.2", "172.18.0.2"),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("0:0:0:0:0:0:0:1", "::1"),
        ("LOCALHOST", "127.0.0.1"),
        ("999.1.1.1", "999.1.1.1"),
        ("bob", "bob"),
        ("", ""),
    ],
)
def test_an_address_is_compared_by_its_meaning(shown: str, meant: str) -> None:
    assert plain(shown) == meant


def test_an_endpoint_is_found_among_sockets() -> None:
    bound = [("127.3.2.1", 5000), ("::ffff:127.0.0.1", 40_000), ("0.0.0.0", 6000)]

    def has(address: str, port: str) -> bool:
        return is_among(address, port, bound, {"192.0.2.7"})

    assert has("127.3.2.1", "5000")
    assert has("::ffff:127.3.2.1", "5000")
    assert has("127.0.0.1", " 40000")
    assert has("192.0.2.7", "6000")
    assert has("127.9.9.9", "6000")
    assert not has("127.3.2.1", "40000")
    assert not has("127.0.0.1", "5000")
    assert not has("192.0.2.8", "6000")
    assert not has("nobody", "6000")
    assert not has("127.3.2.1", "")


def test_a_peer_has_its_own_endpoints(mesh: LivePeers) -> None:
    alice, bob = (mesh.sessions[name].peer for name in ("alice", "bob"))
    for one, other in ((alice, bob), (bob, alice)):
        assert one.has(one.address, "5000")
        assert one.has(f"::ffff:{one.address}", "5000")
        assert not one.has(other.address, "5000")
        assert one.address in one.addresses
        assert other.address not in one.addresses


def test_the_ephemeral_port_of_a_dialling_peer_is_its_own(mesh: LivePeers) -> None:
    alice, bob = (mesh.sessions[name].peer for name in ("alice", "bob"))
    with mesh.linked("alice", "bob"):
        reply = mesh.sessions["bob"].ask("list")
        (row,) = reply.rows
        assert alice.has(row["address"], row["port"])
        assert not bob.has(row["address"], row["port"])


def ends(one: TcpSocket) -> tuple[object, ...]:
    return one.local, one.remote, one.state


@pytest.mark.parametrize("mesh", [ON_DOCKER], indirect=True)
def test_an_engine_on_another_machine_tells_the_same(
    mesh: LivePeers, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = mesh.sessions["alice"].peer
    with mesh.linked("alice", "bob"):
        here, used = alice.sockets(), alice.memory()
        assert here
        monkeypatch.setattr(local, "_groups", lambda *_: [])
        assert alice.sockets(quick=True) is None, "an exec is too slow for it"
        elsewhere = alice.sockets()
        assert elsewhere is not None
        assert {*map(ends, elsewhere)} == {*map(ends, here)}
        stats = alice.memory()
        assert used
        assert stats
        assert used / 2 < stats < used * 2


def test_sockets_of_children_and_of_ended_processes_count(
    process_place: Callable[[], LivePeers],
) -> None:
    place = process_place()
    dialling = foreign("sockets.py")
    command = [*(dialling.start.process or ()), "{address}", "{port}"]
    start = dialling.start.model_copy(update={"process": command})
    (session,) = place.start(["alice"], dialling.model_copy(update={"start": start}))
    shown = [line.split() for line in session.transcript.tail(10)]
    ends = [words[1:] for words in shown if words and words[0] in ("dialled", "child")]
    assert len(ends) == 2
    assert all(session.peer.has(*end) for end in ends)
    assert "127.0.0.1" in session.peer.addresses
    session.peer.kill()
    assert session.peer.has(*ends[0])  # others may still list it
    assert not session.peer.has("127.0.0.1", "1")
