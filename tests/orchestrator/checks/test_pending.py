"""What the runner still waits for at the end."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given

from orchestrator import checks
from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import Entries, few, seeds


def _told(story: Story) -> bool:
    """Return whether something is pending before, and nothing once the consoles are read."""
    before = checks.pending(story.entries)
    story.read()
    assert not checks.pending(story.entries)
    return before


def _connect(story: Story) -> None:
    story.connect("alice", "bob")


def _send(story: Story) -> None:
    _connect(story)
    story.read()
    story.send("alice", "bob", "x")


def _terminate(story: Story) -> None:
    _connect(story)
    story.read()
    story.terminate("alice", "bob")


def _lose(story: Story) -> None:
    _connect(story)
    story.send("alice", "bob", "x", arrives=False)
    story.read()
    story.terminate("bob", "alice")
    assert checks.pending(story.entries)


def _receipt(story: Story) -> None:
    _send(story)
    story.read("bob")


@pytest.mark.parametrize("act", [_connect, _send, _terminate, _lose, _receipt])
def test_something_is_under_way(act: Callable[[Story], None]) -> None:
    story = Story()
    act(story)
    assert _told(story)


@pytest.mark.parametrize("verb", ["send", "connect", "terminate"])
def test_unknown_outcomes_are_not_waited_for(verb: str) -> None:
    story = Story()
    if verb == "terminate":
        story.connect("alice", "bob")
        story.read()
    story.end(story.invoke("alice", verb, to="bob", text="x"), "info")
    story.invoke("bob", verb, to="alice", text="x")
    assert not checks.pending(story.entries)


def test_a_peer_that_is_gone_owes_nothing() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.send("alice", "bob", "x", arrives=False)
    story.links[0].under_way["alice"].clear()
    for peer in story.peers:
        story.exit(peer)
    assert not checks.pending(story.entries)


def test_what_was_reported_undelivered_is_not_waited_for() -> None:
    story = Story()
    link = story.connect("alice", "bob")
    story.send("alice", "bob", "x", arrives=False)
    link.under_way["alice"].clear()
    story.show("alice", "undelivered", id="1", of="bob", number=1, count=1, text="x")
    story.read()
    assert not checks.pending(story.entries)


def test_a_changed_message_is_not_waited_for() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.send("alice", "bob", "a long one", arrives=False)
    story.show("alice", "delivered", id="1", of="bob", number=1, count=1)
    story.show("bob", "message", id="1", of="alice", text="a long")
    story.read()
    assert not checks.pending(story.entries)


def test_what_the_profile_does_not_read_is_not_waited_for() -> None:
    story = Story(notices=())
    story.connect("alice", "bob")
    story.send("alice", "bob", "x", arrives=False)
    story.terminate("alice", "bob")
    kept = [e for e in story.entries if e.type != "notice"]
    assert not checks.pending(kept)


@few
@given(support.any_right_histories(), seeds)
def test_a_notice_that_has_not_come_is_waited_for(entries: Entries, chance: random.Random) -> None:
    gone, alone = support.ended_peers(entries), support.undisturbed(entries)
    kinds = ("connected", "closed", "delivered", "undelivered")
    found = support.places(entries, *kinds, where=lambda e: e.peer not in gone and alone(e))
    place = support.pick(found, chance)
    assert checks.pending(support.without(entries, place))
