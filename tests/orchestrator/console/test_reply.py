"""Replies, line by line, and the echo that marks where one begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.console.reply import EchoSearch, Reply
from orchestrator.profile import Profile, reader
from tests.orchestrator.console.support import made

DEADLINE = 100.0


@pytest.fixture
def chat(tmp_path: Path) -> Profile:
    """A program with a line editor and an echo."""
    return made(tmp_path, console={"echo": True, "prompt": ["> "], "clear_line": "\x15"})


def search(profile: Profile, verb: str, command: str) -> EchoSearch:
    return EchoSearch(profile, reader(profile), verb, command, DEADLINE)


def fed(one: EchoSearch, *lines: str) -> Reply | None:
    """Feed all lines but the last, which are not to end the reply, then the last."""
    *first, last = lines
    for line in first:
        assert one.feed(f"{line}\r\n", 0.0) is None
    return one.feed(f"{last}\r\n", 0.0)


@pytest.mark.parametrize(
    ("lines", "ok", "fields"),
    [
        (["sent a"], True, {"text": "a"}),
        (["error: no"], False, {}),
        (["sent a", "error: no"], False, {}),
        (["error: no", "sent a"], False, {}),
        (["sent a", "sent b"], True, {"text": "a"}),
        (["neither"], None, {}),
    ],
)
def test_the_first_no_decides_or_else_the_first_yes(
    chat: Profile, lines: list[str], ok: bool | None, fields: dict[str, str]
) -> None:
    reply = Reply("send")
    decided = [reply.take(reader(chat), line) for line in lines]
    assert (reply.ok, reply.fields, reply.lines) == (ok, fields, lines)
    assert reply.unread == [
        line for line, decides in zip(lines, decided, strict=True) if not decides
    ]


def test_rows_are_a_yes_once_no_more_comes(chat: Profile) -> None:
    reply = Reply("list")
    for line in ("id address", "1 10.0.0.2", "2 10.0.0.3"):
        assert not reply.take(reader(chat), line)
    assert [row["id"] for row in reply.rows] == ["1", "2"]
    assert reply.unread == ["id address"]
    assert reply.ok is None
    assert reply.concluded(chat).ok is True


def test_silence_is_a_yes_only_if_the_profile_allows_it(chat: Profile) -> None:
    silent = Reply("terminate").concluded(chat)
    assert (silent.ok, silent.silent) == (True, True)
    assert Reply("send").concluded(chat).ok is None
    assert Reply("terminate", lines=["what?"]).concluded(chat).ok is None


@pytest.mark.parametrize(
    "echo",
    [
        "> send hello",
        "send hello",
        "> > send hello",
        "\x1b[K> send \r\x1b[Chello",  # wrapped
        "> half-typed\r\x1b[K> send hello",  # discarded in front of it
        "\r\x1b[K\r\x1b[1;32m>\x1b[0m send hello",  # in colours
    ],
)
def test_the_reply_follows_the_echo(chat: Profile, echo: str) -> None:
    reply = fed(search(chat, "send", "send hello"), "sent what a person typed", echo, "sent hello")
    if echo.startswith("> > "):
        assert reply is None
        return
    assert reply
    assert (reply.fields, reply.lines) == ({"text": "hello"}, ["sent hello"])


def test_a_control_character_is_echoed_with_a_caret(chat: Profile) -> None:
    assert fed(search(chat, "send", "send \x01\tb"), "> send ^A      b", "sent x")


def test_lines_that_a_person_typed_are_no_reply(chat: Profile) -> None:
    one = search(chat, "send", "send hello")
    reply = fed(one, "> send hello", "> sent by a person", "odd", "sent hello")
    assert reply
    assert (reply.lines, reply.unread) == (["odd", "sent hello"], ["odd"])


def test_without_an_echo_a_reply_is_held_back(chat: Profile) -> None:
    one = search(chat, "send", "send hello")
    assert one.feed("sent early\n", 10.0) is None
    assert one.held
    assert one.held.fields == {"text": "early"}
    assert one.deadline == 10.5
    assert one.feed("sent later\n", 10.2) is None
    assert (one.held.fields, one.deadline) == ({"text": "early"}, 10.5), "the first one stays"
    assert one.feed("> send hello\n", 10.3) is None
    assert one.held is None, "the echo has come after all"
    reply = one.feed("sent hello\n", 10.4)
    assert reply
    assert reply.fields == {"text": "hello"}


def test_a_console_without_echo_needs_none(tmp_path: Path) -> None:
    silent = made(tmp_path, console={"echo": False, "clear_line": "\x15"})
    reply = fed(search(silent, "send", "send hello"), "sent hello")
    assert reply
    assert reply.ok


def test_a_variable_prompt_marks_what_is_typed(tmp_path: Path) -> None:
    console: dict[str, Any] = {"echo": True, "clear_line": "\x15", "prompt_pattern": [r"\d+> "]}
    profile = made(tmp_path, console=console)
    reply = fed(search(profile, "send", "send hi"), "1> sent x", "12> send hi", "sent hi")
    assert reply
    assert reply.lines == ["sent hi"]
