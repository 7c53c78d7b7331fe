"""Programs that take `exit` in silence and live on, or say more than goodbye."""

from __future__ import annotations

from typing import Any

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, VERBS, Chat


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


class NamesEachPeerBelow(Chat):
    """Says goodbye first, and then which connections it closes, if there are any."""

    goodbye, closing = "Goodbye, closing all connections...", "closing {number}: {host}:{port}"

    def do_exit(self) -> str:
        lines = [self.closing.format(number=number, host=HOSTS[other.name], port=PORT)
                 for number, other in self.links.items()]  # fmt: skip
        self.leave()
        return "\n".join([self.goodbye, *lines])


class NamesItsPeersBelow(NamesEachPeerBelow):
    """The same in other words, on a console that has a rule below."""

    goodbye, closing = "bye", "-> {host} is told"

    def do_exit(self) -> str:
        return f"{super().do_exit()}\n-----"


@pytest.mark.parametrize("program", [NamesEachPeerBelow, NamesItsPeersBelow])
def test_a_goodbye_is_said_to_no_one_as_well(
    learned: Learned, program: type[NamesEachPeerBelow]
) -> None:
    _, reader, _ = learned(program)
    assert reader.outcome("exit", program.goodbye) == (True, {})
    line = program.closing.format(number=1, host=HOSTS["bob"], port=PORT)
    assert reader.is_label("exit", line)
