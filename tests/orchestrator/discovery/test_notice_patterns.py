"""Patterns of notices from the other peer's output, alike and unlike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from orchestrator.discovery.draft import Draft
from orchestrator.discovery.notice_patterns import infer_notices
from orchestrator.patterns import matches_any
from tests.orchestrator.discovery.recorded import HOSTS, exchange

A = HOSTS["alice"]


def messages(*outputs: str) -> Draft:
    """Return a draft of the notices after messages with this output, `TEXT` standing for theirs."""
    draft = Draft()
    sent = [
        exchange("send", f"send 1 text{n}", "ok\n", to="bob", text=f"text{n}",
                 other=output.replace("TEXT", f"text{n}"))
        for n, output in enumerate(outputs)
    ]  # fmt: skip
    infer_notices(draft, sent, [])
    return draft


def notices(*outputs: str) -> Any:
    return messages(*outputs).data["notices"]["message"]


def test_alike_lines_have_one_pattern() -> None:
    assert notices("new: TEXT\n", "new: TEXT\n") == "^new: (?P<text>.*)$"
    assert notices("bob: TEXT\n", "alice: TEXT\n") == r"^[a-z]+\d*: (?P<text>.*)$"


def test_unlike_lines_are_alternatives() -> None:
    assert notices("bob: TEXT\n", "[new] TEXT\n") == [
        r"^[a-z]+\d*: (?P<text>.*)$",
        r"^\[new\] (?P<text>.*)$",
    ]


def test_unlike_blocks_are_alternatives_once() -> None:
    first, second = "From 5\nbob: TEXT\n", "A message\nTEXT\n"
    assert notices(first, first, second) == [
        {"block": [r"^From \d+$", r"^[a-z]+\d*: (?P<text>.*)$"]},
        {"block": ["^A message$", "^(?P<text>.*)$"]},
    ]


def test_a_block_names_each_group_once() -> None:
    block = notices(f"From {A}\n{A} says\nTEXT\n")["block"]
    assert [line.count("?P<address>") for line in block] == [1, 0, 0]


def _connected(*told: tuple[str, str]) -> Any:
    """Return the pattern of what bob shows, by his ids and lines; an empty id is not known."""
    draft = Draft()
    made = [exchange("connect", "connect", "", to="bob", other=f"{line}\n",
                     ids={"bob": number} if number else {}) for number, line in told]  # fmt: skip
    infer_notices(draft, made, [])
    return draft.data["notices"]["connected"]


def test_an_id_that_was_not_found_says_nothing_about_a_number() -> None:
    one, two, three = (f"{A} is here, id {number}" for number in (1, 2, 3))
    wanted = r"^(?P<address>[\w.:-]+?) is here, id (?P<id>\d+)$"
    assert _connected(("1", one), ("", two), ("3", three)) == wanted
    assert _connected(("1", one), ("1", two)) == wanted.replace("(?P<id>\\d+)", "\\d+")
    assert _connected(("1", one), ("", "somebody is here")) == [wanted, "^somebody is here$"]


@pytest.mark.parametrize(
    ("outputs", "doubt"),
    [
        (["bob: TEXT\n"], "seen only once"),
        (["a: TEXT\n", "b> TEXT\n", "c, d: TEXT\n"], "its format was different each time"),
        (["bob: TEXT\n", "bob: TEXT\n"], ""),
    ],
)
def test_doubts_about_messages(outputs: Sequence[str], doubt: str) -> None:
    draft = messages(*outputs)
    assert draft.doubts.get(("notices", "message"), "") == doubt
    assert draft.doubts["lacks", "connected"] == "there was no occasion to see it"


def test_output_without_the_text_is_no_message() -> None:
    draft = messages("something\n")
    assert "message" not in draft.data["notices"]
    wanted = {"reason": "it does not show messages", "doubt": True}
    assert draft.data["lacks"]["message"] == wanted
    assert draft.doubts["lacks", "message"].startswith("nothing was ever printed")


@pytest.mark.parametrize("is_known", [True, False])
def test_a_flood_leaves_it_open_whether_a_notice_is_lacking(*, is_known: bool) -> None:
    draft = Draft()
    ends = [exchange("terminate", "terminate 1", "done\n", to="bob", other="") for _ in range(2)]
    ends = [replace(it, fact=True, others=it.others if is_known else {}) for it in ends]
    infer_notices(draft, ends, [])
    why = "it does not report ended connections"
    assert draft.data["lacks"]["closed"] == (why if is_known else {"reason": why, "doubt": True})


def test_lines_that_match_a_pattern() -> None:
    assert matches_any("bob: hi", ["^x$", "^bob"])
    assert not matches_any("bob: hi", [])


def _alike(connected: str, message: str) -> dict[str, Any]:
    """Return the notices of a program, in which NAME and TEXT stand for real ones."""
    draft = Draft()
    made = [exchange("connect", "connect", "", to=to, other=connected.replace("NAME", at), at=at)
            for at, to in (("alice", "bob"), ("bob", "alice"))]  # fmt: skip
    made += [exchange("send", f"send 1 text{n}", "ok\n", to="bob", text=f"text{n}",
                      other=message.replace("TEXT", f"text{n}")) for n in range(2)]  # fmt: skip
    infer_notices(draft, made, [])
    return dict(draft.data["notices"])


@pytest.mark.parametrize(
    ("connected", "message", "pattern"),
    [
        ("From ????: NAME\n", "From ????: TEXT\n", r"^From \?+: (?P<name>[a-z]+\d*)$"),
        ("NAME is here\n", "TEXT\n", r"^(?P<name>[a-z]+\d*) is here$"),
        ("NAME is here\n", "said: TEXT\n", r"^(?P<name>[a-z]+\d*) is here$"),
    ],
)
def test_a_name_is_a_group_that_alone_says_who_or_tells_a_connection_from_a_message(
    connected: str, message: str, pattern: str
) -> None:
    found = _alike(connected, message)
    assert found["connected"] == pattern
    assert list(found) == ["connected", "message"]
