"""Linearizable reads, writes and compare-and-set."""

from __future__ import annotations

import dataclasses
import random
from math import inf

import pytest
from hypothesis import assume, given

from orchestrator.checks import Judgement
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.models import register
from orchestrator.checks.models.linearizability import Access, Fit, Search
from orchestrator.checks.models.orders import Counting, Ways
from orchestrator.checks.phrases import between
from orchestrator.history.entries import Entry
from tests.linearizable import every_order
from tests.linearizable.histories import MEANS, Fault, Store, Workload, any_small
from tests.orchestrator.checks.models.records import (
    INVALID,
    UNKNOWN,
    VALID,
    Recorded,
    judged,
    unreadable,
)
from tests.orchestrator.checks.support import few, seeds
from tests.repeats import times

NAME = "register"


def accesses(entries: list[Entry]) -> list[Access]:
    """Return the operations of a history on one register."""
    calls = HistoryIndex(entries).calls
    return [register.access(c) for c in calls if c.may_happen and register._says_something(c)]


def recorded() -> Recorded:
    return Recorded(NAME, MEANS)


def test_what_was_written_is_read() -> None:
    run = recorded()
    run.get("bob", "get", None, key="x")
    run.call("alice", "put", key="x", value=1)
    run.get("bob", "get", 1, key="x")
    run.get("bob", "get", None, key="y")
    run.call("carol", "cas", key="x", old=1, new=2)
    run.call("carol", "cas", "fail", key="x", old=1, new=3)
    run.get("bob", "get", "2", key="x")
    verdict = run.verdict()
    assert (verdict.judgement, verdict.says) == (VALID, "6 operations on 2 keys fit an order")


def test_a_stale_read() -> None:
    run = recorded()
    run.call("alice", "put", key="x", value=1)
    run.call("alice", "put", key="y", value=5)
    run.call("alice", "put", key="x", value=2)
    run.get("bob", "get", 2, key="x")
    run.get("carol", "get", 1, key="x")
    (finding,) = run.verdict().findings
    assert finding.says == (
        "at key x, carol read 1 (1.300 to 1.400 s), which fits no order with"
        " alice wrote 1 (0.500 to 0.600 s); bob read 2 (1.100 to 1.200 s); 2 would fit"
    )
    assert (finding.at, finding.peers) == (1.3, ("alice", "bob", "carol"))


def test_a_read_that_goes_back() -> None:
    run = recorded()
    one = run.begin("alice", "put", key="x", value=1)
    run.end(one)
    run.get("bob", "get", 1, key="x")
    other = run.begin("alice", "put", key="x", value=2)
    run.get("bob", "get", 2, key="x")
    run.get("carol", "get", 1, key="x")
    run.end(other)
    (finding,) = run.verdict().findings
    assert "carol read 1" in finding.says
    assert "bob read 2" in finding.says


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        ("", "which was never written"),
        ("fail", "which was never written; alice was refused to write it at 0.500 s"),
    ],
)
def test_a_value_that_no_one_wrote(outcome: str, says: str) -> None:
    run = recorded()
    if outcome:
        run.call("alice", "put", outcome, value=7)
    run.get("bob", "get", 7)
    (finding,) = run.verdict().findings
    assert finding.says.startswith("at the register, bob read 7")
    assert finding.says.endswith(says)


def test_a_value_that_is_written_only_later() -> None:
    run = recorded()
    run.get("bob", "get", 7)
    run.call("alice", "put", value=7)
    assert run.verdict().findings[0].says.endswith("which was written only later")


def test_two_cannot_replace_one_value() -> None:
    run = recorded()
    run.call("alice", "put", key="x", value=1)
    run.call("bob", "cas", key="x", old=1, new=2)
    run.call("carol", "cas", key="x", old=1, new=3)
    (finding,) = run.verdict().findings
    assert "carol replaced 1 by 3" in finding.says
    assert finding.says.endswith("1 was written once, by alice from 0.500 s on")


def test_a_write_that_may_have_happened_stays_open() -> None:
    run = recorded()
    run.call("alice", "put", key="x", value=1)
    run.call("bob", "put", "info", key="x", value=2)
    for value in (1, 2):
        run.get("carol", "get", value, key="x")
    assert run.verdict().judgement is VALID
    run = recorded()
    run.begin("bob", "put", key="x", value=2)  # no outcome at all
    for found in (None, None, 2):
        run.get("carol", "get", found, key="x")
    assert judged([*run.entries, Entry(9.0, "lab", "", "settled")], NAME) is VALID
    run.get("carol", "get", None, key="x")
    assert run.verdict().judgement is INVALID


def test_a_read_without_an_answer_says_nothing() -> None:
    run = recorded()
    run.call("alice", "put", value=1)
    run.call("bob", "get", "info")
    run.get("bob", "get", 1)
    assert run.verdict().judgement is VALID


def test_a_result_that_the_profile_does_not_name_is_a_doubt() -> None:
    run = recorded()
    run.call("bob", "get", key="x")
    (finding,) = run.verdict().findings
    assert finding.says == (
        "at 0.500 s, `get` of bob with key 'x' has no `value`, without which its meaning `read`"
        " says nothing"
    )


def test_a_person_may_have_written() -> None:
    run = recorded()
    run.type("alice", "put x 7")
    run.get("bob", "get", 7, key="x")
    assert run.verdict().judgement is UNKNOWN
    assert "typed at a console before" in run.verdict().findings[0].says


def test_reads_alone_are_judged_and_nothing_is_not() -> None:
    assert not recorded().verdict().judged
    run = recorded()
    run.call("alice", "put", "info", value=1)
    assert not run.verdict().judged


def test_a_search_that_grows_past_its_limit_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(register, "LIMIT", 3)
    entries = Store(Workload(), random.Random(1)).history()
    verdict = register.check(HistoryIndex(entries))
    assert verdict.judgement is UNKNOWN
    assert "too many possible orders" in verdict.findings[0].says


@pytest.mark.parametrize("first", range(0, times(300, 3_000), 100))
def test_it_agrees_with_trying_every_order(first: int) -> None:
    for seed in range(first, first + 100):
        entries = any_small(random.Random(seed), 5)
        wanted = VALID if every_order.fits(entries) else INVALID
        assert register.check(HistoryIndex(entries)).judgement is wanted, seed


@pytest.mark.parametrize("first", range(0, times(200, 3_000), 100))
def test_ways_through_arrangements_agree_with_trying_every_order(first: int) -> None:
    for seed in range(first, first + 100):
        entries = any_small(random.Random(seed), 5)
        found = Ways(Search(accesses(entries), 0)).find(10_000)
        assert found is (Fit.FITS if every_order.fits(entries) else Fit.IMPOSSIBLE), seed


def test_ways_through_arrangements_agree_with_counting_from_the_start() -> None:
    found = set[Fit]()
    for seed in range(times(60, 2_000)):
        chance = random.Random(seed)
        workload = Workload(chance.randint(15, 50), 4, 1, 2, 0.5, 0.5, 0.3, "stale")
        known = accesses(Store(workload, chance).history())
        ways = Ways(Search(known, 0)).find(100_000)
        assert ways is Counting(known).run(100_000), seed
        found.add(ways)
    assert found == {Fit.FITS, Fit.IMPOSSIBLE}


@pytest.mark.parametrize(("seed", "fit"), [(52, Fit.FITS), (281, Fit.IMPOSSIBLE)])
def test_stale_reads_among_few_values_and_many_writes_without_answers(seed: int, fit: Fit) -> None:
    workload = Workload(220, 5, 1, 5, 0.25, fault="stale")
    known = accesses(Store(workload, random.Random(seed)).history())
    assert Counting(known).run(3_000) is Fit.TOO_MANY
    assert Ways(Search(known, 0)).find(5_000) is fit


@pytest.mark.parametrize("fault", ["", "stale", "lost"])
def test_histories_like_those_of_etcd(fault: Fault) -> None:
    found = set[Judgement]()
    for seed in range(times(5, 50)):
        entries = Store(Workload(fault=fault), random.Random(seed)).history()
        found.add(register.check(HistoryIndex(entries)).judgement)
    assert UNKNOWN not in found
    assert (INVALID in found) is bool(fault)


@pytest.mark.parametrize("timeouts", [0.05, 0.5])
def test_many_operations_on_one_key(timeouts: float) -> None:
    workload = Workload(1_000, 10, 1, None, timeouts)
    entries = Store(workload, random.Random(7)).history()
    assert register.check(HistoryIndex(entries)).judgement is VALID


def test_the_stretch_is_impossible_by_itself() -> None:
    workload = Workload(200, 5, 1, None, 0.0, fault="stale")
    for seed in range(10):
        entries = Store(workload, random.Random(seed)).history()
        findings = register.check(HistoryIndex(entries)).findings
        for finding in findings:
            before, _, after = finding.says.partition(" s), which ")
            assert before.startswith("at key k0, c")
            assert after.count(" s)") <= 3, finding.says


@few
@given(seeds)
def test_a_fault_is_caught(chance: random.Random) -> None:
    entries = Store(Workload(60, 4, 2, None, 0.1), chance).history()
    reads = [i for i, e in enumerate(entries) if e.type == "ok" and "results" in e.fields]
    assume(reads)
    place = chance.choice(reads)
    fields = {**entries[place].fields, "results": {"value": "never written"}}
    entries[place] = dataclasses.replace(entries[place], fields=fields)
    assert judged(entries, NAME) is INVALID


@few
@given(seeds)
def test_a_doubt_is_reported(chance: random.Random) -> None:
    entries = Store(Workload(60, 4, 2, None, 0.1), chance).history()
    assert judged(entries, NAME) is VALID
    assert judged(entries[: chance.randrange(1, len(entries))], NAME) is UNKNOWN
    assert judged(unreadable(entries, chance, "get", "put"), NAME) is UNKNOWN


@pytest.mark.parametrize(
    ("since", "until", "says"),
    [
        (0.7251, 0.7254, "at 0.725 s"),
        (0.725, 0.725, "at 0.725 s"),
        (0.725, 0.726, "0.725 to 0.726 s"),
        (0.725, inf, "from 0.725 s on"),
    ],
)
def test_times_that_are_the_same_are_said_once(since: float, until: float, says: str) -> None:
    assert between(since, until) == says
