"""Elements that were acknowledged are there at the end."""

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

NAME = "set"


def recorded(*added: int) -> Recorded:
    run = Recorded(NAME, {"put": "add", "all": "elements"})
    for value in added:
        run.call("alice", "put", value=value)
    return run


def test_all_are_there() -> None:
    run = recorded(1, 2, 3)
    run.rows("bob", "all", "value", 1)
    run.wait(6)
    run.rows("bob", "all", "value", "3", "1", "2")
    verdict = run.verdict()
    assert (verdict.judgement, verdict.says) == (
        VALID, "3 elements added, all there at the end; stale for up to 0.3 s",
    )  # fmt: skip


def test_elements_in_one_result() -> None:
    run = recorded(1, 2)
    run.wait(6)
    run.get("bob", "all", "1, 2", name="values")
    assert run.verdict().judgement is VALID


def test_one_is_lost() -> None:
    run = recorded(1, 2)
    run.wait(6)
    run.rows("bob", "all", "value", 1)
    run.rows("carol", "all", "value", 1, 2)
    (finding,) = run.verdict().findings
    assert finding.says == (
        "at 0.700 s, `put` of alice with value 2: acknowledged, but not among the elements at bob"
        " (6.900 s)"
    )
    assert finding.kind == "lost"


def test_one_that_no_one_added() -> None:
    run = recorded(1)
    run.call("alice", "put", "fail", value=7)
    run.rows("bob", "all", "value", 1, 7, 8)
    says = [finding.says for finding in run.verdict().findings if finding.kind == "invented"]
    assert says[0].endswith("shows '7', which was refused to alice at 0.700 s")
    assert says[1].endswith("shows '8', which was not added by anyone")


def test_what_may_have_been_added_may_be_there_or_not() -> None:
    run = recorded(1)
    run.call("alice", "put", "info", value=2)
    run.call("alice", "put", "info", value=3)
    run.wait(6)
    run.rows("bob", "all", "value", 1, 3)
    assert run.verdict().judgement is VALID


def test_it_is_too_early() -> None:
    run = recorded(1)
    run.wait(4)
    run.rows("bob", "all", "value")
    (finding,) = run.verdict().findings
    assert finding.says.startswith("it is not known whether the set has '1' at the end: read it")
    assert judged(run.entries, NAME) is UNKNOWN


@pytest.mark.parametrize("waits", [6, 14])
def test_a_fault_must_be_over_for_as_long_as_it_lasted(waits: int) -> None:
    run = recorded()
    run.fault("partition", fault="p", links=[["alice", "bob"], ["bob", "alice"]])
    run.call("alice", "put", value=1)
    run.wait(8)
    run.fault("heal", fault="p")
    run.wait(waits)
    run.rows("bob", "all", "value")
    assert run.verdict().judgement is (INVALID if waits > 13 else UNKNOWN)


def test_a_fault_that_is_active_proves_nothing() -> None:
    run = recorded(1)
    run.fault("partition", fault="p", links=[["alice", "bob"], ["bob", "alice"]])
    run.wait(60)
    run.rows("bob", "all", "value")
    assert run.verdict().judgement is UNKNOWN


@pytest.mark.parametrize("started", [True, False])
def test_the_peer_that_took_it_was_killed(started: bool) -> None:
    run = recorded(1)
    run.fault("kill", "alice")
    if started:
        run.fault("start", "alice")
    run.wait(6)
    run.rows("bob", "all", "value")
    assert run.verdict().judgement is (INVALID if started else UNKNOWN)


@few
@given(seeds)
def test_a_fault_is_caught(chance: random.Random) -> None:
    values = chance.sample(range(100), 10)
    run = recorded(*values)
    run.wait(6)
    lost = chance.choice(values)
    run.rows("bob", "all", "value", *(value for value in values if value != lost))
    assert run.verdict().judgement is INVALID


@few
@given(seeds)
def test_a_doubt_is_reported(chance: random.Random) -> None:
    run = recorded(1, 2, 3)
    run.wait(6)
    run.rows("bob", "all", "value", 1, 2, 3)
    entries = run.settle()
    assert judged(entries, NAME) is VALID
    assert judged(unreadable(entries, chance, "put", "all"), NAME) is UNKNOWN
    assert judged(entries[: chance.randrange(1, len(entries) - 1)], NAME) is UNKNOWN


def test_a_read_that_failed_says_nothing() -> None:
    run = recorded(1)
    run.call("bob", "all", "fail")
    run.wait(6)
    run.rows("bob", "all", "value", 1)
    assert run.verdict().judgement is VALID
