"""The message about an act that did not end as wanted, from entries alone."""

from __future__ import annotations

from typing import Any

import pytest

from orchestrator.history.entries import Entry, History, Type
from orchestrator.pytest_plugin.reporting import mismatch
from orchestrator.runner.peers import PeerGroup

OK = {"outcome": "ok"}


def message(verb: str, outcome: Type, wants: dict[str, Any], **fields: object) -> list[str]:
    """Return the lines about one operation at alice's console."""
    entries = [
        Entry(1.0, "invoke", "alice", verb, 7, {"wants": wants, **fields}),
        Entry(1.5, outcome, "alice", verb, 7, {"wants": wants, **fields}),
    ]
    return mismatch(entries, PeerGroup(History())).splitlines()


def row(peer: str) -> dict[str, str]:
    return {"id": "1", "peer": peer, "address": "10.0.0.9", "port": "5000"}


def test_an_act_that_is_as_wanted_has_none() -> None:
    assert message("connect", "ok", OK, to="bob", said="ok: connected") == []
    assert message("connect", "fail", {}, to="bob", said="error: busy") == []
    assert message("list", "ok", {**OK, "shows": ["bob"]}, rows=[row("bob")]) == []


@pytest.mark.parametrize(
    ("verb", "outcome", "wants", "fields", "wanted", "came"),
    [
        ("connect", "fail", OK, {"to": "bob", "said": "error: no"}, "to be done", "error: no"),
        ("connect", "info", OK, {"to": "bob"}, "to be done", "no answer"),
        (
            "connect", "ok", {"outcome": "fail", "says": "busy"}, {"to": "bob", "said": "ok"},
            "to be refused, with 'busy' in the answer", "ok",
        ),
        (
            "list", "ok", {**OK, "shows": ["dave", "carol"]}, {"rows": [row("bob"), row("")]},
            "to list carol, dave", "a stranger, bob",
        ),
        ("list", "ok", {**OK, "shows": []}, {"rows": [row("bob")]}, "to list no one", "bob"),
        ("exit", "ok", {**OK, "status": 0}, {"status": 3}, "to exit with status 0", "status 3"),
        (
            "type", "ok", {**OK, "says": "5000"}, {"line": "myport", "said": "ok: 1\n\x1b"},
            "to be done, with '5000' in the answer", "ok: 1 ⏎ \ufffd",
        ),
    ],
)  # fmt: skip
def test_what_was_wanted_and_what_came(
    verb: str, outcome: Type, wants: dict[str, Any], fields: dict[str, Any], wanted: str, came: str
) -> None:
    first, *rest = message(verb, outcome, wants, **fields)
    assert first.startswith("at 1.000 s, ")
    assert rest == [f"  wanted: {wanted}", f"  came:   {came}"]


def test_characters_that_differ_are_marked() -> None:
    wants = {**OK, "says": "ok: 5001"}
    *_, ours, marks, theirs, same = message("type", "ok", wants, line="myport", said="ok: 5000")
    assert (ours, theirs) == ("    ok: 5001", "    ok: 5000")
    assert marks == same == "           ^"


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({"kind": "message", "of": "bob", "text": "hi"}, "message from bob: 'hi'"),
        ({"kind": "message", "of": "bob", "text": "two  "}, "message from bob: 'two··'"),
        ({"kind": "closed", "of": "bob"}, "closed from bob"),
        ({"kind": "line", "line": "^x"}, "line: '^x'"),
    ],
)
def test_an_expectation_that_is_not_met(fields: dict[str, str], wanted: str) -> None:
    lines = message("expect", "fail", {}, said="nothing of the kind within 1 s", **fields)
    assert lines[1:] == [f"  wanted: {wanted}", "  came:   nothing of the kind within 1 s"]


def test_the_first_mismatch_of_several_acts_is_reported() -> None:
    entries = [
        Entry(1.0, "invoke", "alice", "send", number, {"wants": OK, "to": "bob"})
        for number in (1, 2, 3)
    ]
    entries += [
        Entry(2.0, "ok", "alice", "send", 1, {"said": "sent"}),
        Entry(2.0, "fail", "alice", "send", 2, {"said": "second"}),
        Entry(2.0, "fail", "alice", "send", 3, {"said": "third"}),
    ]
    text = mismatch(entries, PeerGroup(History()))
    assert "second" in text
    assert "third" not in text
