"""Faults that another one hides: what is seen of them, once it is lifted, and what is not."""

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
def breaker(network: Scripted) -> FaultVerifier:
    """Nothing holds yet."""
    return FaultVerifier(network, patience=0.05)


def test_a_hidden_fault_is_proven_once_what_hides_it_is_lifted(breaker: FaultVerifier) -> None:
    assert breaker.apply(fault("cut", CUT)).doubts == []
    found = breaker.apply(fault("bad", BAD, AB, AC))
    assert (found.doubts, found.is_hidden) == (["alice to bob: hidden by cut"], True)
    assert breaker.look("bad").is_hidden
    assert breaker.lift("cut").doubts == []
    assert breaker.look("bad").doubts == []
    lifted = breaker.lift("bad")
    assert lifted.doubts == []
    during = {(*row["link"], row["what"]): row["during"]["arrived"] for row in lifted.proof}
    assert 40 < during["alice", "bob", "packets"] < 80, "as it was seen, not as it was hidden"


def test_a_hidden_fault_that_does_nothing_is_found_out(
    breaker: FaultVerifier, network: Scripted
) -> None:
    breaker.apply(fault("cut", CUT))
    network.only = {"cut"}
    breaker.apply(fault("bad", BAD))
    assert breaker.lift("cut").doubts == [], "for that is gone"
    assert breaker.lift("bad").doubts[0] == f"never seen to hold: {LOST}"


def test_a_fault_that_is_hidden_all_the_time_is_not_proven(breaker: FaultVerifier) -> None:
    breaker.apply(fault("cut", CUT))
    breaker.apply(fault("bad", BAD, AB, AC))
    assert breaker.lift("bad").doubts == ["never seen to hold: alice to bob: hidden by cut"]
    assert breaker.lift("cut").doubts == []


def test_a_fault_that_is_not_gone_behind_another_is_found_out(
    breaker: FaultVerifier, network: Scripted
) -> None:
    breaker.apply(fault("bad", Effect(bandwidth=16_000), AB, BA))
    breaker.apply(fault("cut", CUT))
    network.stuck = {AB: Effect(bandwidth=16_000)}
    assert breaker.lift("bad").doubts == []
    (doubt,) = breaker.lift("cut").doubts
    assert doubt.startswith("bad is not gone: alice to bob: no more than ")


def test_of_two_that_hide_each_other_both_hold_and_are_gone(
    breaker: FaultVerifier, network: Scripted
) -> None:
    for name in ("one", "two"):
        assert breaker.apply(fault(name, CUT)).doubts == []
    assert breaker.lift("two").doubts == [], "nothing passed, as both wanted"
    breaker.apply(fault("two", CUT))
    network.stuck = {AB: CUT}
    assert breaker.lift("one").doubts == []
    doubts = breaker.lift("two").doubts
    assert any(says.startswith("one is not gone: alice to bob: ") for says in doubts)


def test_the_second_of_two_cuts_that_does_nothing_is_found_out(
    breaker: FaultVerifier, network: Scripted
) -> None:
    breaker.apply(fault("one", CUT))
    breaker.apply(fault("two", CUT))
    network.deaf = {AB}
    (doubt,) = breaker.lift("one").doubts
    assert doubt.startswith("alice to bob: 20 of 20 packets passed; before the fault")
    says = "never seen to hold: alice to bob: 20 of 20 packets passed"
    assert breaker.lift("two").doubts == [says]


def test_a_fault_given_while_a_peer_was_down_is_seen_once_it_runs(
    breaker: FaultVerifier, network: Scripted
) -> None:
    network.down = {"bob"}
    assert breaker.apply(fault("split", CUT, AB, AC)).doubts == []
    assert breaker.look_at("bob") == [], "it does not run yet"
    network.down, network.deaf = set(), {AB}
    assert breaker.look_at("bob") == ["split: alice to bob: 20 of 20 packets passed"]
    assert breaker.look_at("carol") == []
    network.deaf = set()
    assert breaker.look_at("bob") == []
    assert breaker.concerns("bob")
    breaker.lift("split")
    assert not breaker.concerns("bob")
