"""Rows of lists: which lines are rows, whose they are, and where the id is."""

from __future__ import annotations

from orchestrator.discovery.evidence import KnownValues
from orchestrator.discovery.list_patterns import find_rows, id_column, id_of, row_of

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
