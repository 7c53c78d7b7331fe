"""Commands that end something and do not, and programs that hang before they are asked to end.

Each is a small simulated program.
"""

from __future__ import annotations

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import Chat


class EndsNothing(Chat):
    """Says that it ended a connection, and keeps it."""

    def do_terminate(self, label: str) -> str:
        self._other(label)
        return f"connection {label} is over now"


class EndsNothingQuietly(EndsNothing):
    """The same in other words, from 0, and without the id."""

    def do_terminate(self, label: str) -> str:
        super().do_terminate(label)
        return "Tschüss!"


@pytest.mark.parametrize(("program", "first_id"), [(EndsNothing, 1), (EndsNothingQuietly, 0)])
def test_a_command_that_does_nothing_is_known_by_its_answer(
    learned: Learned, program: type[EndsNothing], first_id: int
) -> None:
    found, reader, notes = learned(program, first_id=first_id)
    assert found.operations["terminate"].send[0].type == "terminate {id}"
    said = "connection 7 is over now" if program is EndsNothing else "Tschüss!"
    assert reader.outcome("terminate", said) != (False, {})
    assert "terminate" not in found.lacks
    assert any("ended no connection, though it was answered" in note for note in notes)


class HangsAfterAnEnd(Chat):
    """Answers no more once another peer has ended a connection with it."""

    hangs = False

    def enter(self, line: str) -> None:
        if not self.hangs:
            super().enter(line)

    def lose(self, other: Chat) -> None:
        super().lose(other)
        self.hangs = not other.ended


class HangsAfterAMessage(HangsAfterAnEnd):
    """The same once it was shown four messages."""

    seen = 0

    def lose(self, other: Chat) -> None:
        Chat.lose(self, other)

    def show(self, number: int, text: str) -> None:
        super().show(number, text)
        self.seen += 1
        self.hangs = self.seen > 3


@pytest.mark.parametrize("program", [HangsAfterAnEnd, HangsAfterAMessage])
def test_a_program_that_hangs_can_still_be_asked_to_leave(
    learned: Learned, program: type[HangsAfterAnEnd]
) -> None:
    found, reader, _ = learned(program)
    assert found.operations["exit"].send[0].type == "exit"
    assert reader.outcome("exit", "goodbye") == (True, {})
