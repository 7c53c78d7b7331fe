"""Links between containers are shaped as asked, and the probes measure that."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

import pytest

from orchestrator.engines.docker import network as docker_network
from orchestrator.engines.docker import sidecar as docker_sidecar
from orchestrator.engines.docker.network import DockerNetwork
from orchestrator.engines.sidecar import rules
from orchestrator.errors import EngineError
from orchestrator.faults.effect import FEATURES, Effect, Link
from orchestrator.faults.probe import Probe
from tests.orchestrator.engines.network.places import (
    AB,
    AC,
    BA,
    CA,
    COUNT,
    CUT,
    PACKETS,
    STREAM,
    arrived,
    kill_sidecar,
    lapses,
    network_of,
    sidecars_of,
)
from tests.orchestrator.support import LivePeers, until

pytestmark = [pytest.mark.docker, pytest.mark.timeout(150)]


def test_cut_one_way_then_both_then_none(network: DockerNetwork) -> None:
    assert arrived(network, AB, BA, AC) == [COUNT, COUNT, COUNT]
    network.shape({AB: CUT})
    assert arrived(network, AB, BA, AC, CA) == [0, COUNT, COUNT, COUNT]
    network.shape({AB: CUT, BA: CUT})
    assert arrived(network, AB, BA, AC, CA) == [0, 0, COUNT, COUNT]
    network.shape({BA: CUT})
    assert arrived(network, AB, BA) == [COUNT, 0]
    network.shape({})
    assert arrived(network, AB, BA, AC) == [COUNT, COUNT, COUNT]
    assert network.lapses() == []


def test_a_stream_over_a_cut_link_gets_no_answer(network: DockerNetwork) -> None:
    network.shape({BA: CUT})
    found = network.measure({AB: Probe("stream", 2, patience=0.5), AC: STREAM})
    assert (found[AB].arrived, found[AB].error) == (0, "no answer")
    assert (found[AC].arrived, found[AC].error) == (4 * 16, "")


def test_packets_are_lost_and_limited_on_their_links(network: DockerNetwork) -> None:
    network.shape({AB: Effect(loss=0.5), BA: Effect(loss=1.0), CA: Effect(bandwidth=100_000)})
    probe = Probe("packets", 400, interval=0.0005)
    half, none, every = arrived(network, AB, BA, AC, probe=probe)
    assert 100 < half < 300
    assert (none, every) == (0, 400)
    found = network.measure(dict.fromkeys([CA, AC], Probe("burst", 100, size=1000, patience=2.0)))
    assert 60_000 < (found[CA].rate or 0) < 140_000
    assert (found[AC].rate or 0) > 300_000


def test_streams_are_delayed_cut_into_pieces_and_reset(network: DockerNetwork) -> None:
    network.shape({AB: Effect(delay=0.15), AC: Effect(pieces=1), CA: Effect(reset=20)})
    found = network.measure(dict.fromkeys([AB, BA, AC, CA], STREAM))
    assert 0.15 <= (found[AB].delay or 0) < 1.0
    assert 0 < (found[BA].delay or 1.0) < 0.15
    assert found[BA].arrived == found[AC].arrived == 64
    assert found[BA].reads <= 5
    assert found[CA].error == "reset"
    # A reader that is late, on a busy machine, reads some pieces together.
    until(lambda: network.measure({AC: STREAM})[AC].reads > 32, "pieces that are read one by one")


def test_a_rule_for_an_unused_address_cuts_nothing(
    network: DockerNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = rules.for_peers

    def wrong(
        effects: dict[Link, Effect], peers: dict[str, rules.Networks], mechanisms: dict[str, str]
    ) -> dict[str, rules.Rules]:
        nowhere = dict.fromkeys(peers["alice"], "192.0.2.1")
        return right(effects, peers | {"alice": nowhere}, mechanisms)

    monkeypatch.setattr(rules, "for_peers", wrong)
    network.shape({AB: CUT, ("bob", "carol"): CUT})
    assert arrived(network, AB, ("bob", "carol")) == [COUNT, 0]


def test_effects_on_other_links_change_nothing(network: DockerNetwork) -> None:
    network.shape({AC: CUT, BA: Effect(loss=1.0)})
    assert arrived(network, AB) == [COUNT]


def test_probes_notice_rules_that_are_gone(shared: LivePeers, network: DockerNetwork) -> None:
    network.shape({AB: CUT})
    assert arrived(network, AB) == [0]
    for attachment in network._by_name.values():
        if attachment.sidecar:
            attachment.sidecar.ask("set", rules=rules.nothing())
    assert arrived(network, AB) == [COUNT]


def test_links_are_clear_once_the_network_is_closed(spare: LivePeers, cold: DockerNetwork) -> None:
    cold.shape({AB: Effect(cut=True, bandwidth=1000, pieces=1), BA: Effect(bandwidth=1000)})
    cold.close()
    cold.close()
    assert sidecars_of(spare) == []
    other = network_of(spare)
    assert arrived(other, AB, BA) == [COUNT, COUNT]
    burst = Probe("burst", 50, size=1000)
    assert (other.measure({BA: burst})[BA].rate or 0) > 100_000
    other.close()


def test_peers_are_dialled_at_their_own_address(network: DockerNetwork, shared: LivePeers) -> None:
    bob = shared.sessions["bob"].peer
    network.shape({AB: Effect(pieces=1)})
    assert network.dialled("alice", "bob") == (bob.address, bob.port)


def test_unknown_peers_are_refused(network: DockerNetwork) -> None:
    with pytest.raises(EngineError, match=r"^mallory is not a peer of this network$"):
        network.shape({("alice", "mallory"): CUT})
    with pytest.raises(EngineError, match=r"^mallory is not a peer of this network$"):
        network.measure({("mallory", "alice"): PACKETS})


def test_unsupported_effects_are_refused(
    network: DockerNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    able = docker_sidecar.NetworkCapabilities({"cut": "nftables"}, {"loss": "no numgen"}, {})
    monkeypatch.setattr(docker_network, "capabilities", lambda _: able)
    with pytest.raises(EngineError, match=r"^loss cannot be done here: no numgen$"):
        network.shape({AB: Effect(loss=0.1)})


def test_capabilities_are_asked_once(shared: LivePeers, network: DockerNetwork) -> None:
    assert {*network.mechanisms(), *network.unsupported()} >= set(FEATURES)
    assert {*network.notes()} <= {*network.mechanisms()}
    assert docker_sidecar.capabilities(shared.client) is docker_sidecar.capabilities(shared.client)


def test_a_closed_network_is_of_no_use(cold: DockerNetwork) -> None:
    cold.close()
    for use in (lambda: cold.shape({AB: CUT}), lambda: cold.measure({AB: PACKETS}), cold.refresh):
        with pytest.raises(EngineError, match=r"^this network was closed$"):
            use()


def test_networks_are_closed_with_their_engine(own: LivePeers) -> None:
    own.start(["alice", "bob"])
    first, second = network_of(own), network_of(own)
    first.shape({AB: CUT})
    second.close()
    assert not network_of(own).is_closed
    own.close()
    assert first.is_closed
    assert own.left() == []


def test_a_clear_network_has_no_sidecar(spare: LivePeers, cold: DockerNetwork) -> None:
    cold.shape({})
    cold.refresh()
    assert cold.lapses() == []
    assert sidecars_of(spare) == []


def test_a_sidecar_has_one_capability_and_limits(spare: LivePeers, cold: DockerNetwork) -> None:
    cold.shape({AB: CUT})
    (only,) = sidecars_of(spare)
    found = spare.client.api.inspect_container(only)
    host = found["HostConfig"]
    assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], ["NET_ADMIN"])
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["ReadonlyRootfs"]
    assert host["Memory"]
    assert host["PidsLimit"]
    assert host["AutoRemove"]
    assert found["Config"]["StdinOnce"]
    assert not host["Privileged"]


def shown(*words: str) -> str:
    """Return what a program shows of this machine; nothing where there is none such."""
    if not shutil.which(words[0]):
        return ""
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


@pytest.mark.thorough  # tests/sidecar has it
def test_the_host_is_untouched(network: DockerNetwork) -> None:
    network.shape({AB: Effect(cut=True, bandwidth=5000, delay=0.1), BA: Effect(loss=0.5, pieces=1)})
    assert "peerlab" not in shown("nft", "list", "tables")
    assert " htb " not in shown("tc", "qdisc", "show")


# Sidecars that something else ends, and peers that are paused


def await_end_of_sidecar(network: DockerNetwork) -> None:
    def has_ended() -> bool:
        sidecar = network._by_name["bob"].sidecar
        assert sidecar
        return sidecar.ended

    until(has_ended, "its end")


def test_a_killed_sidecar_is_reported_and_replaced(
    shared: LivePeers, network: DockerNetwork
) -> None:
    network.shape({AB: CUT})
    assert network.lapses() == []
    kill_sidecar(shared, "bob")
    await_end_of_sidecar(network)
    assert lapses(network) == ["the sidecar of bob was ended: its faults lapse within 10 s"]
    network.shape({AB: CUT, CA: CUT})
    assert arrived(network, AB, CA, AC) == [0, 0, COUNT]
    assert network.lapses() == []


def test_measuring_replaces_a_killed_sidecar_too(shared: LivePeers, network: DockerNetwork) -> None:
    network.shape({AB: CUT})
    kill_sidecar(shared, "bob")
    await_end_of_sidecar(network)
    assert arrived(network, AB, BA) == [0, COUNT]
    assert len(network.lapses()) == 1


def test_faults_of_a_killed_sidecar_are_lifted_at_once(
    shared: LivePeers, network: DockerNetwork
) -> None:
    network.shape({AB: CUT})
    kill_sidecar(shared, "bob")
    await_end_of_sidecar(network)
    network.shape({})
    assert arrived(network, AB) == [COUNT]
    assert lapses(network) == ["the sidecar of bob was ended: its faults lapse within 10 s"]


def test_a_paused_peer(shared: LivePeers, network: DockerNetwork) -> None:
    bob: Any = shared.sessions["bob"].peer
    shared.client.api.pause(bob.container)
    try:
        network.shape({AB: CUT})
        assert arrived(network, AB, BA) == [0, COUNT]
    finally:
        shared.client.api.unpause(bob.container)
