"""Programs that do not tell their own address or port as they should, each simulated."""

from __future__ import annotations

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, Chat

USAGE = (
    "commands: help, myip, myport, connect <ip> <port>, list, terminate <id>, "
    "send <id> <text>, exit"
)


class HasNoAddress(Chat):
    """Refuses to tell its address."""

    answer_to_myip = "error: cannot find my address"

    def do_myip(self) -> str:
        return self.answer_to_myip


class IsSorry(HasNoAddress):
    """Refuses in words that it has for nothing else."""

    answer_to_myip = "sorry, that is not known"


@pytest.mark.parametrize("program", [HasNoAddress, IsSorry])
def test_a_command_that_help_names_and_that_is_always_refused_is_known(
    learned: Learned, program: type[HasNoAddress]
) -> None:
    found, reader, notes = learned(program, usage=USAGE)
    assert "myip" not in found.lacks
    assert reader.outcome("myip", program.answer_to_myip) == (False, {})
    assert found.sync == "myport"
    assert not found.operations["myip"].silent
    assert any(note.startswith("myip never told") for note in notes)


def test_what_help_does_not_name_as_a_command_may_be_another(learned: Learned) -> None:
    found, _, _ = learned(HasNoAddress, usage="type connect, list, send, terminate or myip NAME")
    assert found.lacks["myip"].doubt


class SaysNothing(HasNoAddress):
    """Has not written that."""

    answer_to_myip = ""


class SaysItsName(HasNoAddress):
    """Calls itself by a name that is another one at each peer."""

    def do_myip(self) -> str:
        return f"host-{len(self.name)}x"


@pytest.mark.parametrize("program", [SaysNothing, SaysItsName])
def test_an_answer_that_may_stand_for_an_address_is_doubtful(
    learned: Learned, program: type[HasNoAddress]
) -> None:
    found, reader, _ = learned(program, usage=USAGE)
    assert "myip" in found.operations
    said = reader.outcome("myip", "host-77x")
    assert said in (None, (True, {}))


class SaysNone(HasNoAddress):
    """Found none."""

    answer_to_myip = "address None"


class SaysNoMoreThanThat(HasNoAddress):
    """Has forgotten to say it."""

    answer_to_myip = "my address is:"


@pytest.mark.parametrize("program", [SaysNone, SaysNoMoreThanThat])
def test_the_same_answer_at_peers_with_different_addresses_tells_none(
    learned: Learned, program: type[HasNoAddress]
) -> None:
    found, _, _ = learned(program)
    assert not found.lacks["myip"].doubt
    assert program.answer_to_myip in found.lacks["myip"].reason
    assert found.sync == "myport"


class ForgetsTheBreak(HasNoAddress):
    """Prints its address without a line break, in front of its prompt."""

    def answer(self, reply: str) -> None:
        if reply == self.answer_to_myip:
            reply = f"my address is\n{HOSTS[self.name]}"
            self.prints(self.name, f"{reply}{self.prompt}")
        else:
            super().answer(reply)


def test_an_address_without_a_line_break_may_have_been_told(learned: Learned) -> None:
    found, _, _ = learned(ForgetsTheBreak)
    assert "myip" not in found.lacks or found.lacks["myip"].doubt


class IsAnywhere(HasNoAddress):
    """Says where it listens."""

    answer_to_myip = "0.0.0.0"


class IsHere(HasNoAddress):
    """Says how it calls itself."""

    answer_to_myip = "my address is 127.0.1.1"


@pytest.mark.parametrize("program", [IsAnywhere, IsHere])
def test_a_wrong_address_is_read(learned: Learned, program: type[HasNoAddress]) -> None:
    _, reader, _ = learned(program)
    (is_ok, fields) = reader.outcome("myip", program.answer_to_myip) or (None, {})
    assert is_ok
    assert fields["address"] == program.answer_to_myip.split()[-1]
