"""Rows of lists: which lines are rows, whose they are, and where the id is."""

from __future__ import annotations

import re

import pytest

from orchestrator.discovery.draft import Draft
from orchestrator.discovery.evidence import KnownValues
from orchestrator.discovery.list_patterns import (
    Column,
    find_rows,
    id_columns,
    id_of,
    infer_list,
    row_of,
)
from tests.orchestrator.discovery.recorded import exchange

A, B = "10.0.0.2", "10.0.0.3"
KNOWN = KnownValues(frozenset({A, B}), frozenset({5000}))


def test_rows_name_a_peer() -> None:
    lines = ["ID ADDRESS", f"1 {A}", "2 port 5000", "2 connections", f"me: {A}"]
    assert find_rows(lines, [f"me: {A}"], KNOWN) == [f"1 {A}", "2 port 5000"]


def test_rows_name_a_peer_by_its_name_if_none_has_an_address() -> None:
    lines = ["1 bob", "2 carol", "alice has left no one out"]
    assert find_rows(lines, ["alice has no friends"], KNOWN, "alice") == lines[:2]
    assert find_rows(["1 bob", f"2 {B}"], [], KNOWN, "alice") == [f"2 {B}"]


def test_the_id_is_small_and_different_in_every_row() -> None:
    first, second = [f"7 1 {A} 5000", f"7 2 {B} 5000"], [f"7 1 {A} 5000"]
    assert id_columns([first, second], KNOWN) == [Column(1)]
    assert id_of(f"7 2 {B} 5000", Column(1), KNOWN) == "2"
    assert id_of(f"{B}", Column(1), KNOWN) is None
    assert id_columns([[f"1 {A}", f"1 {B}"]], KNOWN) == []
    assert id_columns([["1700 x"]], KNOWN) == []
    assert id_columns([], KNOWN) == []
    assert id_of("1 x", None, KNOWN) is None


@pytest.mark.parametrize(("one", "other"), [("B", "C"), ("0042", "9f3e")])
def test_ids_may_be_words(one: str, other: str) -> None:
    rows = [f"| {one} open {A} 5000 |", f"| {other} open {B} 5000 |"]
    (column,) = id_columns([rows, rows[1:]], KNOWN)
    assert id_of(rows[0], column, KNOWN) == one


def test_words_that_never_change_are_no_ids() -> None:
    assert id_columns([[f"to {A} 5000"], [f"to {B} 5000"]], KNOWN) == []


def test_a_table_may_count_its_rows_beside_the_ids() -> None:
    rows = [f"0 | 3 | {A} | 5000", f"1 | 4 | {B} | 5000"]
    assert id_columns([rows], KNOWN) == [Column(0), Column(1)]


def test_the_row_of_a_peer() -> None:
    rows = [f"1 {A} 5000", f"2 {B} 5000"]
    assert row_of(rows, B, {5000}, []) == rows[1]
    twice = [f"1 {A} 40001", f"2 {A} 40002"]
    assert row_of(twice, A, {5000}, [twice[1]]) == twice[0], "the other row is taken"
    assert row_of(twice, A, {5000, 40001}, []) == twice[0], "the kernel knows its port"
    assert row_of([], A, {5000}, []) == ""


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
                "row": r"^\s*(?P<id>\d+)\s+(?P<address>(?:::ffff:)?\d+[.:][\w.:-]*?|localhost)$",
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
    column = next(iter(id_columns(lists, KNOWN)), None)
    assert infer_list(draft, asked, lists, [], KNOWN, [], column) == made
    assert draft.doubts == {("operations", "list"): doubt}


@pytest.mark.parametrize("form", ["{id}\t{address}\t{port}", "| {id} | {address}:{port} |"])
def test_rows_of_peers_that_dialled_by_the_older_protocol_are_read(form: str) -> None:
    ends = ((f"::ffff:{A}", 43210), (B, 5000), (f"::ffff:{B}", 43212))
    rows = [form.format(id=n, address=at, port=port) for n, (at, port) in enumerate(ends, 1)]
    asked = [exchange("list", "list", "".join(f"{row}\n" for row in rows))]
    made = infer_list(Draft(), asked, [rows], [], KNOWN, [], Column(0))
    read = [re.search(made["row"], row.expandtabs()) for row in rows]
    assert [(it["address"], int(it["port"])) for it in read if it] == [*ends]
