"""Everyone agrees who the members are."""

from __future__ import annotations

import random

import pytest
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

NAME = "membership"


def recorded() -> Recorded:
    return Recorded(NAME, {"who": "members"})


def listed(run: Recorded, *peers: str, **members: str) -> Recorded:
    """Ask every peer, or some, who its members are; all, unless others are given."""
    run.wait(6)
    for peer in peers or run.peers:
        run.rows(peer, "who", "member", *members.get(peer, "alice bob carol").split())
    return run


def test_everyone_agrees() -> None:
    verdict = listed(recorded(), alice="bob carol", bob="10.0.0.1:5000 10.0.0.3").verdict()
    assert (verdict.judgement, verdict.says) == (VALID, "3 peers agree")


def test_it_is_said_how_long_it_took() -> None:
    run = recorded()
    run.fault("kill", "carol")
    run.wait(2)
    run.rows("alice", "who", "member", "bob", "carol")
    run.wait(2)
    for peer in ("alice", "bob"):
        run.rows(peer, "who", "member", "alice", "bob")
    verdict = listed(run, "alice", "bob", alice="bob", bob="alice").verdict()
    assert (verdict.judgement, verdict.says) == (
        VALID, "2 peers agree within 4.6 s of the last change",
    )  # fmt: skip


def test_one_that_lacks_another() -> None:
    (finding,) = listed(recorded(), bob="alice").verdict().findings
    assert finding.says == "at 6.700 s, `who` of bob lacks 'carol'"


def test_one_that_never_removes_a_member() -> None:
    run = recorded()
    run.fault("kill", "carol")
    listed(run, "alice", "bob", alice="alice bob", bob="alice bob carol")
    (finding,) = run.verdict().findings
    assert finding.says.endswith("`who` of bob lists 'carol', which does not run")
    assert run.verdict().judgement is INVALID


@pytest.mark.parametrize("doubt", ["early", "stranger", "not asked", "partition", "perhaps"])
def test_what_proves_nothing(doubt: str) -> None:
    run = recorded()
    bob = "alice"
    match doubt:
        case "early":
            run.wait(8)
            run.fault("kill", "carol")
            run.rows("alice", "who", "member", "bob")
            run.rows("bob", "who", "member", "alice", "carol")
            assert run.verdict().judgement is UNKNOWN
            return
        case "stranger":
            bob = "alice n17"
        case "not asked":
            listed(run, "alice", "carol")
            assert run.verdict().judgement is UNKNOWN
            return
        case "partition":
            run.fault("partition", fault="p", links=[["alice", "bob"], ["bob", "alice"]])
        case _:
            run.end(run.begin("carol", "kill"), "info")
    assert listed(run, bob=bob).verdict().judgement is UNKNOWN


@few
@given(seeds)
def test_a_fault_is_caught(chance: random.Random) -> None:
    run = recorded()
    peer = chance.choice(run.peers)
    left_out = chance.choice([other for other in run.peers if other != peer])
    members = " ".join(other for other in run.peers if other != left_out)
    assert listed(run, **{peer: members}).verdict().judgement is INVALID


@few
@given(seeds)
def test_a_doubt_is_reported(chance: random.Random) -> None:
    entries = listed(recorded()).settle()
    assert judged(entries, NAME) is VALID
    assert judged(unreadable(entries, chance, "who"), NAME) is UNKNOWN
    assert judged(entries[: chance.randrange(1, len(entries) - 1)], NAME) is UNKNOWN
