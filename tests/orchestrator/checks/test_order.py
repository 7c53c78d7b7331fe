"""The order is kept on each connection."""

from __future__ import annotations

import random

import pytest
from hypothesis import given

from tests.orchestrator.checks import support
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import INVALID, UNKNOWN, VALID, Entries, few, judged, seeds

NAME = "order"


def _shown(sent: str, shown: str, perhaps: str = "") -> Entries:
    """Send and show letters."""
    story = Story()
    link = story.connect("alice", "bob")
    for place, text in enumerate(sent):
        if str(place) in perhaps:
            story.end(story.invoke("alice", "send", to="bob", text=text, id="1"), "info")
        else:
            story.send("alice", "bob", text, arrives=False)
    link.under_way["alice"].clear()
    for text in shown:
        story.show("bob", "message", id="1", of="alice", text=text)
    story.show("alice", "delivered", id="1", of="bob", number=1, count=len(sent) - len(perhaps))
    return story.finish()


@pytest.mark.parametrize(
    ("sent", "shown", "broken"),
    [
        ("ab", "ab", []),
        ("ab", "ba", [NAME]),
        ("abcd", "dabc", [NAME]),
        ("aba", "aba", []),
        ("aaa", "aaa", []),
        ("abab", "aabb", [NAME]),
        # One fault of another kind among equal texts is no matter of the order.
        ("aba", "ba", ["delivery"]),
        ("aba", "ab", ["delivery"]),
        ("abab", "aabab", ["duplicates"]),
        ("aba", "aaba", ["duplicates"]),
        ("aabbaabb", "aabbabb", ["delivery"]),
        ("abcabc", "abcxabc", ["invention"]),
    ],
)
def test_which_fault_it_is(sent: str, shown: str, broken: list[str]) -> None:
    assert support.not_valid(_shown(sent, shown)) == dict.fromkeys(broken, INVALID)


def test_both_messages_are_named() -> None:
    (finding,) = support.verdict(_shown("ab", "ba"), NAME).findings
    assert finding.says.startswith("'a' from alice to bob, sent at 0.007 s: shown at 0.0")
    assert "behind 'b', which was sent later" in finding.says


def test_perhaps_it_was_the_other() -> None:
    assert judged(_shown("aba", "ba", perhaps="2"), NAME) is VALID
    assert judged(_shown("abca", "bca", perhaps="0"), NAME) is VALID
    assert judged(_shown("aab", "baa", perhaps="1"), NAME) is UNKNOWN


def test_two_connections_have_no_common_order() -> None:
    story = Story()
    story.connect("alice", "bob")
    story.send("alice", "bob", "first", arrives=False)
    late = story.links[0].under_way["alice"].popleft()
    story.terminate("alice", "bob")
    story.connect("alice", "bob")
    story.send("alice", "bob", "second")
    story.show("bob", "message", id="1", of="alice", text=late)
    assert judged(story.finish(), NAME) is VALID


@few
@given(support.right_histories(losses=False), seeds)
def test_a_fault_is_caught(entries: Entries, chance: random.Random) -> None:
    shown = support.places(entries, "message")
    one = support.pick(shown, chance)
    same = ("id", "of")
    others = [
        i for i in shown if entries[i].peer == entries[one].peer
        and all(entries[i].fields[key] == entries[one].fields[key] for key in same)
        and entries[i].fields["text"] != entries[one].fields["text"]
    ]  # fmt: skip
    other = support.pick(others, chance)
    was, now = (entries[i].fields["text"] for i in (one, other))
    swapped = support.changed(support.changed(entries, one, text=now), other, text=was)
    assert support.not_valid(swapped) == {NAME: INVALID}


@few
@given(support.any_right_histories(), seeds)
def test_a_doubt_is_reported(entries: Entries, chance: random.Random) -> None:
    place = chance.randrange(support.settled(entries))
    assert judged(entries[:place], NAME) is UNKNOWN
