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


class AsksTheSystem(Chat):
    """Leaves it to the system to say why it cannot connect."""

    refusal, other = "connect: Connection refused", "connect: Network is unreachable"

    def do_connect(self, address: str, port: str) -> str:
        if address not in HOSTS.values():
            return "bad address"
        reply = super().do_connect(address, port)
        return self.refusal if "error" in reply else reply


class SaysItInBrackets(AsksTheSystem):
    """The same, in a sentence of its own, with the reason at its end."""

    refusal, other = "no luck (Connection refused)!", "no luck (No route to host)!"


class GivesTheCode(AsksTheSystem):
    """The same, with the system's word for it and what it was asked for."""

    refusal = f"Oops connect ECONNREFUSED {HOSTS['alice']}:1"
    other = f"Oops connect EHOSTUNREACH {HOSTS['bob']}:5000"


@pytest.mark.parametrize("program", [AsksTheSystem, SaysItInBrackets, GivesTheCode])
def test_the_system_may_have_another_reason(learned: Learned, program: type[AsksTheSystem]) -> None:
    _, reader, _ = learned(program)
    assert reader.outcome("connect", program.refusal) == (False, {})
    assert reader.outcome("connect", program.other) == (False, {})
    assert reader.outcome("connect", "what now") is None
