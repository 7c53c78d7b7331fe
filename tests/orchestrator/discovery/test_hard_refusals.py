"""Refusals that hide behind other ones, or come after a line that looks like success."""

from __future__ import annotations

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat


class SaysWhatItDoes(Chat):
    """Says that it connects before it does, and knows its peers by their addresses alone."""

    trying, done = "Connecting to {}:{} ...", "Connected!"
    second = "error: that one is connected"

    def do_connect(self, address: str, port: str) -> str:
        if address == HOSTS[self.name] or address not in HOSTS.values():
            return "error: bad address"
        if any(HOSTS[other.name] == address for other in self.links.values()):
            return self.second
        reply = super().do_connect(address, port)
        outcome = "connect(): Connection refused" if "error" in reply else self.done
        return "\n".join([self.trying.format(address, port), outcome])


class SaysItInGerman(SaysWhatItDoes):
    """The same, without a word that sounds like a refusal, and with a sentence for success."""

    trying, done = "Port {1} von {0} wird angerufen", "Die Leitung steht."
    second = "Mit dem sprechen wir schon"


@pytest.mark.parametrize("program", [SaysWhatItDoes, SaysItInGerman])
def test_what_is_tried_is_no_success(learned: Learned, program: type[SaysWhatItDoes]) -> None:
    _, reader, _ = learned(program)
    trying = program.trying.format(HOSTS["bob"], PORT)
    assert reader.outcome("connect", trying) is None
    assert reader.outcome("connect", program.done) == (True, {})
    assert reader.outcome("connect", program.second) == (False, {})
    assert reader.outcome("connect", "connect(): Network is unreachable") == (False, {})
