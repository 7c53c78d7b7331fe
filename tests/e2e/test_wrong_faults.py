"""A fault that is applied wrongly on purpose is not proven, and a run with one is `unknown`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engines.network import Network
from orchestrator.engines.sidecar import rules
from orchestrator.errors import EngineError
from orchestrator.faults.effect import CLEAR, Effect, Fault, Link
from orchestrator.runner import verify
from orchestrator.runner.verify import FaultVerifier
from orchestrator.scenario import FaultStep, network_fault
from tests.orchestrator.harness import Harness, judged, outcomes
from tests.orchestrator.support import LivePeers

pytestmark = pytest.mark.timeout(150)  # on a busy machine

NAMES = ["alice", "bob"]
BETWEEN = {"between": NAMES}
ONE_WAY = {"from": "alice", "to": "bob"}
NOWHERE = "192.0.2.1"
LOOPBACK = "127.0.0.2"

Real = Callable[..., dict[str, rules.Rules]]


def fault(verb: str, keys: dict[str, Any]) -> Fault:
    """Return the fault of a step."""
    step = FaultStep.model_validate({verb: keys})
    return network_fault(verb, step.act, verb, NAMES)


FAULTS = {
    "cut": (fault("partition", {"groups": [["alice"], ["bob"]]}), "20 of 20 packets passed"),
    "loss": (fault("impair", {**BETWEEN, "loss": "50%"}), "0 of "),
    "bandwidth": (fault("impair", {**ONE_WAY, "bandwidth": "64 kB/s"}), "64 kB/s"),
    "delay": (fault("impair", {**ONE_WAY, "delay": 0.1}), "100 ms wanted"),
    "pieces": (fault("stream", {**BETWEEN, "pieces": 1}), "reads"),
}


@pytest.fixture(scope="module")
def network() -> Iterator[Network]:
    """The network between two peers in containers."""
    with LivePeers("docker") as live:
        live.start(NAMES)
        yield live.engine.network([session.peer for session in live.sessions.values()])


@pytest.fixture
def hasty(network: Network) -> Iterator[FaultVerifier]:
    """A verifier that measures once, for faults that are wrong."""
    yield FaultVerifier(network, patience=0, tries=1)
    network.shape({})


def verify_right(network: Network, given: Fault) -> None:
    verifier = FaultVerifier(network)
    assert verifier.apply(given).doubts == []
    assert verifier.lift(given.name).doubts == []


def at_address(address: str) -> Callable[..., dict[str, rules.Rules]]:
    """Return what gives sidecars the rules for another address."""
    real: Real = rules.for_peers

    def elsewhere(
        effects: Mapping[Link, Effect],
        peers: Mapping[str, rules.Networks],
        mechanisms: Mapping[str, str],
    ) -> dict[str, rules.Rules]:
        return real(effects, {name: {"lan": address} for name in peers}, mechanisms)

    return elsewhere


def changed(change: Callable[[Effect], Effect]) -> Callable[..., dict[str, rules.Rules]]:
    """Return what gives sidecars the rules for other effects."""
    real: Real = rules.for_peers

    def other(effects: Mapping[Link, Effect], *more: Any) -> dict[str, rules.Rules]:
        return real({link: change(effect) for link, effect in effects.items()}, *more)

    return other


@pytest.mark.docker
@pytest.mark.parametrize(
    "kind",
    [
        *(kind for kind in FAULTS if kind != "pieces"),
        pytest.param("pieces", marks=pytest.mark.thorough),
    ],
)
def test_a_fault_at_the_wrong_address_is_not_proven(
    network: Network, hasty: FaultVerifier, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    given, measured = FAULTS[kind]
    verify_right(network, given)
    monkeypatch.setattr(rules, "for_peers", at_address(NOWHERE))
    doubts = hasty.apply(given).doubts
    assert doubts
    assert all(measured in doubt for doubt in doubts), doubts


@pytest.mark.docker
def test_a_limit_on_the_wrong_interface_is_refused(
    hasty: FaultVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "for_peers", at_address(LOOPBACK))
    with pytest.raises(EngineError, match="loopback is never touched"):
        hasty.apply(FAULTS["bandwidth"][0])


@pytest.mark.docker
def test_a_fault_that_is_several_times_as_bad_is_not_proven(
    hasty: FaultVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    def worse(effect: Effect) -> Effect:
        narrow = effect.bandwidth and effect.bandwidth // 30
        return replace(effect, loss=4 * effect.loss, bandwidth=narrow)

    monkeypatch.setattr(rules, "for_peers", changed(worse))
    (doubt,) = hasty.apply(fault("impair", {**ONE_WAY, "loss": "5%"})).doubts
    assert "packets lost, 5% wanted" in doubt
    narrow = fault("impair", {"from": "bob", "to": "alice", "bandwidth": "256 kB/s", "as": "b"})
    (doubt,) = hasty.apply(narrow).doubts
    assert "256 kB/s wanted" in doubt


@pytest.mark.docker
@pytest.mark.thorough
def test_a_delay_that_does_not_vary_does_not_prove_its_jitter(
    network: Network, hasty: FaultVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = fault(
        "impair", {**ONE_WAY, "delay": 0.5, "jitter": 0.5}
    )  # more than a busy machine varies
    verify_right(network, late)
    monkeypatch.setattr(rules, "for_peers", changed(lambda effect: replace(effect, jitter=0.0)))
    doubts = [*hasty.apply(late).doubts, *hasty.check(late.name).doubts]
    assert any("a jitter of 500 ms wanted" in doubt for doubt in doubts), doubts


@pytest.mark.docker
def test_a_fault_is_not_proven_by_the_cut_that_hides_it(
    network: Network, hasty: FaultVerifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = FAULTS["cut"][0]
    bad = fault("impair", {**BETWEEN, "loss": "40%"})
    patient = FaultVerifier(network)
    found = [patient.apply(cut), patient.apply(bad), patient.lift(cut.name), patient.lift(bad.name)]
    assert [verified.doubts for verified in found if not verified.is_hidden] == [[], [], []]
    monkeypatch.setattr(rules, "for_peers", changed(lambda effect: Effect(cut=effect.cut)))
    hasty.apply(cut)
    assert hasty.apply(bad).is_hidden
    hasty.lift(cut.name)
    doubts = hasty.lift(bad.name).doubts
    assert any("never seen active: " in doubt for doubt in doubts), doubts


WRONG_STREAMS: dict[str, tuple[str, Callable[[Effect], Effect], str]] = {
    "held back": ("hold: 0.5", lambda effect: replace(effect, hold=0.0, lag=0.5), "at most wanted"),
    "reset": ("reset: 300", lambda _: CLEAR, "no reset: "),
    "delayed": ("delay: 0.2", lambda _: CLEAR, "200 ms wanted"),
    "delayed more": ("delay: 0.2", lambda effect: replace(effect, lag=2.5), "200 ms wanted"),
}


@pytest.fixture(scope="module")
def local() -> Iterator[Network]:
    """The network between two local processes."""
    with LivePeers("process") as live:
        live.start(NAMES)
        yield live.engine.network([session.peer for session in live.sessions.values()])


@pytest.mark.parametrize("kind", WRONG_STREAMS)
def test_a_stream_that_is_shaped_otherwise_is_not_proven(
    local: Network, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    does, otherwise, reason = WRONG_STREAMS[kind]
    real: Callable[..., rules.Rules] = rules.for_stream

    def for_stream(effects: Mapping[Link, Effect], *more: Any) -> rules.Rules:
        return real({link: otherwise(effect) for link, effect in effects.items()}, *more)

    monkeypatch.setattr(rules, "for_stream", for_stream)
    key, _, value = does.partition(": ")
    (doubt,) = (
        FaultVerifier(local, patience=0, tries=1)
        .apply(fault("stream", {**ONE_WAY, key: float(value) if "." in value else int(value)}))
        .doubts
    )
    assert reason in doubt
    local.shape({})


SCENARIO = "peers: [alice, bob]\nsteps:\n  - stream: {from: alice, to: bob, reset: 300}\n"


def test_a_run_with_an_unproven_fault_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "_PATIENCE", 0.0)
    monkeypatch.setattr(rules, "for_stream", lambda *_: {})
    with Harness("process", tmp_path) as harness:
        run = harness.run(SCENARIO)
    (given,) = outcomes(run, "stream")
    assert (given.type, judged(run)["expectations"]) == ("info", "unknown")
    assert "not proven: " in given.fields["said"]
