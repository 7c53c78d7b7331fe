"""What only error messages begin with."""

from __future__ import annotations

import pytest

from orchestrator.discovery.beginnings import common_beginnings

COMMANDS = ("connect", "send", "terminate")


def test_beginnings_that_only_errors_share() -> None:
    errors = ["error: no peer", "error: no port", "? what", "[no] peer", "[no] port", "bad bad"]
    assert common_beginnings(errors, ["ok"]) == ["^error:", r"^\[no\]"]
    assert common_beginnings(errors, ["error: none so far"]) == [r"^\[no\]"]
    assert common_beginnings(["error: no peer"] * 2, []) == []
    assert common_beginnings([], ["ok"]) == []


def test_a_time_in_front_is_any_time() -> None:
    errors = ["02:03:04 ERROR: no peer", "02:03:09 ERROR: no port"]
    assert common_beginnings(errors, ["02:03:01 INFO: ready"]) == [r"^\d+:\d+:\d+ ERROR:"]
    assert common_beginnings([*errors[:1], "02:03:09 ERROR: no peer"], []) == []


@pytest.mark.parametrize(
    ("errors", "others", "found"),
    [
        (
            ["[send] error: no id", "[connect] error: no host"],
            ["[send] done", "[connect] as 1"],
            [r"^\[(?:connect|send|terminate)\] error:"],
        ),
        (
            ["[SEND] no such peer: 9", "[TERMINATE] no such peer: 9", "[CONNECT] refused"],
            ["[SEND] ok"],
            [r"^\[(?:CONNECT|SEND|TERMINATE)\] no such peer:"],
        ),
        (["send: what?", "connect: timed out"], ["sent"], ["^(?:connect|send|terminate):"]),
        (
            ["Send failed, no id", "Connect failed, bad port"],
            [],
            ["^(?:Connect|Send|Terminate) failed,"],
        ),
        (["send what?", "connect where?"], ["send it"], []),
    ],
)
def test_the_word_of_a_command_is_any_of_them(
    errors: list[str], others: list[str], found: list[str]
) -> None:
    assert common_beginnings(errors, others, COMMANDS) == found


def test_a_single_complaint_shares_nothing_with_what_begins_like_it() -> None:
    errors = ["[send] no id", "[connect] no host", "[connect] timed out"]
    assert common_beginnings(errors, ["[connect] done", "[send] done"], COMMANDS) == []


def test_what_was_typed_may_be_anything() -> None:
    errors = ["send: there is no 97", "terminate: there is no 97", "terminate: there is no vkbj"]
    others = ["send: sent", "terminate: ended"]
    found = common_beginnings(errors, others, COMMANDS, ["vkbj"])
    assert found == [r"^(?:connect|send|terminate): there is no -?\w+\b"]
