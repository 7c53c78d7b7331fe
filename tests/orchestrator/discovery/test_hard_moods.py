"""Programs with a prompt that says how things are in words, each a small simulated one."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import Chat


class SaysHowItWent(Chat):
    """Has a prompt that says whether the last command has worked."""

    mood = "ready"

    def answer(self, reply: str) -> None:
        self.mood = "failed" if reply.startswith("error") else "ok"
        super().answer(reply)

    @property
    def prompt(self) -> str:
        return f"({self.mood}) > "

    @prompt.setter
    def prompt(self, shown: str) -> None:
        """Ignore what others have."""


class Turns(SaysHowItWent):
    """Has a prompt that turns."""

    def __init__(self, *given: Any) -> None:
        self.signs = itertools.cycle("|/-+")
        super().__init__(*given)

    @property
    def prompt(self) -> str:
        return f"{next(self.signs)} chat: "

    @prompt.setter
    def prompt(self, shown: str) -> None:
        """Ignore what others have."""


@pytest.mark.parametrize(
    ("program", "prompts"),
    [
        (SaysHowItWent, {"(ready) > ", "(ok) > ", "(failed) > "}),
        (Turns, {"| chat: ", "/ chat: ", "- chat: ", "+ chat: "}),
    ],
)
def test_all_forms_of_a_prompt_are_known(
    learned: Learned, program: type[Chat], prompts: set[str]
) -> None:
    found, reader, _ = learned(program)
    assert {*found.console.prompt} == prompts
    assert {"delivered", "undelivered"} == found.lacks.keys()
    assert not any(it.also for it in found.operations.values())
    assert [len(it.block) for notice in found.notices.values() for it in notice] == [1, 1, 1]
    assert reader.outcome("send", "error: no such connection") == (False, {})


class EndsWithoutABreak(Chat):
    """Shows that a connection has ended in two lines, without a break behind the second."""

    def lose(self, other: Chat) -> None:
        number = next(its for its, chat in self.links.items() if chat is other)
        del self.links[number]
        self.prints(self.name, f"--- news ---\npeer {number} has left")


def test_a_notice_without_a_line_break_is_no_prompt(learned: Learned) -> None:
    found, reader, _ = learned(EndsWithoutABreak)
    assert found.console.prompt == ["> "]
    notice = reader.notice(["--- news ---", "peer 3 has left"])
    assert notice
    assert notice.kind == "closed"
