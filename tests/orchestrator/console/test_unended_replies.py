"""Replies without a line break, into which the answer to the lab's own question runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from orchestrator.console.dialogue import SyncedDialogue
from tests.orchestrator.console.support import FakeConsole

MakeScreen = Callable[..., FakeConsole]


def silent_at_first(line: str) -> str:
    """Refuse without a line break, and answer `myport` with one."""
    return "port 5000\n" if line == "myport" else "error: cannot send"


def prompts(line: str) -> str:
    """The same with a prompt behind each."""
    return f"{silent_at_first(line)}[2] > "


@pytest.mark.parametrize(
    ("program", "console"),
    [
        (silent_at_first, {}),
        (prompts, {"prompt": ["[2] > "]}),
        (prompts, {"prompt_pattern": [r"^\[\d+\] > "]}),
    ],
)
def test_the_answer_to_sync_may_run_into_a_reply(
    screen: MakeScreen, program: Callable[[str], str], console: dict[str, Any]
) -> None:
    one = screen(console=console)
    one.answer(program)
    talk = SyncedDialogue(one.console)
    for text in ("hello", "hello again"):
        reply = talk.ask("send", {"text": text})
        assert (reply.ok, reply.lines) == (False, ["error: cannot send"])


@pytest.mark.parametrize("said", ["nothing to do", "waits for an important port 5000000"])
def test_what_no_pattern_reads_is_quoted_without_the_answer_to_sync(
    screen: MakeScreen, said: str
) -> None:
    one = screen()
    one.answer(lambda line: "port 5000\n" if line == "myport" else said)
    reply = SyncedDialogue(one.console).ask("send", {"text": "hello"})
    assert (reply.ok, reply.unread) == (None, [said])


def test_a_number_at_the_end_of_a_line_answers_nothing(screen: MakeScreen) -> None:
    one = screen()
    number = one.console.profile.operations["myport"].model_copy(update={"ok": [r"^\d+$"]})
    operations = {**one.console.profile.operations, "myport": number}
    one.console.profile = one.console.profile.model_copy(update={"operations": operations})
    one.console.reader = type(one.console.reader)(one.console.profile)
    one.answer(lambda line: "5000\n" if line == "myport" else "lost 10.0.0.3:5000\n")
    reply = SyncedDialogue(one.console).ask("send", {"text": "hello"})
    assert (reply.ok, reply.unread) == (None, ["lost 10.0.0.3:5000"])
