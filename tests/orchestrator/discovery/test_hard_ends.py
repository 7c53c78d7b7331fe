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


class ShowsTraces(Chat):
    """Shows where its reader was when it ended a connection, before it says so."""

    trace = "java.net.SocketException: Socket closed\n\tat Peer.listen(Peer.java:30)"

    def do_terminate(self, label: str) -> str:
        return f"{self.trace}\n{super().do_terminate(label)}"


class ShowsTracebacks(ShowsTraces):
    """The same in Python."""

    trace = (
        "Traceback (most recent call last):\n"
        '  File "chat.py", line 9, in listen\nOSError: [Errno 9] Bad file descriptor'
    )


@pytest.mark.parametrize("program", [ShowsTraces, ShowsTracebacks])
def test_a_trace_of_what_has_worked_refuses_nothing(
    learned: Learned, program: type[ShowsTraces]
) -> None:
    _, reader, _ = learned(program)
    lines = [line.expandtabs(4) for line in program.trace.split("\n")]
    outcomes = [reader.outcome("terminate", line) for line in [*lines, "ended connection 3"]]
    assert [it and it[0] for it in outcomes] == [*[None] * len(lines), True]
