"""Consoles of which nothing is known, read."""

from __future__ import annotations

from orchestrator.discovery.screen import edits, prompts_in, read


def test_an_echo_is_no_reply() -> None:
    shown = read("list\r\nnobody\r\n> ", "list", ["> "])
    assert shown.lines == ("nobody",)
    assert shown.echoed
    assert shown.rest == "> "


def test_a_line_that_ends_like_what_was_typed_is_a_reply() -> None:
    assert read("End of list\r\n", "list").lines == ("End of list",)


def test_a_line_editor_draws_the_prompt_again() -> None:
    raw = "\x1b[?2004l\r% list\r\n\x1b[?2004l\r1 10.0.0.2\r\n\x1b[?2004h% "
    assert edits(raw)
    assert read(raw, "list", ["% "]).lines == ("1 10.0.0.2",)


def test_a_notice_behind_a_prompt() -> None:
    assert read("> hello\r\n", "", ["> "]).lines == ("hello",)


def test_a_menu_that_is_printed_each_time_belongs_to_the_prompt() -> None:
    menu = ["1. help", "2. exit"]
    found = prompts_in(["? ", "? "], [["welcome", *menu], ["no such choice", *menu]])
    assert found == ["? ", *menu]


def test_control_characters_do_not_get_through() -> None:
    assert read("a\x07b\n").lines == ("a\ufffdb",)
