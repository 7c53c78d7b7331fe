"""Values come out of a queue once, and in order."""

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

NAME = "queue"


def recorded(*put: int) -> Recorded:
    run = Recorded(NAME, {"put": "enqueue", "take": "dequeue"})
    for value in put:
        run.call("alice", "put", value=value)
    return run


def taken(run: Recorded, *values: int | None) -> Recorded:
    for value in values:
        run.get("bob", "take", value)
    return run


def kinds(run: Recorded) -> list[str]:
    verdict = run.verdict()
    return [finding.kind for finding in verdict.findings[: verdict.wrong]]


def test_everything_comes_out_once_in_order() -> None:
    run = taken(recorded(1, 2, 3), 1, 2, 3)
    run.wait(6)
    verdict = taken(run, None).verdict()
    assert (verdict.judgement, verdict.says) == (VALID, "3 values came out once and in order")


def test_what_was_not_taken_may_be_in_the_queue() -> None:
    assert taken(recorded(1, 2, 3), 1).verdict().judgement is VALID


def test_one_that_comes_out_twice() -> None:
    run = taken(recorded(1), 1, 1)
    (finding,) = run.verdict().findings
    assert finding.says == ("'1' was put in once and came out at 0.700 s to bob, at 0.900 s to bob")
    run = recorded(1)
    run.call("carol", "put", "info", value=1)
    assert taken(run, 1, 1).verdict().judgement is VALID


def test_one_that_was_never_put_in() -> None:
    assert kinds(taken(recorded(1), 2)) == ["invented"]
    run = recorded()
    run.call("alice", "put", "fail", value=2)
    assert taken(run, 2).verdict().findings[0].says.endswith("; it was refused to alice")


def test_one_that_overtook_another() -> None:
    run = taken(recorded(1, 2), 2, 1)
    (finding,) = run.verdict().findings
    assert finding.says == (
        "at 1.100 s, `take` of bob gave '1', which was put in before '2', but '2' had come out"
        " at 1.000 s"
    )


def test_two_at_the_same_time_have_no_order() -> None:
    run = recorded()
    one, other = run.begin("alice", "put", value=1), run.begin("carol", "put", value=2)
    run.end(one)
    run.end(other)
    assert taken(run, 2, 1).verdict().judgement is VALID
    run = recorded(1, 2)
    one, other = run.begin("bob", "take"), run.begin("carol", "take")
    run.end(one, results={"value": 2})
    run.end(other, results={"value": 1})
    assert run.verdict().judgement is VALID


def test_one_that_is_lost() -> None:
    run = taken(recorded(1, 2), 1)
    run.wait(6)
    taken(run, None)
    assert kinds(run) == ["lost"]


@pytest.mark.parametrize("why", ["early", "open", "killed", "partition"])
def test_it_may_not_be_lost(why: str) -> None:
    run = recorded(1)
    if why == "open":
        run.call("bob", "take", "info")
    if why == "killed":
        run.fault("kill", "alice")
    if why == "partition":
        run.fault("partition", fault="p", links=[["alice", "bob"]])
    run.wait(1 if why == "early" else 6)
    assert taken(run, None).verdict().judgement is UNKNOWN


@few
@given(seeds)
def test_a_fault_is_caught(chance: random.Random) -> None:
    values = [*range(8)]
    place = chance.randrange(1, 8)
    run = recorded(*values)
    match chance.randrange(3):
        case 0:
            values.insert(place, values[0])
        case 1:
            values.insert(0, values.pop(place))
        case _:
            values.insert(place, 99)
    assert taken(run, *values).verdict().judgement is INVALID


@few
@given(seeds)
def test_a_doubt_is_reported(chance: random.Random) -> None:
    entries = taken(recorded(1, 2, 3), 1, 2, 3).settle()
    assert judged(entries, NAME) is VALID
    assert judged(unreadable(entries, chance, "put", "take"), NAME) is UNKNOWN
    assert judged(entries[: chance.randrange(1, len(entries) - 1)], NAME) is UNKNOWN
