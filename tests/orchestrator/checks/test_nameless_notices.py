"""Notices that say that a connection has begun or ended, and not with whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.history.entries import Entry
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, VALID, Entries, judged

NAME = "both ends"


def nameless(entries: Entries, *kinds: str) -> list[Entry]:
    """Return entries in which notices of some kinds name no one."""
    return [
        replace(it, fields={**it.fields, "of": "", "id": "", "called": ""})
        if it.type == "notice" and it.verb in kinds
        else it
        for it in entries
    ]


def left(*who: str) -> Story:
    """Return a story in which bob is dialled by two, and some of them end their connection."""
    story = Story(("alice", "bob", "carol"))
    for peer in ("alice", "carol"):
        story.connect(peer, "bob")
        story.read()
    for peer in who:
        story.terminate(peer, "bob")
    return story


def by_ids_alone(entries: Entries) -> list[Entry]:
    """Return entries of a program that reports only ends, by ids that nothing else has shown."""
    known = [it for it in entries if not (it.type == "notice" and it.verb == "connected")]
    began = replace(known[0], fields={**known[0].fields, "notices": ["closed"]})
    return [
        replace(it, fields={**it.fields, "of": "", "called": ""})
        if it.type == "notice" and it.verb == "closed"
        else it
        for it in [began, *known[1:]]
    ]


@pytest.mark.parametrize("who", [["alice"], ["alice", "carol"], ["carol", "alice"]])
def test_an_id_that_nothing_else_has_shown_may_be_anyones(who: list[str]) -> None:
    verdict = support.verdict(by_ids_alone(left(*who).finish()), NAME)
    assert (verdict.judgement, verdict.findings) == (VALID, ())


def test_one_end_with_such_an_id_is_not_two() -> None:
    story = left("alice")
    story.terminate("carol", "bob")
    story._waiting["bob"].pop()
    assert judged(by_ids_alone(story.finish()), NAME) is INVALID


@pytest.mark.parametrize("who", [["alice"], ["alice", "carol"], ["carol", "alice"]])
@pytest.mark.parametrize("kinds", [["closed"], ["connected"], ["connected", "closed"]])
def test_what_names_no_one_may_be_about_anyone(who: list[str], kinds: list[str]) -> None:
    assert judged(nameless(left(*who).finish(), *kinds), NAME) is VALID


def test_it_is_about_one_only() -> None:
    story = left("alice")
    story.terminate("carol", "bob")
    story._waiting["bob"].pop()
    verdict = support.verdict(nameless(story.finish(), "closed"), NAME)
    assert verdict.judgement is INVALID
    (finding,) = verdict.findings
    assert finding.says.endswith("bob never reported it")


def test_it_is_not_about_what_came_later() -> None:
    story = left("alice")
    story.read()
    story.wait(9.0)
    story.terminate("carol", "bob")
    story._waiting["bob"].clear()
    assert judged(nameless(story.finish(), "closed"), NAME) is INVALID
