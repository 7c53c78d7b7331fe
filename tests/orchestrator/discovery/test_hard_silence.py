"""Programs that never tell that a connection has ended, which few occasions show."""

from __future__ import annotations

from typing import Any

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import Chat


class TellsOfNoEnd(Chat):
    """Keeps a connection that it says it has ended, and its exit ends nothing."""

    killed = 0

    def do_terminate(self, label: str) -> str:
        self._other(label)
        return f"ended connection {label}"

    def lose(self, other: Chat) -> None:
        self.killed += 1
        self.links = {number: it for number, it in self.links.items() if it is not other}

    def do_exit(self) -> str:
        return "goodbye"


class KnowsNoTerminate(TellsOfNoEnd):
    """Has not written that, and has a prompt of its own."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.prompt = "you: "

    def do_terminate(self, label: str) -> str:
        return "error: not yet"


@pytest.mark.parametrize("program", [TellsOfNoEnd, KnowsNoTerminate])
def test_silence_about_ends_is_certain_after_two(
    learned: Learned, program: type[TellsOfNoEnd]
) -> None:
    found, _, _ = learned(program)
    assert "closed" in found.lacks
    assert not found.lacks["closed"].doubt


class TellsOfTheSecond(TellsOfNoEnd):
    """Tells of an end now and then."""

    def lose(self, other: Chat) -> None:
        super().lose(other)
        if self.killed > 1:
            self.tell("someone is gone")


def test_what_is_told_now_and_then_is_no_silence(learned: Learned) -> None:
    found, _, _ = learned(TellsOfTheSecond)
    assert "closed" not in found.lacks or found.lacks["closed"].doubt


class KnowsNoWord(Chat):
    """Prints nothing for a word that it does not know, and nothing for an empty list."""

    def answer(self, reply: str) -> None:
        super().answer("" if reply == "error: bad command" else reply)

    def do_list(self) -> str:
        return super().do_list() if self.links else ""


class DrawsItsList(KnowsNoWord):
    """The same with a table around the rows, and a prompt of its own."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.prompt = "you: "

    def do_list(self) -> str:
        *rows, _ = Chat.do_list(self).split("\n")
        return "\n".join(["+-----+", *(f"| {row} |" for row in rows), "+-----+"] if rows else [])


@pytest.mark.parametrize("program", [KnowsNoWord, DrawsItsList])
def test_a_list_that_is_silent_like_nonsense_is_found_once_there_is_a_connection(
    learned: Learned, program: type[Chat]
) -> None:
    found, reader, _ = learned(program)
    assert "list" not in found.lacks
    assert found.operations["list"].silent
    row = "| 3: 10.0.0.2 5000 |" if program is DrawsItsList else "3: 10.0.0.2 5000"
    assert (reader.row("list", row) or {}).get("id") == "3"
