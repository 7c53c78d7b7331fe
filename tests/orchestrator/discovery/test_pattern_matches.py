"""Which patterns matched, decided from recorded observations."""

from __future__ import annotations

from dataclasses import replace

import pytest

from orchestrator.discovery.pattern_matches import (
    MatchState,
    NoticeSeen,
    Observations,
    ReplySeen,
    check_patterns,
    unread_lines,
)
from orchestrator.profile import Profile

PROFILE = Profile.model_validate({
    "name": "it", "summary": "it", "port": 5000, "start": {"command": ["it"]}, "ready": "^ready$",
    "console": {"echo": False},
    "operations": {
        "connect": {"send": "connect", "ok": r"^connected (?P<id>\d+)$", "fail": "^no$"},
        "list": {"send": "list", "row": r"^(?P<id>\d+) \S+$"},
    },
    "notices": {"message": {"block": ["^from (?P<address>.*)$", "^text (?P<text>.*)$"]}},
})  # fmt: skip


def states(seen: Observations) -> dict[str, tuple[MatchState, str]]:
    return {check.name: (check.state, check.says) for check in check_patterns(PROFILE, seen)}


def test_a_match_says_what_it_captured() -> None:
    seen = Observations(greeting=["ready"], replies=[
        ReplySeen("connect", True, True, ("connected 3",), "alice connects"),
        ReplySeen("list", True, True, ("3 bob",), "list", rows=True),
    ], notices=[NoticeSeen("message", True, ("from bob", "text hi"), "sent")])  # fmt: skip
    found = states(seen)
    assert found["operations.connect.ok"] == (MatchState.MATCHED, "id: '3'")
    assert found["notices.message"] == (MatchState.MATCHED, "address: 'bob'")
    assert found["notices.message block 2"] == (MatchState.MATCHED, "text: 'hi'")
    assert found["operations.connect.fail"][0] is MatchState.NO_OCCASION


def test_a_mismatch_quotes_the_output() -> None:
    seen = Observations(greeting=["ready"], replies=[
        ReplySeen("connect", True, None, ("you are connected",), "alice connects"),
    ], notices=[NoticeSeen("message", False, (), "alice sent")])  # fmt: skip
    found = states(seen)
    assert found["operations.connect.ok"] == (
        MatchState.UNMATCHED, "no line matched; the output was:\nyou are connected")  # fmt: skip
    assert found["notices.message"][0] is MatchState.UNMATCHED
    assert "(nothing after: alice sent)" in found["notices.message"][1]
    assert unread_lines(PROFILE, seen) == ["you are connected"]


def test_a_program_that_is_never_ready() -> None:
    assert states(Observations(greeting=["hm"]))["ready"][0] is MatchState.UNMATCHED


REPLY = ReplySeen("connect", True, None, ("connected",), "alice connects")


@pytest.mark.parametrize(
    ("replies", "ok", "fail"),
    [
        ([REPLY], MatchState.UNMATCHED, MatchState.NO_OCCASION),
        ([REPLY, replace(REPLY, ok=True)], MatchState.NO_OCCASION, MatchState.NO_OCCASION),
        ([replace(REPLY, right=False)], MatchState.NO_OCCASION, MatchState.UNMATCHED),
        ([replace(REPLY, right=None)], MatchState.NO_OCCASION, MatchState.NO_OCCASION),
        ([replace(REPLY, lines=("no",))], MatchState.UNMATCHED, MatchState.MATCHED),
    ],
    ids=["unread", "one of two is read", "unread refusal", "may fail", "refused"],
)
def test_which_pattern_should_have_matched_a_reply(
    replies: list[ReplySeen], ok: MatchState, fail: MatchState
) -> None:
    found = states(Observations(greeting=["ready"], replies=replies))
    assert found["operations.connect.ok"][0] is ok
    assert found["operations.connect.fail"][0] is fail


def test_a_list_that_should_have_rows() -> None:
    reply = ReplySeen("list", True, True, (), "list at alice", rows=True)
    state, says = states(Observations(replies=[reply]))["operations.list.row"]
    assert state is MatchState.UNMATCHED
    assert says.endswith("(nothing after: list at alice)")


def test_long_output_is_cut() -> None:
    reply = replace(REPLY, lines=tuple(f"line {n} {'x' * 200}" for n in range(9)))
    _, says = states(Observations(replies=[reply]))["operations.connect.ok"]
    assert says.endswith("… and 3 more lines")
    assert max(map(len, says.splitlines())) <= 161  # with the ellipsis
