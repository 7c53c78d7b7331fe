"""Lines below what replies say: those that end every one of them, and advice for who mistypes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import VERBS, Chat


class SaysWhenItIsDone(Chat):
    """Ends every reply, but not its greeting, with a line that says so."""

    end = "Done."

    def answer(self, reply: str) -> None:
        super().answer(f"{reply}\n{self.end}" if reply else self.end)


class SaysNothingElse(SaysWhenItIsDone):
    """The same in two lines, and no more where others confirm something."""

    end = "-> OK\n   next, please"

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        return reply if "error" in reply else ""

    def do_send(self, label: str, text: str) -> str:
        super().do_send(label, text)
        return ""


class HasNoPrompt(SaysWhenItIsDone):
    """The same without a prompt."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.prompt = ""


@pytest.mark.parametrize("program", [SaysWhenItIsDone, SaysNothingElse, HasNoPrompt])
def test_a_line_below_every_reply_does_not_say_how_it_went(
    learned: Learned, program: type[SaysWhenItIsDone]
) -> None:
    found, reader, _ = learned(program)
    assert len(found.operations) == 9
    assert not {*VERBS} & {*found.lacks}
    assert found.sync
    for line in program.end.split("\n"):
        assert line in found.console.prompt
        for verb in ("connect", "send", "terminate", "list", "raw"):
            assert reader.outcome(verb, line) is None
    assert found.operations["send"].silent is (program is SaysNothingElse)
    assert reader.outcome("send", "error: no such connection") == (False, {})
    assert reader.outcome("terminate", "ended connection 1") == (True, {"id": "1"})


class AdvisesBelowMistakes(Chat):
    """Gives advice below each mistake, and nowhere else."""

    advice = "Type help for the commands"

    def answer(self, reply: str) -> None:
        super().answer(f"{reply}\n{self.advice}" if "error" in reply else reply)


class AnswersMistakesWithAll(AdvisesBelowMistakes):
    """Says all that there is to know instead."""

    advice = "usage: connect <ip> <port>\nusage: send <id> <message>"


@pytest.mark.parametrize("program", [AdvisesBelowMistakes, AnswersMistakesWithAll])
def test_advice_below_mistakes_alone_is_no_prompt(
    learned: Learned, program: type[AdvisesBelowMistakes]
) -> None:
    found, reader, _ = learned(program)
    assert len(found.operations) == 9
    assert found.console.prompt == ["> "]
    assert reader.outcome("send", program.advice.split("\n")[-1]) == (False, {})
