"""No term has two leaders."""

from __future__ import annotations

import random

from hypothesis import given

from tests.orchestrator.checks.models.records import (
    INVALID,
    UNKNOWN,
    VALID,
    Recorded,
    judged,
    unreadable,
)
from tests.orchestrator.checks.support import few, seeds

NAME = "leader"


def recorded() -> Recorded:
    return Recorded(NAME, {"who": "leader", "elected": "leader"})


def told(run: Recorded, peer: str, term: int, leader: str = "") -> None:
    fields = {"results": {"term": str(term), **({"leader": leader} if leader else {})}}
    run.notice(peer, "elected", **fields)  # type: ignore[arg-type]


def asked(run: Recorded, peer: str, term: int, leader: str) -> None:
    run.end(run.begin(peer, "who"), results={"term": term, "leader": leader})


def test_one_leader_a_term_by_several_names() -> None:
    run = recorded()
    told(run, "alice", 1)
    told(run, "bob", 1, "alice")
    asked(run, "carol", 1, "10.0.0.1:5000")
    asked(run, "carol", 1, "alice@10.0.0.1")
    told(run, "bob", 2)
    run.get("carol", "who", None)
    verdict = run.verdict()
    assert (verdict.judgement, verdict.says) == (VALID, "2 terms, one leader each")


def test_two_leaders() -> None:
    run = recorded()
    told(run, "alice", 3)
    asked(run, "carol", 3, "bob")
    (finding,) = run.verdict().findings
    assert finding.says == (
        "two leaders in term 3: alice named alice at 0.500 s, carol named bob at 0.700 s"
    )
    assert finding.peers == ("alice", "carol")


def test_names_that_the_lab_does_not_know() -> None:
    run = recorded()
    told(run, "alice", 1, "n1")
    told(run, "bob", 1, "n2")
    assert run.verdict().judgement is INVALID
    run = recorded()
    told(run, "alice", 1)
    told(run, "bob", 1, "n1")
    assert run.verdict().judgement is UNKNOWN


@few
@given(seeds)
def test_a_fault_is_caught(chance: random.Random) -> None:
    run = recorded()
    leaders = [chance.choice(run.peers) for _ in range(5)]
    for term, leader in enumerate(leaders):
        told(run, leader, term)
    term = chance.randrange(5)
    other = chance.choice([peer for peer in run.peers if peer != leaders[term]])
    asked(run, chance.choice(run.peers), term, other)
    assert run.verdict().judgement is INVALID


@few
@given(seeds)
def test_a_doubt_is_reported(chance: random.Random) -> None:
    run = recorded()
    told(run, "alice", 1)
    asked(run, "bob", 1, "alice")
    entries = run.settle()
    assert judged(entries, NAME) is VALID
    assert judged(unreadable(entries, chance, "who"), NAME) is UNKNOWN
    assert judged(entries[: chance.randrange(1, len(entries) - 1)], NAME) is UNKNOWN
