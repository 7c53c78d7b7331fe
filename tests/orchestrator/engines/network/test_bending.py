"""Links between containers are bent as asked, and the probes tell the truth of it."""

from __future__ import annotations

import shutil
import subprocess

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
    network_of,
    sidecars_of,
)
from tests.orchestrator.support import LivePeers

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


def test_a_stream_gets_no_answer_over_a_link_that_is_cut(network: DockerNetwork) -> None:
    network.shape({BA: CUT})
    found = network.measure({AB: Probe("stream", 2, patience=0.5), AC: STREAM})
    assert (found[AB].arrived, found[AB].error) == (0, "no answer")
    assert (found[AC].arrived, found[AC].error) == (4 * 16, "")


def test_loss(network: DockerNetwork) -> None:
    network.shape({AB: Effect(loss=0.5), BA: Effect(loss=1.0)})
    probe = Probe("packets", 400, interval=0.0005)
    half, none, every = arrived(network, AB, BA, AC, probe=probe)
    assert 100 < half < 300
    assert (none, every) == (0, 400)


def test_bandwidth(network: DockerNetwork) -> None:
    network.shape({AB: Effect(bandwidth=100_000)})
    probe = Probe("burst", 100, size=1000, patience=2.0)
    found = network.measure({AB: probe, AC: probe})
    slow, fast = found[AB].rate, found[AC].rate
    assert slow
    assert fast
    assert 60_000 < slow < 140_000
    assert fast > 300_000


def test_a_stream_is_delayed_each_way_by_itself(network: DockerNetwork) -> None:
    network.shape({AB: Effect(delay=0.15)})
    found = network.measure(dict.fromkeys([AB, BA, AC], STREAM))
    late, back, other = (found[link].delay for link in (AB, BA, AC))
    assert late
    assert back is not None
    assert other is not None
    assert 0.15 <= late < 1.0
    assert back < 0.15
    assert other < 0.15


def test_a_stream_in_pieces(network: DockerNetwork) -> None:
    network.shape({AB: Effect(pieces=1)})
    found = network.measure(dict.fromkeys([AB, AC], STREAM))
    assert found[AB].arrived == found[AC].arrived == 64
    assert found[AB].reads > 32
    assert found[AC].reads <= 5


def test_a_stream_is_reset(network: DockerNetwork) -> None:
    network.shape({AB: Effect(reset=20)})
    assert network.measure({AB: STREAM})[AB].error == "reset"


def test_wrong_on_purpose_an_address_that_is_nobodys(
    network: DockerNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = rules.for_peers

    def wrong(
        effects: dict[Link, Effect], addresses: dict[str, str], means: dict[str, str]
    ) -> dict[str, rules.Rules]:
        return right(effects, addresses | {"alice": "192.0.2.1"}, means)

    monkeypatch.setattr(rules, "for_peers", wrong)
    network.shape({AB: CUT, ("bob", "carol"): CUT})
    assert arrived(network, AB, ("bob", "carol")) == [COUNT, 0]


def test_wrong_on_purpose_an_effect_on_another_link(network: DockerNetwork) -> None:
    network.shape({AC: CUT, BA: Effect(loss=1.0)})
    assert arrived(network, AB) == [COUNT]


def test_the_truth_when_rules_are_taken_away_behind_our_back(
    shared: LivePeers, network: DockerNetwork
) -> None:
    network.shape({AB: CUT})
    assert arrived(network, AB) == [0]
    for each in network._by_name.values():
        if each.sidecar:
            each.sidecar.ask("set", rules=rules.nothing())
    assert arrived(network, AB) == [COUNT]


def test_what_is_bent_is_straight_once_closed(spare: LivePeers, cold: DockerNetwork) -> None:
    cold.shape({AB: Effect(cut=True, bandwidth=1000, pieces=1), BA: Effect(bandwidth=1000)})
    cold.close()
    cold.close()
    assert sidecars_of(spare) == []
    other = network_of(spare)
    assert arrived(other, AB, BA) == [COUNT, COUNT]
    burst = Probe("burst", 50, size=1000)
    assert (other.measure({BA: burst})[BA].rate or 0) > 100_000
    other.close()


def test_peers_are_dialled_where_they_are(network: DockerNetwork, shared: LivePeers) -> None:
    bob = shared.sessions["bob"].peer
    network.shape({AB: Effect(pieces=1)})
    assert network.dialled("alice", "bob") == (bob.address, bob.port)


def test_strangers_are_refused(network: DockerNetwork) -> None:
    with pytest.raises(EngineError, match=r"^mallory is no peer of this network$"):
        network.shape({("alice", "mallory"): CUT})
    with pytest.raises(EngineError, match=r"^mallory is no peer of this network$"):
        network.measure({("mallory", "alice"): PACKETS})


def test_what_cannot_be_done_is_refused(
    network: DockerNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    able = docker_sidecar.Capabilities({"cut": "nftables"}, {"loss": "no numgen"}, {})
    monkeypatch.setattr(docker_network, "capabilities", lambda _: able)
    with pytest.raises(EngineError, match=r"^loss cannot be done here: no numgen$"):
        network.shape({AB: Effect(loss=0.1)})


def test_capabilities_are_asked_once(shared: LivePeers, network: DockerNetwork) -> None:
    assert {*network.mechanisms(), *network.unsupported()} >= set(FEATURES)
    assert {*network.notes()} <= {*network.mechanisms()}
    assert docker_sidecar.capabilities(shared.client) is docker_sidecar.capabilities(shared.client)


def test_closed_is_closed(cold: DockerNetwork) -> None:
    cold.close()
    for use in (lambda: cold.shape({AB: CUT}), lambda: cold.measure({AB: PACKETS}), cold.refresh):
        with pytest.raises(EngineError, match=r"^this network was closed$"):
            use()


def test_each_network_of_an_engine_is_closed_with_it(own: LivePeers) -> None:
    own.start(["alice", "bob"])
    first, second = network_of(own), network_of(own)
    first.shape({AB: CUT})
    second.close()
    assert not network_of(own).is_closed
    own.close()
    assert first.is_closed
    assert own.left() == []


def test_a_straight_network_costs_nothing(spare: LivePeers, cold: DockerNetwork) -> None:
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


def test_the_host_is_untouched(network: DockerNetwork) -> None:
    network.shape({AB: Effect(cut=True, bandwidth=5000, delay=0.1), BA: Effect(loss=0.5, pieces=1)})
    assert "peerlab" not in shown("nft", "list", "tables")
    assert " htb " not in shown("tc", "qdisc", "show")
