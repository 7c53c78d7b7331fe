"""Rows of lists: which lines are rows, whose they are, and where the id is."""

from __future__ import annotations

import pytest

from orchestrator.discovery.draft import Draft
from orchestrator.discovery.evidence import KnownValues
from orchestrator.discovery.list_patterns import find_rows, id_column, id_of, infer_list, row_of
from tests.orchestrator.discovery.recorded import exchange

A, B = "10.0.0.2", "10.0.0.3"
KNOWN = KnownValues(frozenset({A, B}), frozenset({5000}))


def test_rows_name_a_peer() -> None:
    lines = ["ID ADDRESS", f"1 {A}", "2 port 5000", "2 connections", f"me: {A}"]
    assert find_rows(lines, [f"me: {A}"], KNOWN) == [f"1 {A}", "2 port 5000"]


def test_the_id_is_small_and_different_in_every_row() -> None:
    first, second = [f"7 1 {A} 5000", f"7 2 {B} 5000"], [f"7 1 {A} 5000"]
    assert id_column([first, second], KNOWN) == 1
    assert id_of(f"7 2 {B} 5000", 1, KNOWN) == 2
    assert id_of(f"{B}", 1, KNOWN) is None
    assert id_column([[f"1 {A}", f"1 {B}"]], KNOWN) is None
    assert id_column([["1700 x"]], KNOWN) is None
    assert id_column([], KNOWN) is None
    assert id_of("1 x", None, KNOWN) is None


def test_the_row_of_a_peer() -> None:
    rows = [f"1 {A} 5000", f"2 {B} 5000"]
    assert row_of(rows, B, 5000, []) == rows[1]
    twice = [f"1 {A} 40001", f"2 {A} 40002"]
    assert row_of(twice, A, 5000, [twice[1]]) == twice[0], "the other row is taken"
    assert row_of([], A, 5000, []) == ""


@pytest.mark.parametrize(
    ("lists", "made", "doubt"),
    [
        ([], {"silent": True, "ends": "quiet"}, "no row was ever seen"),
        (
            [[f"at {A}"]],
            {"row": r"^\s*at\s+(?P<address>[\w.:-]+?)$", "silent": True, "ends": "quiet"},
            "no id was found in the rows, so they count from `first_id`",
        ),
        (
            [[f"1 {A}", f"2) {A} 5000"]],
            {
                "row": r"^\s*(?P<id>\d+)\s+(?P<address>\d[\w.:-]*?)$",
                "silent": True,
                "ends": "quiet",
            },
            "rows had different formats",
        ),
    ],
)
def test_doubts_about_lists(lists: list[list[str]], made: dict[str, object], doubt: str) -> None:
    draft = Draft()
    output = "".join(f"{row}\n" for rows in lists for row in rows)
    asked = [exchange("list", "list", output)]
    assert infer_list(draft, asked, lists, [], KNOWN, []) == made
    assert draft.doubts == {("verbs", "list"): doubt}
