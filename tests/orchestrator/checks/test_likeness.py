"""Whether one text is what became of another."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.checks.changes import difference
from orchestrator.checks.index.likeness import common_start, glued, likeness


@pytest.mark.parametrize(
    ("sent", "shown", "expected"),
    [
        ("hello", "hell", True),
        ("hello", "oh, hello", True),
        ("a  b\tc", "a b c", True),
        ("SHOUT", "shout", True),
        ("good morning", "good evening", True),
        ("one two three", "one 2 three", True),
        ("hello", "", True),
        ("", "hello", False),
        (" ", "", True),
        ("hello", "world", False),
        ("abcd", "axyz", False),
        ('"double" within', "double within", True),
        ("{'type': 'terminate', 'port': 5000}", "{type: terminate, port: 5000}", True),
        ('say "hi"', r"\"say \\\"hi\\\"\"", True),
        ('""', "''", False),
        ('"one"', "'two'", False),
        ("Grüße aus Ærø", r"Gr\u00fc\u00dfe aus \u00c6r\u00f8", True),
        ("Привет", r"\u041f\u0440\u0438\u0432\u0435\u0442", True),
        ("thumbs 👍", r'"\ud83d\udc4d"', False),
        ("👍👍", r"\ud83d\udc4d\ud83d\udc4d", True),
        ("Grüße", r"b'Gr\xc3\xbc\xc3\x9fe'", True),
        ("Grüße", r"b'Gr\xc3\xbc\xc3'", False),
    ],
)
def test_alike(sent: str, shown: str, expected: bool) -> None:
    assert bool(likeness(sent, shown)) is expected


def test_the_more_was_kept_the_likelier() -> None:
    assert likeness("message 6", "message 6!") > likeness("message 5", "message 6!") > 0


@pytest.mark.parametrize(
    ("shown", "sent", "count"),
    [
        ("ab", ["a", "b", "c"], 2),
        ("a\nb c", ["a", "b", "c", "d"], 3),
        ("a", ["a", "b"], 0),
        ("a and more than that", ["a", "b"], 0),
        ("abc", ["a", "", "b"], 0),
        ("", [], 0),
        ("one, two, thr", ["one, ", "two, ", "three, "], 3),
        ("a first onea sec", ["a first one", "a second one"], 2),
        ("a first one!", ["a first one", "!"], 2),
        ("a first oneb", ["a first one", "bcd"], 0),
    ],
)
def test_glued(shown: str, sent: list[str], count: int) -> None:
    assert glued(shown, sent) == count


@given(st.text("ab"), st.text("ab"))
def test_the_common_start(one: str, other: str) -> None:
    count = common_start(one, other)
    assert one[:count] == other[:count]
    assert one[: count + 1] != other[: count + 1] or count in (len(one), len(other))


@given(st.text(), st.text())
def test_any_difference_is_described(one: str, other: str) -> None:
    assert all(difference(one, other))


def test_long_texts_are_compared_quickly() -> None:
    began = time.process_time()
    for _ in range(1_000):
        assert not likeness("ab" * 8_192, "cd" * 8_192)
        assert likeness("a" * 16_384, "a" * 16_000 + "b")
    assert time.process_time() - began < 2
