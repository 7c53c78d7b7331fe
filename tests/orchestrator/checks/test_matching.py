"""Which of the texts shown is which of the texts sent."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.checks.index.matching import align

letters = st.text("abc", max_size=12)


@pytest.mark.parametrize(
    ("sent", "shown", "matches"),
    [
        ("", "", []),
        ("a", "", []),
        ("", "a", []),
        ("ab", "ab", [(0, 0), (1, 1)]),
        ("ab", "ba", [(0, 1), (1, 0)]),
        ("aba", "ba", [(1, 0), (2, 1)]),
        ("aaa", "aa", [(0, 0), (1, 1)]),
        ("axa", "aaxa", [(0, 0), (1, 2), (2, 3)]),
        ("paxaq", "aaxa", [(1, 1), (2, 2), (3, 3)]),  # x divides what is equal
        ("abb", "axb", [(0, 0), (1, 2)]),  # the last of equals was lost
        ("baaac", "xaac", [(1, 1), (2, 2), (4, 3)]),
        ("bac", "aaa", [(1, 1)]),  # as many: what is equal in its place
        ("abcd", "dabc", [(0, 1), (1, 2), (2, 3), (3, 0)]),
    ],
)
def test_alignments(sent: str, shown: str, matches: list[tuple[int, int]]) -> None:
    assert sorted(align(sent, shown)) == matches


@given(letters, letters)
def test_as_many_as_can_be_and_each_once(sent: str, shown: str) -> None:
    matches = align(sent, shown)
    assert all(sent[i] == shown[j] for i, j in matches)
    assert len({i for i, _ in matches}) == len({j for _, j in matches}) == len(matches)
    assert len(matches) == (Counter(sent) & Counter(shown)).total()


@given(letters, st.integers(0, 12), st.integers(0, 12))
def test_one_fault_disturbs_nothing_else(sent: str, place: int, other: int) -> None:
    lost = sent[:place] + sent[place + 1 :]
    doubled = sent[:place] + sent[place : place + 1] + sent[place:]
    invented = sent[:place] + "x" + sent[place:]
    begun = sent[:other]
    for shown in (sent, lost, doubled, invented, begun):
        matches = sorted(align(sent, shown))
        assert all(a[1] < b[1] for a, b in itertools.pairwise(matches))
