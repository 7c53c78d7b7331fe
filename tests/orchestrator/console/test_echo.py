"""What a program says, without echoes, prompts and questions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.console.echo import Echoes
from orchestrator.profile import InputLine, Start
from tests.orchestrator.console.support import made


@pytest.fixture
def echoes(tmp_path: Path) -> Any:
    """Make one; the arguments are those of the profile's console."""

    def make(*, echo: bool = True, **console: Any) -> Echoes:
        return Echoes(made(tmp_path, console={"echo": echo, **console}))

    return make


def test_an_echo_is_dropped_once(echoes: Any) -> None:
    some = echoes(prompt=["> ", "chat$ "])
    some.typed("send 1 hello")
    assert some.said("> > send 1 hello") is None
    assert some.said("send 1 hello") == "send 1 hello", "the echo has come: the program says it"
    assert some.said("> send 1 hello") is None, "a line editor shows it a second time"


def test_an_echo_may_show_controls_and_be_wrapped(echoes: Any) -> None:
    some = echoes(prompt=["chat$ "])
    some.typed("odd\ttab \x01")
    assert some.said("chat$ odd     tab ^A") is None
    some.typed("two words")
    assert some.said("two  \rwords") is None


@pytest.mark.parametrize("line", ["> ", ">", "> > ", "", "   "])
def test_a_prompt_says_nothing(echoes: Any, line: str) -> None:
    assert echoes(prompt=["> "]).said(line) is None


def test_only_the_prompt_in_front_is_removed(echoes: Any) -> None:
    some = echoes(prompt=["> ", "chat$ "])
    assert some.said("chat$ bob: hi > there") == "bob: hi > there"
    assert list(some.suffixes("> chat$ x")) == ["> chat$ x", "chat$ x", "x"]


def test_a_prompt_may_be_a_pattern(echoes: Any) -> None:
    some = echoes(prompt_pattern=[r"chat\(\d+\)> $", r"\d+: "])
    some.typed("list")
    assert some.said("chat(3)> list") is None
    assert some.said("chat(3)>") is None, "blanks at the end may be missing"
    assert some.said("12: hello") == "hello"


def test_without_an_echo_nothing_is_expected(echoes: Any) -> None:
    some = echoes(echo=False)
    some.typed("x")
    assert some.said("x") == "x"


def test_once_everything_is_answered_no_echo_is_expected(echoes: Any) -> None:
    some = echoes()
    some.typed("x")
    some.forget_typed()
    assert some.said("x") == "x"


def test_the_echo_after_a_question_is_dropped_with_it(echoes: Any) -> None:
    some = echoes(prompt=["Choice: "])
    some.typed("bob")
    assert some.said("Choice: Whom? You are connected") == "You are connected"
    assert some.said("Choice: Whom? bob") is None
    assert some.said("Whom? carol") == "carol", "nothing else was typed"
    some.typed("carol")
    assert some.said("Whom? carol") is None


def test_a_question_may_begin_with_another(tmp_path: Path) -> None:
    answers = [
        InputLine(type="{name}", after=r"Your name\?"),
        InputLine(type="{port}", after=r"Your name\? Your port\?"),
    ]
    start = Start(command=["program"], answers=answers)
    some = Echoes(made(tmp_path, start=start))
    assert some.said("Your name? Your port? welcome") == "welcome"


def test_only_the_last_lines_are_remembered(echoes: Any) -> None:
    some = echoes()
    for number in range(65):
        some.typed(f"line {number}")
    assert some.said("line 0") == "line 0"
    assert some.said("line 64") is None
