"""Programs that number their commands when they start, and say nothing about other words."""

from __future__ import annotations

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, MENU, PORT, VERBS, Chat


class IgnoresOtherWords(Chat):
    """Numbers its commands at the start and in its help, and takes their words."""

    usage = "\n".join(
        ["=======", *(f"{number}. {verb}\t: does it" for number, verb in enumerate(VERBS, 1)),
         "======="]
    )  # fmt: skip

    @property
    def greeting(self) -> str:
        return f"{self.usage}\nlistening on port {PORT}\n\n{self.prompt}"

    def answer(self, reply: str) -> None:
        super().answer("" if "bad command" in reply else reply)

    def do_help(self) -> str:
        return self.usage


class IgnoresOtherNumbers(IgnoresOtherWords):
    """Takes the numbers alone, asks for arguments, and shows them at the start only."""

    usage = "\n".join(MENU)

    own_prompt = "choose: "


@pytest.mark.parametrize(
    ("program", "is_menu"), [(IgnoresOtherWords, False), (IgnoresOtherNumbers, True)]
)
def test_a_numbered_list_at_the_start_is_enough_to_go_on(
    learned: Learned, program: type[Chat], is_menu: bool
) -> None:
    found, reader, notes = learned(program, menu=is_menu)
    assert notes == []
    assert len(found.operations) == 9
    assert reader.outcome("myport", f"port {PORT}") == (True, {"port": str(PORT)})
    assert reader.outcome("send", "sent to 3") == (True, {"id": "3"})
    assert reader.row("list", f"3: {HOSTS['bob']} {PORT}")
    assert reader.notice(["message from 3: hello"])
