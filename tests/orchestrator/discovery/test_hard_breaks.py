"""Programs that print no line break behind some of what they say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import MENU, Chat


class FailsWithoutBreak(Chat):
    """Has no prompt, and no line break where it could not connect."""

    said = {"error: cannot connect": "Nobody is there!!!"}

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.prompt = ""

    def answer(self, reply: str) -> None:
        if reply in self.said:
            self.prints(self.name, self.said[reply] + self.prompt)
        else:
            super().answer(reply)


class FailsInFrontOfThePrompt(FailsWithoutBreak):
    """The same where an id is wrong, and a prompt that runs into it."""

    said = {"error: no such connection": "Nobody is there", "error: not a number": "What?!"}

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.prompt = "[chat] "


@pytest.mark.parametrize(
    ("program", "verb", "prompt"),
    [(FailsWithoutBreak, "connect", []), (FailsInFrontOfThePrompt, "send", ["[chat] "])],
)
def test_a_refusal_without_a_line_break_is_one(
    learned: Learned, program: type[FailsWithoutBreak], verb: str, prompt: list[str]
) -> None:
    found, reader, _ = learned(program)
    assert len(found.operations) == 9
    assert found.console.prompt == prompt
    refusal = next(iter(program.said.values()))
    assert reader.outcome(verb, refusal) == (False, {})
    assert not found.operations["connect"].silent


class AsksWithItsPrompt(Chat):
    """Takes numbers, and asks for arguments with the sign of its prompt."""

    @property
    def greeting(self) -> str:
        return "\n".join(MENU) + f"\n{self.prompt}"


@pytest.mark.parametrize("prompt", ["choice> ", "? "])
def test_a_question_is_no_refusal(learned: Learned, prompt: str) -> None:
    found, reader, _ = learned(AsksWithItsPrompt, menu=True, prompt=prompt)
    assert len(found.operations) == 9
    for question in ("IP address", "IP address:", "Port", "Connection id", "Message"):
        for verb in ("connect", "send", "terminate"):
            assert reader.outcome(verb, question) is None
