"""Programs that say twice that they ended a connection: at once, and as they say of any end."""

from __future__ import annotations

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat


class SaysItTwice(Chat):
    """Confirms it by its id; the thread that reads from the connection says it once more."""

    said, down = "connection id {} terminated.", "connection from ({}, {}) closed."

    def do_terminate(self, label: str) -> str:
        _, other = self._other(label)
        super().do_terminate(label)
        return f"{self.said.format(label)}\n{self.down.format(HOSTS[other.name], PORT)}"

    def lose(self, other: Chat) -> None:
        number = next(its for its, chat in self.links.items() if chat is other)
        del self.links[number]
        self.tell(self.down.format(HOSTS[other.name], PORT))


class SaysItWithoutId(SaysItTwice):
    """The same without an id."""

    said, down = "closing{:.0s}...", "** link to {}:{} is down **"


@pytest.mark.parametrize("program", [SaysItTwice, SaysItWithoutId])
def test_what_is_said_of_every_end_is_no_reply_if_there_is_another(
    learned: Learned, program: type[SaysItTwice]
) -> None:
    _, reader, _ = learned(program)
    outcome = reader.outcome("terminate", program.said.format("3"))
    assert outcome
    assert outcome[0]
    down = program.down.format("10.0.0.9", PORT)
    assert reader.outcome("terminate", down) is None
    assert reader.is_label("terminate", down)
    notice = reader.notice([down])
    assert notice
    assert notice.kind == "closed"
