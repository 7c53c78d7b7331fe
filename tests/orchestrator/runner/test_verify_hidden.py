"""A fault that another one hides is measured once the other is lifted."""

from __future__ import annotations

import pytest

from orchestrator.faults.effect import Effect
from orchestrator.runner.verify import FaultVerifier
from tests.orchestrator.runner.scripted import AB, AC, BA, CUT, Scripted, fault

BAD = Effect(loss=0.4, bandwidth=16_000)
LOST = "alice to bob: 0 of 100 packets lost, 40% wanted"


@pytest.fixture
def network() -> Scripted:
    """A network between alice, bob and carol."""
    return Scripted()


@pytest.fixture
def verifier(network: Scripted) -> FaultVerifier:
    """A verifier without faults."""
    return FaultVerifier(network, patience=0.05)


def test_a_hidden_fault_is_proven_once_the_other_is_lifted(verifier: FaultVerifier) -> None:
    assert verifier.apply(fault("cut", CUT)).doubts == []
    found = verifier.apply(fault("bad", BAD, AB, AC))
    assert (found.doubts, found.is_hidden) == (["alice to bob: hidden by cut"], True)
    assert verifier.check("bad").is_hidden
    assert verifier.lift("cut").doubts == []
    assert verifier.check("bad").doubts == []
    lifted = verifier.lift("bad")
    assert lifted.doubts == []
    during = {(*row["link"], row["what"]): row["during"]["arrived"] for row in lifted.proof}
    assert 40 < during["alice", "bob", "packets"] < 80, "as it was seen, not as it was hidden"


def test_a_hidden_fault_that_does_nothing_is_found_out(
    verifier: FaultVerifier, network: Scripted
) -> None:
    verifier.apply(fault("cut", CUT))
    network.only = {"cut"}
    verifier.apply(fault("bad", BAD))
    assert verifier.lift("cut").doubts == [], "for that is gone"
    assert verifier.lift("bad").doubts[0] == f"never seen active: {LOST}"


def test_a_fault_that_is_hidden_all_the_time_is_not_proven(verifier: FaultVerifier) -> None:
    verifier.apply(fault("cut", CUT))
    verifier.apply(fault("bad", BAD, AB, AC))
    assert verifier.lift("bad").doubts == ["never seen active: alice to bob: hidden by cut"]
    assert verifier.lift("cut").doubts == []


def test_a_lifted_fault_that_stayed_behind_another_is_found_out(
    verifier: FaultVerifier, network: Scripted
) -> None:
    verifier.apply(fault("bad", Effect(bandwidth=16_000), AB, BA))
    verifier.apply(fault("cut", CUT))
    network.stuck = {AB: Effect(bandwidth=16_000)}
    assert verifier.lift("bad").doubts == []
    (doubt,) = verifier.lift("cut").doubts
    assert doubt.startswith("bad is not gone: alice to bob: no more than ")


def test_two_cuts_hide_each_other(verifier: FaultVerifier, network: Scripted) -> None:
    for name in ("one", "two"):
        assert verifier.apply(fault(name, CUT)).doubts == []
    assert verifier.lift("two").doubts == [], "nothing passed, as both wanted"
    verifier.apply(fault("two", CUT))
    network.stuck = {AB: CUT}
    assert verifier.lift("one").doubts == []
    doubts = verifier.lift("two").doubts
    assert any(says.startswith("one is not gone: alice to bob: ") for says in doubts)


def test_a_second_cut_without_effect_is_found_out(
    verifier: FaultVerifier, network: Scripted
) -> None:
    verifier.apply(fault("one", CUT))
    verifier.apply(fault("two", CUT))
    network.deaf = {AB}
    (doubt,) = verifier.lift("one").doubts
    assert doubt.startswith("alice to bob: 20 of 20 packets passed; before the fault")
    says = "never seen active: alice to bob: 20 of 20 packets passed"
    assert verifier.lift("two").doubts == [says]


def test_a_fault_on_a_stopped_peer_is_seen_once_it_runs(
    verifier: FaultVerifier, network: Scripted
) -> None:
    network.down = {"bob"}
    assert verifier.apply(fault("split", CUT, AB, AC)).doubts == []
    assert verifier.check_peer("bob") == [], "it does not run yet"
    network.down, network.deaf = set(), {AB}
    assert verifier.check_peer("bob") == ["split: alice to bob: 20 of 20 packets passed"]
    assert verifier.check_peer("carol") == []
    network.deaf = set()
    assert verifier.check_peer("bob") == []
    assert verifier.affects("bob")
    verifier.lift("split")
    assert not verifier.affects("bob")
