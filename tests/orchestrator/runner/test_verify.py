"""What holds on a network, what is measured of it, and what is doubted."""

from __future__ import annotations

import threading

import pytest

from orchestrator.errors import EngineError
from orchestrator.faults import effect
from orchestrator.faults.effect import Effect, Link
from orchestrator.faults.probe import NOT_RUNNING, Measured, Probe
from orchestrator.runner.verify import FaultVerifier, Held
from tests.orchestrator.runner.scripted import AB, AC, BA, CUT, Scripted, fault


@pytest.fixture
def network() -> Scripted:
    """A network between alice, bob and carol."""
    return Scripted()


@pytest.fixture
def breaker(network: Scripted) -> FaultVerifier:
    """Nothing holds yet."""
    return FaultVerifier(network, patience=0.05)


def names(breaker: FaultVerifier) -> list[str]:
    return [held.fault.name for held in breaker.held]


def test_a_busy_moment_before_a_fault_is_measured_again(network: Scripted) -> None:
    network.busy = 2
    found = FaultVerifier(network, patience=20).apply(fault("split", CUT, AB))
    assert found.doubts == []
    assert [row["before"]["arrived"] for row in found.proof] == [20]
    assert len(network.asked) == 4  # twice in vain, then before and during


def test_what_looks_like_a_fault_before_it_proves_nothing(
    breaker: FaultVerifier, network: Scripted
) -> None:
    network.deaf = {AB}
    network.busy = 1_000_000
    found = breaker.apply(fault("split", CUT, AB))
    assert found.doubts == ["alice to bob: already before it: 20 of 20 packets lost, none wanted"]


def test_what_is_measured_before_during_and_after(
    breaker: FaultVerifier, network: Scripted
) -> None:
    found = breaker.apply(fault("split", CUT, AB, BA))
    assert found.doubts == []
    assert [row["link"] for row in found.proof] == [[*AB], [*BA]]
    for row in found.proof:
        assert row["what"] == "packets"
        assert (row["before"]["arrived"], row["during"]["arrived"]) == (20, 0)
        assert "after" not in row
    assert network.bent[-1] == {AB: CUT, BA: CUT}
    lifted = breaker.lift("split")
    assert lifted.doubts == []
    for row, before in zip(lifted.proof, found.proof, strict=True):
        assert row == {**before, "after": row["after"]}
        assert row["after"]["arrived"] == 20
    assert network.bent[-1] == {}
    assert names(breaker) == []


def test_each_link_has_one_probe_at_a_time_and_all_links_have_theirs_at_once(
    breaker: FaultVerifier, network: Scripted
) -> None:
    breaker.apply(fault("slow", Effect(bandwidth=64_000, delay=0.1), AB, BA))
    kinds = [{link: probe.what for link, probe in asked.items()} for asked in network.asked]
    assert kinds == [dict.fromkeys([AB, BA], what) for what in ("packets", "burst")] * 2


def test_what_does_not_hold_is_doubted_link_by_link(
    breaker: FaultVerifier, network: Scripted
) -> None:
    network.deaf = {AB}
    found = breaker.apply(fault("split", CUT, AB, BA))
    assert found.doubts == ["alice to bob: 20 of 20 packets passed"]
    assert names(breaker) == ["split"], "as it may hold elsewhere"


def test_what_is_there_already_proves_nothing(breaker: FaultVerifier, network: Scripted) -> None:
    network.bent = [{AB: CUT}]
    (doubt,) = breaker.apply(fault("split", CUT)).doubts
    assert doubt.startswith("alice to bob: already before it: ")


def test_another_look_where_one_finds_something_amiss(
    breaker: FaultVerifier, network: Scripted
) -> None:
    breaker.apply(fault("one", CUT))
    before = len(network.asked)
    network.lying = 1
    assert breaker.look("one").doubts == [], "it was the machine"
    assert len(network.asked) == before + 2
    network.lying = 1_000_000
    assert breaker.look("one").doubts == ["alice to bob: 20 of 20 packets passed"]
    assert len(network.asked) >= before + 4
    network.lying = 0
    assert breaker.look("one").doubts == []


def test_a_fault_that_is_not_gone_is_doubted(breaker: FaultVerifier, network: Scripted) -> None:
    breaker.apply(fault("split", CUT))
    network.shape = lambda effects: None  # type: ignore[method-assign]
    (doubt,) = breaker.lift("split").doubts
    assert doubt.startswith("alice to bob: 0 of 20 packets passed") or "lost" in doubt


def test_several_on_one_link_are_told_apart(breaker: FaultVerifier, network: Scripted) -> None:
    assert breaker.apply(fault("late", Effect(delay=0.1))).doubts == []
    assert breaker.apply(fault("later", Effect(delay=0.3))).doubts == []
    assert network.bent[-1] == {AB: effect.together([Effect(delay=0.1), Effect(delay=0.3)])}
    assert breaker.apply(fault("split", CUT)).doubts == []
    assert breaker.lift("later").doubts == [], "which the cut hides"
    assert network.bent[-1][AB].delay == pytest.approx(0.1)
    assert breaker.lift("split").doubts == []
    assert breaker.lift("late").doubts == []
    assert network.bent[-1] == {}


def test_probes_are_such_as_what_holds_already_lets_pass(
    breaker: FaultVerifier, network: Scripted
) -> None:
    breaker.apply(fault("lossy", Effect(loss=0.2), AC))
    alone = network.asked[-1][AC]
    breaker.apply(fault("narrow", Effect(bandwidth=16_000), AB))
    assert breaker.apply(fault("bad", Effect(loss=0.2), AB)).doubts == []
    assert network.asked[-1][AB].interval > 2 * alone.interval


def test_who_does_not_run_proves_nothing_and_denies_nothing(
    breaker: FaultVerifier, network: Scripted
) -> None:
    network.down = {"bob"}
    found = breaker.apply(fault("split", CUT, AB, AC))
    assert found.doubts == []
    assert [row["before"]["error"] for row in found.proof] == [NOT_RUNNING, ""]
    network.down = {"alice"}
    assert breaker.look("split").doubts == ["no link of it has both its ends running"]
    assert breaker.lift("split").doubts == []


def test_what_the_network_cannot_do_is_refused(breaker: FaultVerifier, network: Scripted) -> None:
    network.without = {"cut": "there is no knife"}
    with pytest.raises(EngineError, match=r"^impair split: not here: there is no knife$"):
        breaker.apply(fault("split", CUT))
    assert (network.asked, network.bent, names(breaker)) == ([], [{}], [])


def test_two_of_one_name_are_refused(breaker: FaultVerifier, network: Scripted) -> None:
    breaker.apply(fault("split", CUT, AB))
    with pytest.raises(EngineError, match="a fault called 'split' holds already"):
        breaker.apply(fault("split", CUT, AC))
    assert network.bent[-1] == {AB: CUT}


def test_one_that_cannot_be_brought_about_is_lifted_like_others(
    breaker: FaultVerifier, network: Scripted
) -> None:
    network.broken = "it does not answer"
    with pytest.raises(EngineError, match="it does not answer"):
        breaker.apply(fault("split", CUT))
    network.broken = ""
    assert names(breaker) == ["split"], "nobody knows how much of it holds"
    assert breaker.lift("split").doubts == []


def test_names_are_numbered_by_kind_and_leave_out_those_that_are_taken(network: Scripted) -> None:
    breaker = FaultVerifier(network, [Held(fault("partition 2", CUT))])
    assert [breaker.new_name("partition") for _ in range(2)] == ["partition 1", "partition 3"]
    assert breaker.new_name("impair") == "impair 1"


def test_the_oldest_is_first_whatever_order_they_are_lifted_in(breaker: FaultVerifier) -> None:
    for name, link in (("one", AB), ("two", BA), ("three", AC)):
        breaker.apply(fault(name, CUT, link))
    breaker.lift("two")
    assert names(breaker) == ["one", "three"]
    breaker.apply(fault("two", CUT, BA))
    assert names(breaker) == ["one", "three", "two"]


def test_a_stream_has_time_where_packets_are_lost(
    breaker: FaultVerifier, network: Scripted
) -> None:
    breaker.apply(fault("bytes", Effect(lag=0.1)))
    plain = network.asked[-1][AB].patience
    breaker.lift("bytes")
    breaker.apply(fault("lossy", Effect(loss=0.2), BA))
    breaker.apply(fault("bytes", Effect(lag=0.1)))
    assert plain < 10 <= network.asked[-1][AB].patience


def test_a_peer_that_was_started_again_is_seen_to_where_something_holds(
    breaker: FaultVerifier, network: Scripted
) -> None:
    breaker.refresh()
    assert network.refreshed == 0
    breaker.apply(fault("split", CUT))
    breaker.refresh()
    assert network.refreshed == 1


def test_closing_forgets_what_held(breaker: FaultVerifier, network: Scripted) -> None:
    breaker.apply(fault("split", CUT))
    breaker.close()
    assert network.is_closed
    assert names(breaker) == []


def test_those_that_hold_already_are_known(network: Scripted) -> None:
    packets = Probe("packets", 20)
    held = Held(fault("old", CUT), {(AB, packets): Measured(20, 20, 0.0001)})
    network.shape({AB: CUT})
    breaker = FaultVerifier(network, [held])
    found = breaker.look("old")
    assert (found.doubts, found.proof[0]["before"]["arrived"]) == ([], 20)
    assert breaker.apply(fault("new", CUT, AC)).doubts == []
    assert network.bent[-1] == {AB: CUT, AC: CUT}


def test_threads_take_turns(breaker: FaultVerifier, network: Scripted) -> None:
    links = [(f"p{n}", f"q{n}") for n in range(8)]
    doubts: list[str] = []

    def one(link: Link) -> None:
        doubts.extend(breaker.apply(fault(link[0], CUT, link)).doubts)
        doubts.extend(breaker.lift(link[0]).doubts)

    threads = [threading.Thread(target=one, args=(link,)) for link in links]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (doubts, network.bent[-1]) == ([], {})
