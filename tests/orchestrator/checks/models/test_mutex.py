"""No two peers hold a lock at the same time."""

from __future__ import annotations

import random

import pytest
from hypothesis import given

from orchestrator.checks import Judgement
from tests.orchestrator.checks.models.records import (
    INVALID,
    UNKNOWN,
    VALID,
    Recorded,
    judged,
    unreadable,
)
from tests.orchestrator.checks.support import few, seeds

NAME = "mutex"


def recorded() -> Recorded:
    return Recorded(NAME, {"lock": "acquire", "unlock": "release"})


def test_one_after_the_other() -> None:
    run = recorded()
    for peer in ("alice", "bob", "alice"):
        run.call(peer, "lock")
        run.call(peer, "unlock")
    verdict = run.verdict()
    assert (verdict.judgement, verdict.says) == (VALID, "3 times held, by one peer at a time")


def test_two_holders() -> None:
    run = recorded()
    run.call("alice", "lock", key="x")
    run.call("bob", "lock", key="x")
    (finding,) = run.verdict().findings
    assert finding.says == (
        "at 0.700 s, `lock` of bob with key 'x': it got the lock 'x' at 0.800 s, while alice held"
        " it, since 0.600 s"
    )


def test_another_lock_a_failure_and_nothing_got() -> None:
    run = recorded()
    run.call("alice", "lock", key="x")
    run.call("bob", "lock", key="y")
    run.call("bob", "lock", "fail", key="x")
    run.call("bob", "lock", "info", key="x")
    run.get("carol", "lock", None, key="x")
    assert run.verdict().judgement is VALID


def test_who_waits_gets_it_when_the_other_releases() -> None:
    run = recorded()
    run.call("alice", "lock")
    waiting = run.begin("bob", "lock")
    release = run.begin("alice", "unlock")
    run.end(waiting)
    run.end(release)
    assert run.verdict().judgement is VALID


@pytest.mark.parametrize(
    ("fault", "judgement"),
    [("kill", VALID), ("stop", VALID), ("pause", INVALID), ("crash", VALID), ("start", INVALID)],
)
def test_what_happens_to_a_holder(fault: str, judgement: Judgement) -> None:
    run = recorded()
    run.call("alice", "lock")
    if fault == "crash":
        run.lab("crash", "alice", said="Traceback")
    else:
        run.fault(fault, "carol" if fault == "start" else "alice")
    run.call("bob", "lock")
    assert run.verdict().judgement is judgement


@few
@given(seeds)
def test_a_fault_is_caught(chance: random.Random) -> None:
    run = recorded()
    for _ in range(chance.randrange(5)):
        peer = chance.choice(run.peers)
        run.call(peer, "lock")
        run.call(peer, "unlock", chance.choice(["ok", "info"]))
    one, other = chance.sample([*run.peers], 2)
    run.call(one, "lock")
    run.call(other, "lock")
    assert run.verdict().judgement is INVALID


@few
@given(seeds)
def test_a_doubt_is_reported(chance: random.Random) -> None:
    run = recorded()
    run.call("alice", "lock")
    run.call("alice", "unlock")
    entries = run.settle()
    assert judged(unreadable(entries, chance, "lock", "unlock"), NAME) is UNKNOWN
    assert judged(entries[: chance.randrange(1, len(entries) - 1)], NAME) is UNKNOWN
    run = recorded()
    run.type("bob", "unlock")
    run.call("alice", "lock")
    run.call("bob", "lock")
    assert run.verdict().judgement is UNKNOWN
