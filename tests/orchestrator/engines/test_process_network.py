"""Streams between processes are bent for who dials after that, and nothing else can be."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from orchestrator.engines.process.network import ProcessNetwork
from orchestrator.errors import EngineError
from orchestrator.faults.effect import Effect
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe
from tests.orchestrator.support import LivePeers, processes_of, until

AB, BA, AC = ("alice", "bob"), ("bob", "alice"), ("alice", "carol")
STREAM = Probe("stream", 4, size=16, patience=3)
PIECES = Effect(pieces=1)


@pytest.fixture(scope="module")
def shared() -> Iterator[LivePeers]:
    """Three peers that tests leave running."""
    with LivePeers("process") as place:
        place.start(["alice", "bob", "carol"])
        yield place


def network_of(place: LivePeers) -> ProcessNetwork:
    network = place.engine.network([session.peer for session in place.sessions.values()])
    assert isinstance(network, ProcessNetwork)
    return network


@pytest.fixture
def network(shared: LivePeers) -> Iterator[ProcessNetwork]:
    one = network_of(shared)
    yield one
    one.close()
    assert len(processes_of(shared.run)) == 3


def test_pieces_are_seen_on_the_links_that_are_bent(network: ProcessNetwork) -> None:
    network.shape({AB: PIECES})
    found = network.measure(dict.fromkeys([AB, BA, AC], STREAM))
    assert [found[link].arrived for link in (AB, BA, AC)] == [64, 64, 64]
    assert found[AB].reads > 32
    assert found[BA].reads <= 5
    assert found[AC].reads <= 5
    network.shape({})
    assert network.measure({AB: STREAM})[AB].reads <= 5
    assert network.lapses() == []


def test_bytes_come_later(network: ProcessNetwork) -> None:
    network.shape({AB: Effect(lag=0.15)})
    found = network.measure(dict.fromkeys([AB, BA], STREAM))
    late, back = found[AB].delay, found[BA].delay
    assert late
    assert back is not None
    assert 0.15 <= late < 1.0
    assert back < 0.15


def test_a_reset(network: ProcessNetwork) -> None:
    network.shape({AB: Effect(reset=20)})
    assert network.measure({AB: STREAM})[AB].error == "reset"


def test_who_dials_is_pointed_to_the_relay_while_a_link_is_bent(
    shared: LivePeers, network: ProcessNetwork
) -> None:
    bob = shared.sessions["bob"].peer
    straight = (bob.address, bob.port)
    assert network.dialled("alice", "bob") == straight
    network.shape({AB: PIECES})
    bent = network.dialled("alice", "bob")
    assert bent[0] == "127.0.0.1"
    assert network.dialled("carol", "bob") == straight
    assert network.dialled("bob", "alice") not in (straight, bent)
    network.measure({AB: STREAM})
    assert network.dialled("alice", "bob") == bent
    network.shape({AB: Effect(hold=0.1)})
    assert network.dialled("alice", "bob") == bent
    network.shape({})
    assert network.dialled("alice", "bob") == straight


def test_a_peer_that_dials_the_relay_is_seen_under_its_own_address(
    shared: LivePeers, network: ProcessNetwork
) -> None:
    network.shape({AB: PIECES})
    address, port = network.dialled("alice", "bob")
    alice, bob = shared.sessions["alice"], shared.sessions["bob"]
    reply = alice.ask("connect", address=address, port=port)
    assert reply.ok, reply.lines
    notice = bob.await_notice("connected", lambda _: True, 15)
    assert notice.fields["address"] == alice.peer.address
    network.shape({})  # the connection stays
    assert alice.ask("send", id=reply.fields["id"], text="still there").ok
    assert shared.await_texts("bob", 1) == ["still there"]
    alice.ask("terminate", id=reply.fields["id"])


def test_a_peer_that_does_not_run(process_place: Callable[[], LivePeers]) -> None:
    place = process_place()
    place.start(["alice", "bob"])
    network = network_of(place)
    place.sessions["bob"].peer.kill()
    assert network.measure({AB: STREAM}) == {AB: Measured(0, 0, error=NOT_RUNNING)}


@pytest.mark.parametrize(
    ("effect", "feature"),
    [
        (Effect(cut=True), "cut"),
        (Effect(loss=0.1), "loss"),
        (Effect(bandwidth=1000), "bandwidth"),
        (Effect(delay=0.1, pieces=1), "delay"),
    ],
)
def test_packets_are_left_alone(network: ProcessNetwork, effect: Effect, feature: str) -> None:
    why = "processes share this machine's network, which the lab never touches"
    with pytest.raises(EngineError, match=f"^{feature} cannot be done here: {why}$"):
        network.shape({AB: effect})
    with pytest.raises(EngineError, match=f"^packets cannot be probed here: {why}$"):
        network.measure({AB: Probe("packets", 1)})
    assert network.unsupported()[feature] == why
    assert network.mechanisms() == {"stream": "relay"}
    assert {*network.notes()} == {"stream"}


def test_strangers_are_refused(network: ProcessNetwork) -> None:
    for use in (
        lambda: network.shape({("alice", "mallory"): PIECES}),
        lambda: network.measure({("mallory", "alice"): STREAM}),
        lambda: network.dialled("alice", "mallory"),
    ):
        with pytest.raises(EngineError, match=r"^mallory is no peer of this network$"):
            use()


def test_a_killed_relay_is_told_of_and_replaced(network: ProcessNetwork) -> None:
    network.shape({AB: PIECES})
    assert network._sidecar
    os.kill(network._sidecar.pid, signal.SIGKILL)
    until(lambda: network._sidecar is None or network._sidecar.ended, "its end")
    assert [*map(str, network.lapses())] == [
        "the relay was ended: connections that it relayed are lost"
    ]
    assert network.lapses() == []
    network.shape({AB: PIECES})
    assert network.measure({AB: STREAM})[AB].reads > 32
    with socket.create_connection(network.dialled("alice", "bob"), 5):
        pass


def test_measuring_replaces_a_killed_relay_too(network: ProcessNetwork) -> None:
    network.shape({AB: PIECES})
    assert network._sidecar
    os.kill(network._sidecar.pid, signal.SIGKILL)
    assert network._sidecar.await_end(5)
    assert network.measure({AB: STREAM})[AB].reads > 32
    with socket.create_connection(network.dialled("alice", "bob"), 5):
        pass
    assert len(network.lapses()) == 1


def test_many_links_are_measured_at_the_same_time(network: ProcessNetwork) -> None:
    names = ["alice", "bob", "carol"]
    links = [(a, b) for a in names for b in names if a != b]
    network.shape(dict.fromkeys(links, Effect(lag=3.0)))
    began = time.monotonic()
    found = network.measure(dict.fromkeys(links, dataclasses.replace(STREAM, patience=15)))
    assert time.monotonic() - began < 15, "one after the other they take 18"
    assert all((each.delay or 0) >= 3.0 for each in found.values())


def test_any_thread_may_use_it(network: ProcessNetwork) -> None:
    failures: list[Exception] = []

    def work(link: tuple[str, str]) -> None:
        try:
            for _ in range(5):
                network.shape({link: PIECES})
                network.measure({link: STREAM})
                network.lapses()
        except EngineError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(link,)) for link in (AB, BA, AC)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []


def test_closed_is_closed(shared: LivePeers) -> None:
    network = network_of(shared)
    network.shape({AB: PIECES})
    network.close()
    network.close()
    with pytest.raises(EngineError, match=r"^this network was closed$"):
        network.shape({AB: PIECES})


def test_the_engine_closes_its_networks() -> None:
    with LivePeers("process") as place:
        place.start(["alice", "bob"])
        first, second = network_of(place), network_of(place)
        first.shape({AB: PIECES})
        second.close()
        network_of(place)
    assert first.is_closed
    assert place.left() == []
