"""What programs ask and say at their start, each a small simulated one.

A profile that was learned must read the program rightly: what is said below is what a person would
say who looks at its consoles.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat


class AsksFirst(Chat):
    """Asks at its start, in words of its own, and greets the answer."""

    asks: Sequence[str] = ("What shall we call you? ",)
    names: tuple[str, ...] = ()

    @property
    def greeting(self) -> str:
        return f"welcome\n{self.asks[0]}"

    def enter(self, line: str) -> None:
        if len(self.names) == len(self.asks):
            super().enter(line)
            return
        self.names = (*self.names, line)
        if len(self.names) < len(self.asks):
            self.prints(self.name, self.asks[len(self.names)])
        else:
            self.answer(f"hi {line}, on port {PORT}")


class AsksTwice(AsksFirst):
    """Asks two things, and has no prompt."""

    asks = ("Your call sign: ", "Which room would you like? ")


@pytest.mark.parametrize(("program", "prompt"), [(AsksFirst, "> "), (AsksTwice, "")])
def test_a_question_at_the_start_is_known_by_never_coming_again(
    learned: Learned, program: type[AsksFirst], prompt: str
) -> None:
    found, reader, notes = learned(program, prompt=prompt)
    assert notes == []
    assert [answer.type for answer in found.start.answers] == ["{name}"] * len(program.asks)
    assert [(answer.after or "").replace("\\", "") for answer in found.start.answers] == [
        question.strip() for question in program.asks
    ]
    assert len(found.operations) == 9
    assert reader.outcome("connect", f"connected to 10.0.0.9:{PORT}")


class StatusFirst(Chat):
    """Has a status in front of its first prompt, which looks like a question."""

    first = "ready at {address} What now? "

    @property
    def greeting(self) -> str:
        return self.first.format(address=HOSTS[self.name])


class PromptsOnce(StatusFirst):
    """Prints what looks like a question once, and takes commands at once."""

    first = "Type your commands: "


@pytest.mark.parametrize(("program", "prompt"), [(StatusFirst, "What now? "), (PromptsOnce, "")])
def test_a_prompt_is_no_question(learned: Learned, program: type[Chat], prompt: str) -> None:
    found, _, _ = learned(program, prompt=prompt)
    assert found.start.answers == []
    assert len(found.operations) == 9
