"""What was expected against what came."""

from __future__ import annotations

from typing import Any

import pytest
from rich.cells import cell_len

from orchestrator.checks import Finding, HistoryIndex
from orchestrator.history.entries import Entry, Type
from orchestrator.report.comparing import compared, contrasted


def _compared(verb: str, outcome: Type, *before: Entry, **fields: Any) -> Any:
    entries = [
        Entry(1.0, "invoke", "alice", verb, 7, fields),
        *before,
        Entry(2.0, outcome, "alice", verb, 7, fields),
    ]
    return compared(HistoryIndex(entries), "expectations", Finding("w", 1.0, operation=7))


@pytest.mark.parametrize(
    ("wants", "said", "pair"),
    [
        ({"says": "port 5000"}, {"said": "hello\nport 5001"}, ("port 5000", "port 5001")),
        ({"says": "hi"}, {"said": ""}, ("hi", "nothing")),
        ({"results": {"value": 7}}, {"results": {"value": 8}}, ("7", "8")),
        ({"results": {"value": {"more": 7}}}, {"results": {"value": 7}}, ("more than 7", "7")),
        ({"port": 1, "outcome": "ok"}, {"port": "2"}, ("1", "2")),
        ({"address": ["a", "b"]}, {"address": "c"}, ("a or b", "c")),
        ({"shows": ["bob"]}, {"rows": [{"peer": "carol"}, {}]}, ("bob", "a stranger, carol")),
        ({"shows": []}, {"rows": [{"peer": "bob"}]}, ("no one", "bob")),
        ({"rows": {"n": [2, 1]}}, {"rows": [{"n": 3}, {"n": 1}]}, ("1, 2", "1, 3")),
        ({"rows": {"n": []}}, {"rows": [{"n": 3}]}, ("none", "3")),
        ({"says": "hi"}, {"said": "hi there"}, None),
        ({"outcome": "ok"}, {"said": "x"}, None),
    ],
)
def test_an_answer(wants: dict[str, Any], said: dict[str, Any], pair: Any) -> None:
    assert _compared("ask", "ok", wants=wants, **said) == pair


def test_the_notice_that_came_instead() -> None:
    notices = [
        Entry(1.1, "notice", "alice", "message", 0, {"said": "* hey", "text": "hey"}),
        Entry(1.2, "notice", "alice", "message", 0, {"said": "* help", "text": "help"}),
    ]
    said = "nothing of the kind within 1 s; what came was '* hey'"
    given = {"kind": "message", "text": "hello", "said": said}
    assert _compared("expect", "fail", *notices, **given) == ("hello", "hey")
    assert _compared("expect", "fail", **given) is None
    assert _compared("expect", "fail", *notices, kind="closed", said=said) is None


def test_a_message_that_was_changed() -> None:
    finding = Finding("w", 1.0, (), "shown", "sent", operation=7)
    assert compared(HistoryIndex([]), "changes", finding) == ("sent", "shown")
    assert compared(HistoryIndex([]), "order", finding) is None


@pytest.mark.parametrize(
    ("expected", "came", "marks"),
    [
        ("ok: 5000", "ok: 5001", ("       ^", "       ^")),
        ("hello", "hell", ("    ^", "")),
        ("hello", "hello hello", ("", "     ^^^^^^")),
        ("a b", "a  b", (" ^", " ^^")),  # one blank, and two that are shown as dots
        ("black", "white", ("", "")),  # nothing alike
        ("x", "", ("", "")),
        ("漢字a", "漢字b", ("    ^", "    ^")),  # of two columns each
        ("a\x1b", "a", (" ^^^^", "")),
    ],
)
def test_characters_that_differ_are_marked(
    expected: str, came: str, marks: tuple[str, str]
) -> None:
    ours, theirs = contrasted((expected, came), 60)
    assert (ours.marks, theirs.marks) == marks
    assert (ours.text.plain + theirs.text.plain).isprintable()


@pytest.mark.parametrize("room", [30, 50, 100])
def test_of_long_texts_the_part_that_differs_is_shown(room: int) -> None:
    ours, theirs = contrasted(("x" * 900 + "1" + "y" * 900, "x" * 900 + "2" + "y" * 900), room)
    for side, digit in ((ours, "1"), (theirs, "2")):
        assert side.text.plain.startswith("…xx")
        assert side.text.plain.endswith("… (1,801 characters)")
        assert max(cell_len(side.text.plain), len(side.marks)) <= room
        assert side.marks.find("^") in (side.text.plain.find(digit), -1)
    assert "^" in ours.marks or room == 30
