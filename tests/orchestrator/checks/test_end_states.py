"""Peers end as wanted."""

from __future__ import annotations

import random

import pytest
from hypothesis import given

from orchestrator.checks import Judgement
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, few, judged, seeds

NAME = "end states"


@pytest.mark.parametrize(
    ("fields", "judgement"),
    [
        ({"state": "running", "wants": {"state": "running"}}, VALID),
        ({"state": "running", "status": None, "wants": {"state": "running"}}, VALID),
        ({"state": "running", "wants": {}}, VALID),
        ({"state": "running"}, VALID),
        ({"state": "exited", "status": 0, "wants": {"state": "running"}}, INVALID),
        ({"state": "running", "wants": {"state": "exited", "status": 0}}, INVALID),
        ({"state": "exited", "status": 1, "wants": {"state": "exited", "status": 0}}, INVALID),
        ({"state": "exited", "status": 1, "wants": {"state": "exited"}}, VALID),
    ],
)
def test_a_state(fields: dict[str, object], judgement: Judgement) -> None:
    story = Story(("alice",)).settle()
    story.lab("ended", "alice", **fields)
    assert judged(story.entries, NAME) is judgement


def test_what_it_was_and_what_it_was_to_be_are_said() -> None:
    story = Story(("alice",)).settle()
    story.lab("ended", "alice", state="exited", status=1, wants={"state": "exited", "status": 0})
    (finding,) = support.verdict(story.entries, NAME).findings
    assert finding.says == (
        "at 0.004 s, alice was found exited with status 1, but should be exited with status 0"
    )


@few
@given(support.any_right_histories(), seeds)
def test_a_fault_is_caught(entries: Entries, chance: random.Random) -> None:
    place = support.pick(support.places(entries, "ended"), chance)
    state = "exited" if entries[place].fields["state"] == "running" else "running"
    assert judged(support.changed(entries, place, state=state), NAME) is INVALID


@few
@given(support.any_right_histories(), seeds)
def test_a_doubt_is_reported(entries: Entries, chance: random.Random) -> None:
    place = support.pick(support.places(entries, "ended"), chance)
    assert judged(support.without(entries, place), NAME) is UNKNOWN
