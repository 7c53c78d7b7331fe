"""The parsed view of a history, and how long it takes to judge a long one."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from orchestrator import checks
from orchestrator.checks.index import HistoryIndex
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import Entries, not_valid


def _messages(count: int, text: Callable[[int], str], shown: Callable[[str], list[str]]) -> Entries:
    story = Story()
    link = story.connect("alice", "bob")
    for n in range(count):
        story.send("alice", "bob", text(n), arrives=False)
        link.under_way["alice"].clear()
        for shown_text in shown(text(n)):
            story.show("bob", "message", id="1", of="alice", called="alice", text=shown_text)
        story.show("alice", "delivered", id="1", of="bob", number=n + 1, count=1)
    return story.finish()


def test_numbers_and_latencies() -> None:
    index = HistoryIndex(_messages(3, str, lambda text: [text] if text != "1" else []))
    assert index.counts == (6, 3, 2)  # with a connect and two lists
    assert index.latencies == pytest.approx([0.002, 0.002])
    assert index.peers == ("alice", "bob")


@pytest.mark.parametrize(
    ("shown", "broken"),
    [
        (lambda text: [text], set()),
        (lambda text: [], {"delivery"}),
        (lambda text: [text + "!"], {"changes"}),
        (lambda text: [text, text], {"duplicates"}),
        (lambda text: [text[::-1] + "#" * 40], {"delivery", "invention"}),
    ],
    ids=["right", "lost", "changed", "twice", "unlike"],
)
@pytest.mark.parametrize("text", [lambda n: f"message {n}", lambda n: "x"], ids=["each", "equal"])
def test_a_long_history(
    text: Callable[[int], str], shown: Callable[[str], list[str]], broken: set[str]
) -> None:
    long = _messages(2_000, text, shown)
    began = time.process_time()
    judged = not_valid(long)
    took = time.process_time() - began
    if text(0) != "x":
        assert set(judged) == broken
    began = time.process_time()
    assert checks.pending(long) is ("delivery" in judged)
    assert max(took, time.process_time() - began) < 2  # it is a tenth of that
