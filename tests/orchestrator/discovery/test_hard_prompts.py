"""Prompts that are lines of their own, with something behind the first one."""

from __future__ import annotations

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat


class ListensLater(Chat):
    """Prints its first prompt before another thread says that it listens."""

    line = "Please enter a command:"

    own_prompt = f"{line}\n"

    @property
    def greeting(self) -> str:
        return f"welcome\n{self.prompt}listening on {HOSTS[self.name]}\n"


class ListensSometimesLater(ListensLater):
    """The same at one peer only; its prompt has a rule above it."""

    line = "What next?"

    own_prompt = f"==========\n{line}\n"

    @property
    def greeting(self) -> str:
        said = f"listening on port {PORT}\n"
        return self.prompt + said if self.name == "alice" else said + self.prompt


@pytest.mark.parametrize("program", [ListensLater, ListensSometimesLater])
def test_the_first_prompt_may_have_a_line_behind_it(
    learned: Learned, program: type[ListensLater]
) -> None:
    found, reader, _ = learned(program)
    assert len(found.operations) == 9
    assert program.line in found.console.prompt
    for verb in ("connect", "send", "list", "raw"):
        assert reader.outcome(verb, program.line) is None
    assert [len(block.block) for block in found.notices["message"]] == [1]
