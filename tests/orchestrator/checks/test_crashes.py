"""No console shows a crash."""

from __future__ import annotations

import random

import pytest
from hypothesis import given

from orchestrator.checks import Judgement
from orchestrator.history.entries import Entry
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, few, judged, seeds

NAME = "crashes"


def test_it_is_quoted() -> None:
    story = Story()
    story.lab("crash", "bob", said="Traceback (most recent call last):\n  File")
    (finding,) = support.verdict(story.finish(), NAME).findings
    assert (
        finding.says
        == "at 0.004 s, bob's console showed a crash: 'Traceback (most recent call last):'"
    )
    assert finding.peers == ("bob",)


@pytest.mark.parametrize(("mark", "judgement"), [("settled", UNKNOWN), ("over", VALID)])
def test_the_run_must_be_over(mark: str, judgement: Judgement) -> None:
    story = Story()
    story.lab("settled")
    story.lab(mark)
    assert judged(story.entries, NAME) is judgement


@few
@given(support.any_right_histories(), seeds)
def test_a_fault_is_caught(entries: Entries, chance: random.Random) -> None:
    place = chance.randrange(len(entries) + 1)
    crash = Entry(0.0, "lab", "alice", "crash", 0, {"said": "panic: oh"})
    assert judged([*entries[:place], crash, *entries[place:]], NAME) is INVALID


@few
@given(support.any_right_histories(), seeds)
def test_a_doubt_is_reported(entries: Entries, chance: random.Random) -> None:
    place = chance.randrange(len(entries))
    assert judged(entries[:place], NAME) is UNKNOWN
