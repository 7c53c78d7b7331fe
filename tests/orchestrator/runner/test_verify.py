"""Faults are applied together, measured before, during and after, and doubted link by link."""

from __future__ import annotations

import threading

import pytest

from orchestrator.errors import EngineError
from orchestrator.faults import effect
from orchestrator.faults.effect import Effect, Link
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe
from orchestrator.runner.verify import ActiveFault, FaultVerifier
from tests.orchestrator.runner.scripted import AB, AC, BA, CUT, Scripted, fault


@pytest.fixture
def network() -> Scripted:
    """A network between alice, bob and carol."""
    return Scripted()


@pytest.fixture
def verifier(network: Scripted) -> FaultVerifier:
    """A verifier without faults."""
    return FaultVerifier(network, patience=0.05)


def names(verifier: FaultVerifier) -> list[str]:
    return [active.fault.name for active in verifier.active]


def test_a_busy_moment_before_a_fault_is_measured_again(network: Scripted) -> None:
    network.busy = 2
    found = FaultVerifier(network, patience=20).apply(fault("split", CUT, AB))
    assert found.doubts == []
    assert [row["before"]["arrived"] for row in found.proof] == [20]
    assert len(network.asked) == 4  # twice in vain, then before and during


def test_bad_luck_on_one_link_after_the_other_is_no_doubt(network: Scripted) -> None:
    """Only a doubtful link is measured again, even if that takes longer than the patience."""
    network.unlucky = {AB: 2, AC: 3}  # the first measurement of each is before the fault
    found = FaultVerifier(network, patience=0).apply(fault("split", CUT, AB, AC))
    assert [set(asked) for asked in network.asked] == [{AB, AC}, {AB, AC}, {AB}]
    assert found.doubts == []


def test_a_link_that_looks_faulty_before_the_fault_proves_nothing(
    verifier: FaultVerifier, network: Scripted
) -> None:
    network.deaf = {AB}
    network.busy = 1_000_000
    found = verifier.apply(fault("split", CUT, AB))
    assert found.doubts == ["alice to bob: already before it: 20 of 20 packets lost, none wanted"]


def test_links_are_measured_before_during_and_after(
    verifier: FaultVerifier, network: Scripted
) -> None:
    found = verifier.apply(fault("split", CUT, AB, BA))
    assert found.doubts == []
    assert [row["link"] for row in found.proof] == [[*AB], [*BA]]
    for row in found.proof:
        assert row["what"] == "packets"
        assert (row["before"]["arrived"], row["during"]["arrived"]) == (20, 0)
        assert "after" not in row
    assert network.shaped[-1] == {AB: CUT, BA: CUT}
    lifted = verifier.lift("split")
    assert lifted.doubts == []
    for row, before in zip(lifted.proof, found.proof, strict=True):
        assert row == {**before, "after": row["after"]}
        assert row["after"]["arrived"] == 20
    assert network.shaped[-1] == {}
    assert names(verifier) == []


def test_probes_run_one_by_one_on_a_link_and_on_all_links_at_once(
    verifier: FaultVerifier, network: Scripted
) -> None:
    verifier.apply(fault("slow", Effect(bandwidth=64_000, delay=0.1), AB, BA))
    kinds = [{link: probe.what for link, probe in asked.items()} for asked in network.asked]
    assert kinds == [dict.fromkeys([AB, BA], what) for what in ("packets", "burst")] * 2


def test_a_fault_without_effect_is_doubted_link_by_link(
    verifier: FaultVerifier, network: Scripted
) -> None:
    network.deaf = {AB}
    found = verifier.apply(fault("split", CUT, AB, BA))
    assert found.doubts == ["alice to bob: 20 of 20 packets passed"]
    assert names(verifier) == ["split"], "it may be active elsewhere"


def test_an_effect_that_was_there_before_proves_nothing(
    verifier: FaultVerifier, network: Scripted
) -> None:
    network.shaped = [{AB: CUT}]
    (doubt,) = verifier.apply(fault("split", CUT)).doubts
    assert doubt.startswith("alice to bob: already before it: ")


def test_a_doubtful_link_is_measured_again(verifier: FaultVerifier, network: Scripted) -> None:
    verifier.apply(fault("one", CUT))
    before = len(network.asked)
    network.lying = 1
    assert verifier.check("one").doubts == [], "it was the machine"
    assert len(network.asked) == before + 2
    network.lying = 1_000_000
    assert verifier.check("one").doubts == ["alice to bob: 20 of 20 packets passed"]
    assert len(network.asked) >= before + 4
    network.lying = 0
    assert verifier.check("one").doubts == []


def test_a_fault_that_is_not_gone_is_doubted(verifier: FaultVerifier, network: Scripted) -> None:
    verifier.apply(fault("split", CUT))
    network.shape = lambda effects: None  # type: ignore[method-assign]
    (doubt,) = verifier.lift("split").doubts
    assert doubt.startswith("alice to bob: 0 of 20 packets passed") or "lost" in doubt


def test_several_faults_on_one_link_are_told_apart(
    verifier: FaultVerifier, network: Scripted
) -> None:
    assert verifier.apply(fault("late", Effect(delay=0.1))).doubts == []
    assert verifier.apply(fault("later", Effect(delay=0.3))).doubts == []
    assert network.shaped[-1] == {AB: effect.combine([Effect(delay=0.1), Effect(delay=0.3)])}
    assert verifier.apply(fault("split", CUT)).doubts == []
    assert verifier.lift("later").doubts == [], "which the cut hides"
    assert network.shaped[-1][AB].delay == pytest.approx(0.1)
    assert verifier.lift("split").doubts == []
    assert verifier.lift("late").doubts == []
    assert network.shaped[-1] == {}


def test_probes_allow_for_the_faults_that_are_active(
    verifier: FaultVerifier, network: Scripted
) -> None:
    verifier.apply(fault("lossy", Effect(loss=0.2), AC))
    alone = network.asked[-1][AC]
    verifier.apply(fault("narrow", Effect(bandwidth=16_000), AB))
    assert verifier.apply(fault("bad", Effect(loss=0.2), AB)).doubts == []
    assert network.asked[-1][AB].interval > 2 * alone.interval


def test_a_stopped_peer_proves_nothing_and_disproves_nothing(
    verifier: FaultVerifier, network: Scripted
) -> None:
    network.down = {"bob"}
    found = verifier.apply(fault("split", CUT, AB, AC))
    assert found.doubts == []
    assert [row["before"]["error"] for row in found.proof] == [NOT_RUNNING, ""]
    network.down = {"alice"}
    assert verifier.check("split").doubts == ["both ends run on none of its links"]
    assert verifier.lift("split").doubts == []


def test_an_unsupported_fault_is_refused(verifier: FaultVerifier, network: Scripted) -> None:
    network.without = {"cut": "there is no knife"}
    with pytest.raises(EngineError, match=r"^impair split: not here: there is no knife$"):
        verifier.apply(fault("split", CUT))
    assert (network.asked, network.shaped, names(verifier)) == ([], [{}], [])


def test_a_name_is_used_once(verifier: FaultVerifier, network: Scripted) -> None:
    verifier.apply(fault("split", CUT, AB))
    with pytest.raises(EngineError, match="a fault called 'split' is active already"):
        verifier.apply(fault("split", CUT, AC))
    assert network.shaped[-1] == {AB: CUT}


def test_a_fault_that_failed_to_apply_can_be_lifted(
    verifier: FaultVerifier, network: Scripted
) -> None:
    network.broken = "it does not answer"
    with pytest.raises(EngineError, match="it does not answer"):
        verifier.apply(fault("split", CUT))
    network.broken = ""
    assert names(verifier) == ["split"], "part of it may be active"
    assert verifier.lift("split").doubts == []


def test_names_are_numbered_by_kind_and_skip_taken_ones(network: Scripted) -> None:
    verifier = FaultVerifier(network, [ActiveFault(fault("partition 2", CUT))])
    assert [verifier.new_name("partition") for _ in range(2)] == ["partition 1", "partition 3"]
    assert verifier.new_name("impair") == "impair 1"


def test_the_oldest_fault_is_first(verifier: FaultVerifier) -> None:
    for name, link in (("one", AB), ("two", BA), ("three", AC)):
        verifier.apply(fault(name, CUT, link))
    verifier.lift("two")
    assert names(verifier) == ["one", "three"]
    verifier.apply(fault("two", CUT, BA))
    assert names(verifier) == ["one", "three", "two"]


def test_a_stream_over_a_lossy_link_has_time_for_retransmissions(
    verifier: FaultVerifier, network: Scripted
) -> None:
    verifier.apply(fault("bytes", Effect(lag=0.1)))
    plain = network.asked[-1][AB].patience
    verifier.lift("bytes")
    verifier.apply(fault("lossy", Effect(loss=0.2), BA))
    verifier.apply(fault("bytes", Effect(lag=0.1)))
    assert plain < 10 <= network.asked[-1][AB].patience


def test_the_network_is_refreshed_only_if_a_fault_is_active(
    verifier: FaultVerifier, network: Scripted
) -> None:
    verifier.refresh()
    assert network.refreshed == 0
    verifier.apply(fault("split", CUT))
    verifier.refresh()
    assert network.refreshed == 1


def test_closing_forgets_the_faults(verifier: FaultVerifier, network: Scripted) -> None:
    verifier.apply(fault("split", CUT))
    verifier.close()
    assert network.is_closed
    assert names(verifier) == []


def test_faults_that_are_active_already_are_known(network: Scripted) -> None:
    packets = Probe("packets", 20)
    old = ActiveFault(fault("old", CUT), {(AB, packets): Measured(20, 20, 0.0001)})
    network.shape({AB: CUT})
    verifier = FaultVerifier(network, [old])
    found = verifier.check("old")
    assert (found.doubts, found.proof[0]["before"]["arrived"]) == ([], 20)
    assert verifier.apply(fault("new", CUT, AC)).doubts == []
    assert network.shaped[-1] == {AB: CUT, AC: CUT}


def test_threads_wait_for_one_another(verifier: FaultVerifier, network: Scripted) -> None:
    links = [(f"p{n}", f"q{n}") for n in range(8)]
    doubts: list[str] = []

    def apply_and_lift(link: Link) -> None:
        doubts.extend(verifier.apply(fault(link[0], CUT, link)).doubts)
        doubts.extend(verifier.lift(link[0]).doubts)

    threads = [threading.Thread(target=apply_and_lift, args=(link,)) for link in links]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (doubts, network.shaped[-1]) == ([], {})
