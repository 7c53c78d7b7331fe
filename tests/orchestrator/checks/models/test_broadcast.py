"""Everyone sees what was broadcast."""

from __future__ import annotations

import random

import pytest
from hypothesis import given

from orchestrator import checks
from tests.orchestrator.checks.models.records import (
    INVALID,
    UNKNOWN,
    VALID,
    Recorded,
    judged,
    unreadable,
)
from tests.orchestrator.checks.support import few, seeds

NAME = "broadcast"


def recorded(*values: str) -> Recorded:
    run = Recorded(NAME, {"say": "broadcast", "heard": "seen", "news": "seen"})
    for value in values:
        run.call("alice", "say", value=value)
    return run


def read(run: Recorded, **seen: str) -> Recorded:
    """Ask every peer what it has seen; all of "a b", unless another is given."""
    run.wait(6)
    for peer in run.peers:
        run.rows(peer, "heard", "value", *seen.get(peer, "a b").split())
    return run


def test_everyone_read_everything() -> None:
    run = recorded("a", "b")
    run.rows("bob", "heard", "value", "a")
    verdict = read(run).verdict()
    assert (verdict.judgement, verdict.says) == (VALID, "2 values, seen by all within 7.1 s")


def test_one_is_missing() -> None:
    (finding,) = read(recorded("a", "b"), bob="a").verdict().findings
    assert finding.says == (
        "at 0.700 s, `say` of alice with value 'b': acknowledged, but bob has not seen it"
    )


@pytest.mark.parametrize("lacks", ["", "carol"])
def test_notices_show_it_to_the_others(lacks: str) -> None:
    run = recorded("a")
    for peer in ("bob", "carol"):
        if peer != lacks:
            run.notice(peer, "news", value="a")
    assert checks.pending(run.entries) is bool(lacks)
    run.wait(6)
    assert run.verdict().judgement is (INVALID if lacks else VALID)


def test_what_no_one_broadcast() -> None:
    (finding,) = read(recorded("a", "b"), bob="a b c").verdict().findings
    assert finding.says == "bob saw 'c' at 7.200 s, which no one had broadcast"


def test_a_peer_that_is_not_read_late_enough() -> None:
    run = recorded("a")
    for peer in run.peers[:2]:
        run.rows(peer, "heard", "value", "a")
    (finding,) = run.verdict().findings
    assert finding.says.startswith("it is not known whether everyone saw 'a': read it once more")


@pytest.mark.parametrize("fault", ["sender", "receiver", "partition"])
def test_what_a_fault_may_explain(fault: str) -> None:
    run = recorded("a")
    if fault == "sender":
        run.fault("kill", "alice")
    elif fault == "receiver":
        run.fault("kill", "bob")
        run.fault("start", "bob")
    else:
        run.fault("partition", fault="p", links=[["alice", "bob"], ["bob", "alice"]])
    run.wait(6)
    for peer in ("bob", "carol"):
        run.rows(peer, "heard", "value", *([] if peer == "bob" else ["a"]))
    assert run.verdict().judgement is UNKNOWN


def test_a_peer_that_was_killed_need_not_see_it() -> None:
    run = recorded("a", "b")
    run.fault("kill", "carol")
    run.wait(6)
    for peer in ("alice", "bob"):
        run.rows(peer, "heard", "value", "a", "b")
    assert run.verdict().judgement is VALID


@few
@given(seeds)
def test_a_fault_is_caught(chance: random.Random) -> None:
    run = recorded("a", "b")
    peer, seen = chance.choice(run.peers), chance.choice(["a", "b", "", "a b c"])
    assert read(run, **{peer: seen}).verdict().judgement is INVALID


@few
@given(seeds)
def test_a_doubt_is_reported(chance: random.Random) -> None:
    entries = read(recorded("a", "b")).settle()
    assert judged(entries, NAME) is VALID
    assert judged(unreadable(entries, chance, "say", "heard"), NAME) is UNKNOWN
    assert judged(entries[: chance.randrange(1, len(entries) - 1)], NAME) is UNKNOWN
