"""Reading raw output of consoles of which nothing is known."""

from __future__ import annotations

import re

import pytest

from orchestrator.discovery.evidence import (
    find_prompts,
    is_printed_over,
    is_prompt,
    prompt_pattern,
    read_output,
    uses_line_editor,
)


def test_an_echo_is_not_a_reply() -> None:
    output = read_output("list\r\nnobody\r\n> ", "list", ["> "])
    assert output.lines == ("nobody",)
    assert output.echoed
    assert output.rest == "> "


def test_a_line_that_ends_like_the_input_is_a_reply() -> None:
    assert read_output("End of list\r\n", "list").lines == ("End of list",)


def test_a_line_editor_draws_the_prompt_again() -> None:
    raw = "\x1b[?2004l\r% list\r\n\x1b[?2004l\r1 10.0.0.2\r\n\x1b[?2004h% "
    assert uses_line_editor(raw)
    assert read_output(raw, "list", ["% "]).lines == ("1 10.0.0.2",)


def test_a_notice_after_a_prompt() -> None:
    assert read_output("> hello\r\n", "", ["> "]).lines == ("hello",)


def test_a_repeated_menu_is_part_of_the_prompt() -> None:
    menu = ["1. help", "2. exit"]
    found = find_prompts(["? ", "? "], [["welcome", *menu], ["no such choice", *menu]])
    assert found == ["? ", *menu]


def test_control_characters_are_replaced() -> None:
    assert read_output("a\x06b\n").lines == ("a\ufffdb",)
    assert read_output("a\x07b\n").lines == ("ab",), "a bell is not seen"


@pytest.mark.parametrize(
    ("seen", "elsewhere"),
    [
        ("ada@lab-17:~/chat$ ", "peer@alice:/program$ "),
        ("root@vm> ", "peer@mars.example> "),
        ("(alice:5000) ", "(bob:6000) "),
    ],
)
def test_a_prompt_may_name_the_user_the_host_and_the_folder(seen: str, elsewhere: str) -> None:
    assert is_prompt(elsewhere, [seen])
    assert re.fullmatch(prompt_pattern(seen), elsewhere)
    assert not is_prompt("anything else> ", [seen])


@pytest.mark.parametrize("said", ["chat> Connection 2 closed\r\n", "Bye\r\nchat> bob has left\r\n"])
def test_what_stands_behind_a_prompt_came_from_another_thread(said: str) -> None:
    assert is_printed_over(said, "terminate 2", ["chat> ", ""])


@pytest.mark.parametrize("said", [
    "chat> terminate 2\r\n",  # the line editor draws the line again
    "chat> ",  # nothing follows
    "Connection 2 closed\r\n",
    "usage: chat> commands\r\n",
])  # fmt: skip
def test_a_line_is_no_sign_of_a_prompt_without_one_in_front(said: str) -> None:
    assert not is_printed_over(said, "terminate 2", ["chat> ", ""])
