"""What is true of every check: right histories pass, a cut never proves a fault, nothing raises."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator import checks
from tests.orchestrator.checks.support import (
    INVALID,
    UNKNOWN,
    Entries,
    few,
    not_valid,
    right_histories,
    seeds,
    settled,
    spoil,
)
from tests.repeats import times


@few
@given(right_histories())
def test_every_check_accepts_right_histories(entries: Entries) -> None:
    assert not_valid(entries) == {}
    assert not checks.pending(entries)


@settings(few, max_examples=times(50, 1_000))
@given(right_histories(faults=True))
def test_every_check_accepts_right_histories_with_faults(entries: Entries) -> None:
    assert not_valid(entries) == {}
    assert not checks.pending(entries)


@few
@given(st.one_of(right_histories(), right_histories(faults=True)), st.data())
def test_a_history_cut_off_anywhere_proves_no_fault(entries: Entries, data: st.DataObject) -> None:
    for place in data.draw(st.lists(st.integers(0, len(entries)), min_size=5, max_size=5)):
        judged = not_valid(entries[:place])
        assert INVALID not in judged.values()
        if place <= settled(entries):
            assert judged == dict.fromkeys(checks.CHAT, UNKNOWN)


@few
@given(st.one_of(right_histories(), right_histories(faults=True)), seeds)
def test_any_history_is_judged_and_twice_alike(entries: Entries, chance: random.Random) -> None:
    for _ in range(4):
        spoilt = spoil(entries, chance)
        verdicts = checks.judge(spoilt)
        assert verdicts == checks.judge(spoilt)
        assert [verdict.check for verdict in verdicts] == list(checks.CHAT)
        assert checks.pending(spoilt) is checks.pending(spoilt)
        for verdict in verdicts:
            assert bool(verdict.findings) == bool(verdict.judgement)
            assert verdict.says


def test_nothing_is_judged_of_nothing() -> None:
    assert not_valid([]) == dict.fromkeys(checks.CHAT, UNKNOWN)
    assert not checks.pending([])
