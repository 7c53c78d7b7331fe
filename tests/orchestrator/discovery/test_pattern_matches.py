"""Which patterns matched, decided from recorded observations."""

from __future__ import annotations

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
    "verbs": {
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
    assert found["verbs.connect.ok"] == (MatchState.MATCHED, "id: '3'")
    assert found["notices.message"] == (MatchState.MATCHED, "address: 'bob'")
    assert found["notices.message block 2"] == (MatchState.MATCHED, "text: 'hi'")
    assert found["verbs.connect.fail"][0] is MatchState.NO_OCCASION


def test_a_mismatch_quotes_the_output() -> None:
    seen = Observations(greeting=["ready"], replies=[
        ReplySeen("connect", True, None, ("you are connected",), "alice connects"),
    ], notices=[NoticeSeen("message", False, (), "alice sent")])  # fmt: skip
    found = states(seen)
    assert found["verbs.connect.ok"] == (
        MatchState.UNMATCHED, "no line matched; the output was:\nyou are connected")  # fmt: skip
    assert found["notices.message"][0] is MatchState.UNMATCHED
    assert "(nothing after: alice sent)" in found["notices.message"][1]
    assert unread_lines(PROFILE, seen) == ["you are connected"]


def test_a_program_that_is_never_ready() -> None:
    assert states(Observations(greeting=["hm"]))["ready"][0] is MatchState.UNMATCHED
