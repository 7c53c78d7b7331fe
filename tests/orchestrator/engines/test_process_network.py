"""Streams between processes can be shaped for new connections, and nothing else can."""

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
from tests.orchestrator.support import LivePeers, until

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
    assert len(shared.left()) == 3


def test_pieces_arrive_on_shaped_links_alone(network: ProcessNetwork) -> None:
    network.shape({AB: PIECES})
    found = network.measure(dict.fromkeys([AB, BA, AC], STREAM))
    assert [found[link].arrived for link in (AB, BA, AC)] == [64, 64, 64]
    assert found[AB].reads > 32
    assert found[BA].reads <= 5
    assert found[AC].reads <= 5
    network.shape({})
    assert network.measure({AB: STREAM})[AB].reads <= 5
    assert network.lapses() == []


def test_a_lag_delays_one_direction(network: ProcessNetwork) -> None:
    network.shape({AB: Effect(lag=0.15)})
    found = network.measure(dict.fromkeys([AB, BA], STREAM))
    late, back = found[AB].delay, found[BA].delay
    assert late
    assert back is not None
    assert 0.15 <= late < 1.0
    assert back < 0.15


def test_a_reset_breaks_the_connection(network: ProcessNetwork) -> None:
    network.shape({AB: Effect(reset=20)})
    assert network.measure({AB: STREAM})[AB].error == "reset"


def test_shaped_links_are_dialled_through_the_relay(
    shared: LivePeers, network: ProcessNetwork
) -> None:
    bob = shared.sessions["bob"].peer
    own = (bob.address, bob.port)
    assert network.dialled("alice", "bob") == own
    network.shape({AB: PIECES})
    relay = network.dialled("alice", "bob")
    assert relay[0] == "127.0.0.1"
    assert network.dialled("carol", "bob") == own
    assert network.dialled("bob", "alice") not in (own, relay)
    network.measure({AB: STREAM})
    assert network.dialled("alice", "bob") == relay
    network.shape({AB: Effect(hold=0.1)})
    assert network.dialled("alice", "bob") == relay
    network.shape({})
    assert network.dialled("alice", "bob") == own


def test_the_relay_dials_from_the_address_of_the_peer(
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


def test_a_link_to_an_ended_peer_is_not_running(process_place: Callable[[], LivePeers]) -> None:
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
def test_packet_faults_are_refused(network: ProcessNetwork, effect: Effect, feature: str) -> None:
    why = "processes share this machine's network, which the lab never touches"
    with pytest.raises(EngineError, match=f"^{feature} cannot be done here: {why}$"):
        network.shape({AB: effect})
    with pytest.raises(EngineError, match=f"^packets cannot be probed here: {why}$"):
        network.measure({AB: Probe("packets", 1)})
    assert network.unsupported()[feature] == why
    assert network.mechanisms() == {"stream": "relay"}
    assert {*network.notes()} == {"stream"}


def test_unknown_peers_are_refused(network: ProcessNetwork) -> None:
    for use in (
        lambda: network.shape({("alice", "mallory"): PIECES}),
        lambda: network.measure({("mallory", "alice"): STREAM}),
        lambda: network.dialled("alice", "mallory"),
    ):
        with pytest.raises(EngineError, match=r"^mallory is no peer of this network$"):
            use()


def test_a_killed_relay_is_reported_and_replaced(network: ProcessNetwork) -> None:
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
    network.shape(dict.fromkeys(links, Effect(lag=1.5)))
    began = time.monotonic()
    found = network.measure(dict.fromkeys(links, dataclasses.replace(STREAM, patience=15)))
    assert time.monotonic() - began < 8.5, "one after the other they take 9"
    assert all((measured.delay or 0) >= 1.5 for measured in found.values())


def test_threads_may_share_a_network(network: ProcessNetwork) -> None:
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
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_closed_network_refuses_to_shape(shared: LivePeers) -> None:
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
