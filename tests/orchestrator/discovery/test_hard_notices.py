"""Notices that are hard to learn, each of a small simulated program."""

from __future__ import annotations

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import Chat


class SilentEnds(Chat):
    """Tells no one that a connection is over."""

    def lose(self, other: Chat) -> None:
        number = next(its for its, chat in self.links.items() if chat is other)
        del self.links[number]


class SilentStarts(Chat):
    """Tells no one that a connection was made."""

    def tell(self, line: str) -> None:
        if "connected from" not in line:
            super().tell(line)


@pytest.mark.parametrize(("program", "kind"), [(SilentEnds, "closed"), (SilentStarts, "connected")])
def test_silence_about_what_the_kernel_has_shown_is_a_fact(
    learned: Learned, program: type[Chat], kind: str
) -> None:
    found, _, _ = learned(program)
    assert not found.lacks[kind].doubt
    assert found.lacks["delivered"].doubt, "there was nothing to see"
