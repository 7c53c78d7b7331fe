"""The members of the example store agree, whatever happens to them and their messages."""

from __future__ import annotations

import pytest
from broken.duplicate_id import DuplicateId
from broken.lost_write import LostWrite
from broken.stale_read import StaleRead
from broken.two_leaders import TwoLeaders
from raft import Entry, Member

from tests.gossip.simulation import Simulation, simulated


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("seed", range(2))
def test_no_fault_makes_an_answer_wrong(size: int, seed: int) -> None:
    _check(size, seed, 5)


@pytest.mark.thorough
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("size", [3, 4, 5])
def test_no_fault_makes_an_answer_wrong_in_a_hundred_runs(size: int) -> None:
    for seed in range(100):
        _check(size, seed, 30)


def _check(size: int, seed: int, seconds: float) -> None:
    simulation = simulated(Member, size, seed, seconds)
    assert [*simulation.wrongs()] == []
    assert simulation.answered(since=simulation.now - 2) > 0  # it works again
    assert simulation.answered() > 50


@pytest.mark.parametrize("kind", [StaleRead, LostWrite, TwoLeaders, DuplicateId])
def test_the_same_shows_each_mistake(kind: type[Member]) -> None:
    runs = (simulated(kind, 3, seed, 10) for seed in range(20))
    assert any([*simulation.wrongs()] for simulation in runs)


def _settled() -> tuple[Simulation, str]:
    """Return a cluster of three without trouble, and its leader's name."""
    simulation = Simulation(Member, 3, seed=1)
    simulation.run(3, trouble=0, asks=0)
    return simulation, simulation.members["m0"].leader


def test_a_leader_without_a_majority_gives_up() -> None:
    simulation, leader = _settled()
    simulation.cut = {leader}
    simulation.run(3, trouble=0, asks=0)
    left = simulation.members.pop(leader)
    assert (left.leader, left.request("t", ["get", "x"]), left.alive()) == ("", False, [leader])
    (new,) = {member.leader for member in simulation.members.values()}
    assert new in simulation.members


def test_a_candidate_that_knows_less_gets_no_vote() -> None:
    simulation, leader = _settled()
    member = simulation.members[leader]
    member.keep_entry(len(member.log), Entry(member.term, "t", ["put", "x", "1"]))
    other = next(name for name in simulation.names if name != leader)
    ask = {"kind": "ask", "from": other, "cluster": simulation.names}
    last = [member.term, len(member.log) - 1]
    member.receive(simulation.now, {**ask, "term": member.term + 1, "last": last}, ("host", 1))
    assert (member.leader, member.vote) == ("", "")


def test_a_member_votes_once_a_term_even_if_it_is_killed_in_between() -> None:
    simulation, _ = _settled()
    term = simulation.members["m0"].term + 5
    for candidate in ("m1", "m2"):
        ask = {"kind": "ask", "from": candidate, "cluster": simulation.names, "term": term}
        member = simulation.members["m0"]
        member.receive(simulation.now, {**ask, "last": [term, 99]}, ("host", 1))
        simulation.kill("m0")
    assert (member.term, member.vote) == (term, "m1")


def test_messages_of_another_cluster_count_for_nothing() -> None:
    simulation, _ = _settled()
    member = simulation.members["m0"]
    term = member.term
    for sender, cluster in (("m9", simulation.names), ("m1", ["m0", "m1", "m9"])):
        message = {"kind": "ask", "from": sender, "cluster": cluster, "term": 99, "last": [99, 99]}
        member.receive(simulation.now, message, ("host", 9))
    assert (member.term, sorted(member.contacts)) == (term, ["m1", "m2"])
