"""Counts lie within bounds."""

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

NAME = "counter"
MEANS = {"add": "increment", "sub": "decrement", "total": "count"}


def recorded() -> Recorded:
    return Recorded(NAME, MEANS)


@pytest.mark.parametrize(
    ("value", "judgement"), [(4, VALID), (None, INVALID), (3, INVALID), (5, INVALID), ("4", VALID)]
)
def test_what_surely_happened_counts(value: object, judgement: Judgement) -> None:
    run = recorded()
    run.call("alice", "add")
    run.call("alice", "add", amount=5)
    run.call("bob", "sub", amount=2)
    run.call("bob", "add", "fail", amount=100)
    run.get("carol", "total", value)
    assert run.verdict().judgement is judgement


@pytest.mark.parametrize(
    ("value", "judgement"), [(-3, INVALID), (-2, VALID), (1, VALID), (4, VALID), (5, INVALID)]
)
def test_what_may_have_happened_counts_perhaps(value: int, judgement: Judgement) -> None:
    run = recorded()
    run.call("alice", "add", "info", amount=3)
    run.call("alice", "sub", "info", amount=2)
    under_way = run.begin("alice", "add")
    run.get("carol", "total", value)
    run.end(under_way)
    assert run.verdict().judgement is judgement


def test_a_count_may_see_what_ends_meanwhile() -> None:
    for value in (0, 1, 2):
        run = recorded()
        count = run.begin("carol", "total")
        run.call("alice", "add")
        run.call("alice", "add")
        run.end(count, results={"value": value})
        assert run.verdict().judgement is VALID


def test_counters_have_keys() -> None:
    run = recorded()
    run.call("alice", "add", key="x")
    run.get("bob", "total", 1, key="x")
    run.get("bob", "total", None, key="y")
    assert run.verdict().judgement is VALID


def test_the_finding() -> None:
    run = recorded()
    run.call("alice", "add")
    run.call("alice", "add", "info")
    run.get("bob", "total", 7)
    run.get("bob", "total", "many")
    says = [finding.says for finding in run.verdict().findings]
    assert says == [
        "at 0.900 s, `total` of bob gave 7, where it must be from 1 to 2",
        "at 1.100 s, `total` of bob gave 'many', no number",
    ]


def counted(chance: random.Random, wrong: int = 0) -> Recorded:
    run, total = recorded(), 0
    for _ in range(chance.randrange(1, 20)):
        amount = chance.randrange(1, 5)
        run.call("alice", "add", amount=amount)
        total += amount
    run.get("bob", "total", total + wrong)
    return run


@few
@given(seeds)
def test_a_fault_is_caught(chance: random.Random) -> None:
    assert counted(chance, wrong=chance.choice([-1, 1])).verdict().judgement is INVALID


@few
@given(seeds)
def test_a_doubt_is_reported(chance: random.Random) -> None:
    entries = counted(chance).settle()
    assert judged(entries, NAME) is VALID
    assert judged(unreadable(entries, chance, "add", "total"), NAME) is UNKNOWN
    assert judged(entries[: chance.randrange(1, len(entries) - 1)], NAME) is UNKNOWN
