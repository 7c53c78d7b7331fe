"""Whether patterns matched, judged from what was heard."""

from __future__ import annotations

from orchestrator.discovery.matching import Asked, Heard, State, Told, check, unread
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


def states(heard: Heard) -> dict[str, tuple[State, str]]:
    return {each.name: (each.state, each.says) for each in check(PROFILE, heard)}


def test_what_matched_says_what_it_caught() -> None:
    heard = Heard(greeting=["ready"], asked=[
        Asked("connect", True, True, ("connected 3",), "alice connects"),
        Asked("list", True, True, ("3 bob",), "list", rows=True),
    ], told=[Told("message", True, ("from bob", "text hi"), "sent")])  # fmt: skip
    found = states(heard)
    assert found["verbs.connect.ok"] == (State.MATCHED, "id: '3'")
    assert found["notices.message"] == (State.MATCHED, "address: 'bob'")
    assert found["notices.message block 2"] == (State.MATCHED, "text: 'hi'")
    assert found["verbs.connect.fail"][0] is State.NO_OCCASION


def test_what_did_not_match_says_what_came() -> None:
    heard = Heard(greeting=["ready"], asked=[
        Asked("connect", True, None, ("you are connected",), "alice connects"),
    ], told=[Told("message", False, (), "alice sent")])  # fmt: skip
    found = states(heard)
    assert found["verbs.connect.ok"] == (
        State.UNMATCHED, "no line matched; what came was:\nyou are connected")  # fmt: skip
    assert found["notices.message"][0] is State.UNMATCHED
    assert "(nothing when alice sent)" in found["notices.message"][1]
    assert unread(PROFILE, heard) == ["you are connected"]


def test_a_program_that_is_never_ready() -> None:
    assert states(Heard(greeting=["hm"]))["ready"][0] is State.UNMATCHED
