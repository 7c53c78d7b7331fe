"""Programs that take `exit` in silence and live on."""

from __future__ import annotations

from typing import Any

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import VERBS, Chat


class StaysAwake(Chat):
    """Names `exit` in its help, and has not written it."""

    def do_help(self) -> str:
        return "\n".join(f"{verb}: does it" for verb in VERBS)

    def do_exit(self) -> str:
        return ""


class StopsReading(StaysAwake):
    """Reads no more of its console, while its other threads keep it alive."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.is_deaf = False

    def enter(self, line: str) -> None:
        if not self.is_deaf:
            super().enter(line)

    def answer(self, reply: str) -> None:
        if not self.is_deaf:
            super().answer(reply)

    def do_exit(self) -> str:
        self.is_deaf = True
        return ""


@pytest.mark.parametrize("program", [StaysAwake, StopsReading])
def test_an_exit_that_ends_nothing_is_one_all_the_same(
    learned: Learned, program: type[Chat]
) -> None:
    found, _, notes = learned(program)
    assert found.operations["exit"].send[0].type == "exit"
    assert found.operations["exit"].silent
    assert "exit" not in found.lacks
    assert "exit did not end it, though its help names that" in notes


class AnswersNothingUnknown(StaysAwake):
    """Takes every word in silence that it does not know, so that silence says nothing."""

    def answer(self, reply: str) -> None:
        super().answer("" if "bad command" in reply else reply)


class KeepsQuietAboutIt(StaysAwake):
    """Does not name `exit` in its help."""

    def do_help(self) -> str:
        return "\n".join(f"{verb}: does it" for verb in VERBS[:-1])


@pytest.mark.parametrize("program", [AnswersNothingUnknown, KeepsQuietAboutIt])
def test_silence_is_no_exit_where_it_may_be_anything(learned: Learned, program: type[Chat]) -> None:
    found, _, _ = learned(program)
    assert "exit" not in found.operations
    assert found.lacks["exit"].doubt
