"""A list that shows a peer which was to leave and did not is right."""

from __future__ import annotations

from typing import Any

import pytest

from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story

NAME = "expectations"
Sockets = dict[str, list[dict[str, Any]]]
STAYS = {"said": "it had not ended after 10 s", "state": "running"}


def listed_after(
    story: Story, *shown: str, outcome: Any = "fail", sockets: Sockets | None = None
) -> support.Entries:
    """Let bob try to leave, and alice list peers then, which should be carol alone, if anyone."""
    story.end(story.invoke("bob", "exit"), outcome, **STAYS)
    story.read_sockets(**sockets or {})
    left = [peer for peer in story.peers if peer == "carol"]
    listing = story.invoke("alice", "list", wants={"outcome": "ok", "shows": left})
    story.end(listing, rows=[{"id": f"{number}", "peer": it} for number, it in enumerate(shown)])
    return story.entries


def linked(*peers: str) -> Story:
    """Return a story in which alice is connected to all others."""
    story = Story(("alice", *peers))
    for peer in peers:
        story.connect("alice", peer)
    return story


@pytest.mark.parametrize(("peers", "shown"), [(["bob"], ["bob"]), (["carol", "bob"],) * 2])
def test_who_stays_is_listed_rightly(peers: list[str], shown: list[str]) -> None:
    verdict = support.verdict(listed_after(linked(*peers), *shown), NAME)
    assert not any("`list` of alice" in finding.says for finding in verdict.findings)


@pytest.mark.parametrize(
    ("peers", "shown"),
    [(["bob"], ["bob", "bob"]), (["bob"], ["bob", ""]), (["carol", "bob"], ["bob"])],
)
def test_a_list_that_is_wrong_besides_is_wrong(peers: list[str], shown: list[str]) -> None:
    verdict = support.verdict(listed_after(linked(*peers), *shown), NAME)
    assert any("`list` of alice" in finding.says for finding in verdict.findings)


@pytest.mark.parametrize("closed", ["alice", "bob"])
def test_a_connection_that_one_end_has_closed_is_none(closed: str) -> None:
    story = linked("bob")
    verdict = support.verdict(listed_after(story, "bob", sockets={closed: []}), NAME)
    assert "`list` of alice" in verdict.findings[0].says


def test_who_says_that_it_left_is_listed_wrongly() -> None:
    verdict = support.verdict(listed_after(linked("bob"), "bob", outcome="ok"), NAME)
    assert "`list` of alice" in verdict.findings[0].says


@pytest.mark.parametrize("peers", [["bob"], ["carol", "bob"]])
def test_a_run_that_only_shows_who_stayed_has_nothing_to_judge(peers: list[str]) -> None:
    story = linked(*peers)
    listed_after(story, *peers)
    verdict = support.verdict(story.finish(), NAME)
    assert (verdict.word, verdict.findings) == ("not judged", ())
