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
