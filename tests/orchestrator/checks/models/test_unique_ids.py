"""No id is generated twice."""

from __future__ import annotations

import random

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

NAME = "unique-ids"


def generated(*ids: object) -> Recorded:
    run = Recorded(NAME, {"new": "generate"})
    for number, one in enumerate(ids):
        run.get(run.peers[number % len(run.peers)], "new", one, name="id")
    return run


def test_all_are_different() -> None:
    verdict = generated(1, "a", 3.5).verdict()
    assert (verdict.judgement, verdict.says) == (VALID, "3 ids, all different")


def test_one_is_repeated() -> None:
    (finding,) = generated(1, 2, "1").verdict().findings
    assert finding.says == "the id '1' was given to alice at 0.600 s and to carol at 1.000 s"
    assert finding.peers == ("alice", "carol")


def test_what_was_not_answered_says_nothing() -> None:
    run = generated(1)
    run.call("bob", "new", "info")
    assert run.verdict().judgement is VALID
    assert not generated().verdict().judged


@few
@given(seeds)
def test_a_fault_is_caught(chance: random.Random) -> None:
    ids = chance.sample(range(1000), 10)
    ids.insert(chance.randrange(11), chance.choice(ids))
    assert generated(*ids).verdict().judgement is INVALID


@few
@given(seeds)
def test_a_doubt_is_reported(chance: random.Random) -> None:
    entries = generated(1, 2, 3).settle()
    assert judged(entries, NAME) is VALID
    assert judged(unreadable(entries, chance, "new"), NAME) is UNKNOWN
    assert judged(entries[: chance.randrange(1, len(entries) - 1)], NAME) is UNKNOWN


def test_what_was_broken_once_is_not_asked_about_again_at_the_end() -> None:
    assert checks.open_promises(generated(1, 1).settle()) == []
    lost = Recorded("set", {"put": "add", "all": "elements"})
    lost.call("alice", "put", value=1)
    lost.rows("bob", "all", "value")
    assert checks.open_promises(lost.settle()) == ["set"]  # it may come yet
