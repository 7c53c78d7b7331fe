"""Consoles of unmodified programs: silence, questions, blocks, prompts in the middle of a line."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator import profile
from orchestrator.console import dialogue
from orchestrator.console.session import Session
from orchestrator.errors import NoAnswerError
from orchestrator.runner import outcomes
from tests.orchestrator.support import PROGRAMS, LivePeers
from tests.programs.styled import styled, verb

SOON = 10.0  # seconds; a third of the wait for a reply that does not come


@pytest.fixture
def begin(process_place: Callable[[], LivePeers]) -> Callable[..., Session]:
    """Start a program in a style."""

    def one(style: str, **changes: Any) -> Session:
        (session,) = process_place().start(["alice"], styled(style, **changes))
        return session

    return one


@pytest.mark.parametrize("ready", ["^listening soon$", ""])
def test_a_peer_is_ready_when_it_listens_whatever_it_says(
    process_place: Callable[[], LivePeers], tmp_path: Path, ready: str
) -> None:
    text = (PROGRAMS / "late.yaml").read_text()
    given = {"PROGRAM": str(PROGRAMS / "late.py"), "DELAY": "0.3"}
    for word, value in given.items():
        text = text.replace(word, value)
    (tmp_path / "late.yaml").write_text(text)
    late = profile.load(str(tmp_path / "late.yaml")).model_copy(update={"ready": ready})
    alice, bob = process_place().start(["alice", "bob"], late)
    assert bob.peer.listens(), "it is ready"
    assert alice.ask("connect", address=bob.peer.address, port=bob.peer.port).ok


def lines(*several: str) -> list[profile.InputLine]:
    """Return the lines of a command, each as `question|text` or as `text` alone."""
    parts = (line.rpartition("|") for line in several)
    return [profile.InputLine(type=typed, after=after) for after, _, typed in parts]


@pytest.mark.parametrize("style", ["plain", "prompt"])
def test_echoes_and_prompts_are_no_reply(begin: Any, style: str) -> None:
    session = begin(style, console={"prompt": [">> "]})
    for text in ("hi", "  two  blanks ", "send send", "x" * 3_000, "é 日本 👋"):
        reply = session.ask("send", text=text)
        assert (reply.ok, reply.fields["text"]) == (True, text)
        assert reply.lines == [f"sent {text}"]


@pytest.fixture
def long_waits(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Make every wait in vain long; return the changes to a profile for that."""
    monkeypatch.setattr(dialogue, "_GRACE", 3 * SOON)
    return {"answer_within": 4 * SOON, "console": {"quiet": 3 * SOON}}


def test_silence_is_recognised_without_waiting(begin: Any, long_waits: dict[str, Any]) -> None:
    silent = styled("silent")
    session = begin("silent", operations=verb(silent, "send", silent=True, ok=[]), **long_waits)
    began = time.monotonic()
    reply = session.ask("send", text="hi")
    assert (reply.ok, reply.silent, reply.lines) == (True, True, [])
    replies = [*session.ask_all("send", [{"text": f"{n}"} for n in range(40)])]
    assert [reply.ok for reply in replies] == [True] * 40
    assert time.monotonic() - began < SOON, "it was not waited for"


def test_a_reply_that_no_pattern_reads_is_unread(begin: Any, long_waits: dict[str, Any]) -> None:
    session = begin("plain", **long_waits)
    began = time.monotonic()
    reply = session.ask("raw", line="odd")
    assert (reply.ok, reply.lines) == (None, ["what no pattern reads"])
    reply = session.ask("raw", line="quux")
    assert (reply.ok, reply.lines) == (False, ["error: no quux"])
    reply = session.ask("raw", line="twice")
    assert reply.lines in (["port 5000"], []), "it answers as `sync` does"
    assert session.ask("send", text="and goes on").fields["text"] == "and goes on"
    assert time.monotonic() - began < SOON


def test_an_answer_to_more_than_was_typed_is_no_answer(begin: Any) -> None:
    session = begin("waits", answer_within=1.5)
    reply = session.ask("send", text="")
    assert (reply.ok, reply.lines) == (False, ["error: myport is no text"])
    assert reply.took_more
    assert not outcomes.is_answered(reply)
    reply = session.ask("raw", line="quux")
    assert outcomes.is_answered(reply)


def test_without_sync_an_answer_that_no_pattern_reads_is_returned(begin: Any) -> None:
    verbs = verb(styled("plain"), "send", ok=["^something else$"])
    session = begin("plain", sync="", operations=verbs, answer_within=0.4)
    reply = session.ask("send", text="hi")
    assert (reply.ok, reply.lines) == (None, ["sent hi"])


def test_a_list_ends_when_the_program_has_finished_it(begin: Any) -> None:
    session = begin("prompt", console={"prompt": [">> "]})
    for count in range(3):
        reply = session.ask("list")
        assert reply.ok
        assert [row["id"] for row in reply.rows] == [f"{n}" for n in range(count)]


def test_a_verb_that_comes_first_is_asked_each_time(begin: Any) -> None:
    session = begin("plain")
    assert session.ask("terminate").fields["count"] == "1"
    session.ask("list")
    assert session.ask("terminate").fields["count"] == "1", "it was asked a moment ago"


def test_arguments_are_typed_when_they_are_asked_for(begin: Any) -> None:
    plain = styled("menu")
    verbs = verb(plain, "myport", send=lines("1"))
    verbs |= verb(plain, "send", send=lines("2", r"^To whom\?|{id}", r"^What\? $|{text}"))
    verbs |= verb(plain, "raw", send=lines("{line}", r"^To whom\?|bob"))
    session = begin("menu", operations=verbs, console={"prompt": ["Choice: "]}, errors=["^no such"])
    for text in ("hi", "  two  blanks ", "2"):
        reply = session.ask("send", id="bob", text=text)
        assert reply.fields["text"] == f"bob: {text}"
    reply = session.ask("raw", line="7")
    assert (reply.ok, reply.lines) == (False, ["no such choice"]), "nothing more was typed"
    assert session.ask("send", id="bob", text="hi").lines == ["sent bob: hi"]


def test_a_reply_after_the_next_prompt(begin: Any) -> None:
    session = begin("late", console={"prompt": ["$ "]})
    for number in range(3):
        assert session.ask("send", text=f"{number}").fields["text"] == f"{number}"


def test_a_notice_in_a_block_of_lines(process_place: Callable[[], LivePeers]) -> None:
    plain = styled("block")
    plain = plain.model_copy(
        update={"operations": plain.operations | verb(plain, "send", silent=True, ok=[])}
    )
    place = process_place()
    (session,) = place.start(["alice"], plain)
    for text in ("hi", 'a "quoted" text', ""):
        assert session.ask("send", text=text).silent
    notices = [notice.fields for notice in place.notices["alice"]]
    assert notices[0] == {"address": "10.0.0.2", "port": "4444", "text": "hi"}
    assert [fields["text"] for fields in notices] == ["hi", 'a "quoted" text', ""]


def test_a_program_that_asks_for_its_port(begin: Any) -> None:
    start = {"answers": lines(r"^Which port\?|{port}")}
    session = begin("asks", start=start, ready=r"^listening at (?P<port>\d+)$")
    assert session.transcript.screen()[0] == f"Which port? listening at {session.peer.port}"
    assert session.ask("send", text="hi").ok


def test_an_answer_to_sync_can_mean_ready(begin: Any) -> None:
    session = begin("plain", ready="")
    assert session.ask("send", text="hi").lines == ["sent hi"]


def test_a_prompt_that_changes(begin: Any) -> None:
    session = begin("counts", console={"prompt_pattern": [r"chat\(\d+\)> "]})
    for count in range(3):
        reply = session.ask("list")
        assert (reply.lines[0], len(reply.rows), reply.unread) == ("id  address  port", count, [])
        assert session.ask("send", text=" two  blanks").fields["text"] == " two  blanks"


def test_a_prompt_that_the_profile_lacks_hides_the_answers(begin: Any) -> None:
    with pytest.raises(NoAnswerError, match=r"could not read 'chat\(0\)> port 5000'"):
        begin("counts", ready_within=0.5)


@pytest.mark.parametrize("echo", [False, True])
def test_lines_that_no_pattern_reads_are_reported(
    process_place: Callable[[], LivePeers], *, echo: bool
) -> None:
    place = process_place()
    block = styled("block")
    plain = styled("block", notices={}, operations=verb(block, "list", row="never"),
                  console={"echo": echo})  # fmt: skip
    (session,) = place.start(["alice"], plain)
    for _ in range(2):
        assert session.ask("list").rows == []
    assert session.ask("raw", line="send hi").ok is None
    unread = {line.line: line.fields.get("answer", "") for line in place.unread["alice"]}
    assert unread.pop("commands: myport, send, list") == "", "it came unasked"
    assert unread == {
        "0  10.0.0.0  5000": "list",
        "Message received from 10.0.0.2": "raw",
        "Sender port: 4444": "raw",
        'Message: "hi"': "raw",
    }
