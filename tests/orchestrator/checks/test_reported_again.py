"""A connection that is reported closed twice, where a line between may be how another one began."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.history.entries import Entry
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, Entries

NAME = "both ends"
GLUED = ["ended: alice accepted: alice", "ended: aliceaccepted: alice as 3"]


def again(said: str, at: str = "bob") -> Entries:
    """Return a history without bob's notice of a second connection.

    Args:
        said: a line in its place that the lab cannot read.
        at: the peer that shows it.
    """
    story = Story()
    for _ in range(2):
        story.connect("alice", "bob")
        story.read()
        story.terminate("alice", "bob")
        story.read()
    entries = [_without_id(it) for it in story.finish()]
    place = [n for n, it in enumerate(entries) if it.type == "notice" and it.verb == "connected"][1]
    entries[place] = Entry(entries[place].at, "lab", at, "unread", 0, {"said": said})
    return entries


def _without_id(entry: Entry) -> Entry:
    if entry.type != "notice":
        return entry
    return replace(entry, fields={key: it for key, it in entry.fields.items() if key != "id"})


@pytest.mark.parametrize("said", GLUED)
def test_a_line_between_may_be_how_another_one_began(said: str) -> None:
    verdict = support.verdict(again(said), NAME)
    assert verdict.judgement is UNKNOWN
    (finding,) = [it for it in verdict.findings if "2 times" in it.says]
    assert said in finding.says


@pytest.mark.parametrize("said", GLUED)
def test_a_line_of_another_peer_is_not(said: str) -> None:
    verdict = support.verdict(again(said, "alice"), NAME)
    assert verdict.judgement is INVALID
    assert any("2 times" in it.says for it in verdict.findings[: verdict.wrong])
