"""Refusals that hide behind other ones, or come after a line that looks like success."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, MENU, PORT, Chat


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


class SaysNoMore(AsksTheSystem):
    """The same, with nothing beside the reason but a sign."""

    refusal, other = "[-] Connection refused", "[-] No route to host"


class NamesTheException(AsksTheSystem):
    """The same for look-ups, behind the name of the exception."""

    refusal = "gaierror: [Errno -2] Name or service not known"
    other = "gaierror: [Errno -8] Servname not supported for ai_socktype"


@pytest.mark.parametrize(
    "program", [AsksTheSystem, SaysItInBrackets, GivesTheCode, SaysNoMore, NamesTheException]
)
def test_the_system_may_have_another_reason(learned: Learned, program: type[AsksTheSystem]) -> None:
    _, reader, _ = learned(program)
    assert reader.outcome("connect", program.refusal) == (False, {})
    assert reader.outcome("connect", program.other) == (False, {})
    assert reader.outcome("connect", "what now") is None


class NamesItsCommands(Chat):
    """Begins most replies with the command, in brackets."""

    def _reply(self, verb: str, words: Sequence[str]) -> str:
        reply = super()._reply(verb, words).removeprefix("error: ")
        return reply if verb in ("help", "list", "") else f"[{verb}] {reply}"


class StampsItsReplies(Chat):
    """Begins most replies with the time, which goes on, and what kind it is of."""

    seconds = 10  # of the clock

    def _reply(self, verb: str, words: Sequence[str]) -> str:
        type(self).seconds += 1
        reply = super()._reply(verb, words)
        said = reply.removeprefix("error: ")
        level = "INFO" if said == reply else "ERROR"
        return (
            reply if verb in ("help", "list") else f"02:03:{self.seconds % 60:02} {level} - {said}"
        )


@pytest.mark.parametrize(
    ("program", "refusals"),
    [
        (NamesItsCommands, ["[send] no such connection", "[terminate] no such connection"]),
        (StampsItsReplies, ["11:12:13 ERROR - too long", "11:12:13 ERROR - no such connection"]),
    ],
)
def test_refusals_share_a_shape(learned: Learned, program: type[Chat], refusals: list[str]) -> None:
    found, reader, _ = learned(program)
    for refusal in refusals:
        for verb in ("send", "terminate"):
            assert reader.outcome(verb, refusal) == (False, {})
    assert reader.outcome("connect", f"[connect] connected to {HOSTS['bob']}:{PORT}") != (False, {})
    for operation in found.operations.values():
        assert len(operation.fail) == len(set(operation.fail))


class Framed(Chat):
    """Puts each reply between two lines, the first of which says how it went."""

    good, bad, end = "[{}:SUCCESS]", "[{}:ERROR]", "[{}:END]"

    def enter(self, line: str) -> None:
        self._word = line.split(maxsplit=1)[0] if line.split() else "nothing"
        super().enter(line)

    def answer(self, reply: str) -> None:
        word = self._word.upper() if self._verb(self._word) else self._word
        front = self.bad if "error" in reply else self.good
        said = reply.removeprefix("error: ") if self._word == "connect" else reply
        lines = [front.format(word), said, self.end.format(word)]
        super().answer("\n".join(line for line in lines if not line.startswith("error")))

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        return "error: connect: Connection refused" if "error" in reply else ""

    def do_list(self) -> str:
        return "\n".join(super().do_list().split("\n")[:-1])

    def do_terminate(self, label: str) -> str:
        super().do_terminate(label)
        return ""

    def do_send(self, label: str, text: str) -> str:
        super().do_send(label, text)
        return ""


class EndsInARule(Framed):
    """The same in words, with a rule below each reply."""

    good, bad, end = "{}: done", "{}: failed", "---------"


@pytest.mark.parametrize("program", [Framed, EndsInARule])
def test_what_ends_every_reply_says_nothing(learned: Learned, program: type[Framed]) -> None:
    _, reader, _ = learned(program)
    for verb in ("connect", "terminate", "send"):
        word = verb.upper()
        assert reader.outcome(verb, program.good.format(word)) == (True, {})
        assert reader.outcome(verb, program.bad.format(word)) == (False, {})
        assert reader.outcome(verb, program.end.format(word)) is None
    assert reader.outcome("raw", program.bad.format("blah")) == (False, {})
    for line in (program.good.format("LIST"), program.end.format("LIST")):
        found = reader.outcome("list", line)
        assert found is None or found[0]
        assert found or reader.is_label("list", line)


class TakesAWordForItself(Chat):
    """Connects to itself if it cannot read an address, as `inet_pton` leaves 0.0.0.0."""

    done, told = "connected, go ahead", "somebody called from {}"

    def do_connect(self, address: str, port: str) -> str:
        if int(port) != PORT:
            return "error: cannot connect"
        other = self._dial(address) or (self if "999" in address else None)
        if other is None:
            return "error: cannot connect"
        self._add(other)
        other._add(self)
        if other is self:
            return f"{self.done}\n{self.told.format('127.0.0.1')}"
        other.tell(self.told.format(HOSTS[self.name]))
        return self.done


class SaysItAfterwards(TakesAWordForItself):
    """The same, in words that no other line has, one of them at its end."""

    done, told = "Leitung zur Gegenstelle steht", "-- Anruf von {} --"


@pytest.mark.parametrize("program", [TakesAWordForItself, SaysItAfterwards])
def test_what_connects_by_mistake_is_no_refusal(
    learned: Learned, program: type[TakesAWordForItself]
) -> None:
    found, reader, _ = learned(program)
    assert not found.operations["connect"].silent
    assert reader.outcome("connect", program.done) == (True, {})
    assert reader.outcome("connect", program.told.format(HOSTS["bob"])) is None
    assert reader.outcome("connect", "error: cannot connect") == (False, {})


class SendsToTheLast(Chat):
    """Takes an id that is no number for the last one, and says only that something was sent."""

    sent = "Message is on its way"

    def do_send(self, label: str, text: str) -> str:
        if not label.isdigit() and self.links:
            label = str(max(self.links))
        super().do_send(label, text)
        return self.sent


class LosesOne(Chat):
    """Says that it sent what it did not: its second message never arrives."""

    sent, count = "Sent it.", 0

    def do_send(self, label: str, text: str) -> str:
        self.number(label)
        type(self).count += 1
        if self.count != 2:
            super().do_send(label, text)
        return self.sent


@pytest.mark.parametrize("program", [SendsToTheLast, LosesOne])
def test_what_is_sent_elsewhere_or_nowhere_is_no_refusal(
    learned: Learned, program: type[SendsToTheLast | LosesOne]
) -> None:
    found, reader, _ = learned(program)
    assert not found.operations["send"].silent
    assert reader.outcome("send", program.sent) == (True, {})
    assert reader.outcome("send", "error: no such connection") == (False, {})


class RunsTogether(Chat):
    """Puts no blank between a word that it does not know and what it says about it."""

    refusal = "Unknown command"

    @property
    def greeting(self) -> str:
        return "\n".join([*MENU, super().greeting])

    def enter(self, line: str) -> None:
        self.typed = line
        super().enter(line)

    def answer(self, reply: str) -> None:
        is_bad = "bad command" in reply
        super().answer(f"{self.typed.split()[0]}{self.refusal}" if is_bad else reply)

    def do_help(self) -> str:
        return "help is not written yet"


class RunsTogetherInCapitals(RunsTogether):
    """The same in other words."""

    refusal = "IS NOT UNDERSTOOD"


@pytest.mark.parametrize("program", [RunsTogether, RunsTogetherInCapitals])
def test_a_refusal_may_run_into_what_was_typed(
    learned: Learned, program: type[RunsTogether]
) -> None:
    found, reader, _ = learned(program)
    assert len(found.operations) == 9
    assert [found.operations[verb].send[0].type for verb in ("help", "list", "exit")] == [
        "help", "list", "exit",
    ]  # fmt: skip
    assert reader.outcome("send", f"transmit{program.refusal}") == (False, {})


class NumbersItsCommands(Chat):
    """Numbers its commands, understands only their names, and repeats what else was typed."""

    refusal = "[WARNING] Command does not exist: {}"

    @property
    def greeting(self) -> str:
        return "\n".join([*MENU, super().greeting])

    def enter(self, line: str) -> None:
        self.typed = line
        super().enter(line)

    def answer(self, reply: str) -> None:
        super().answer(self.refusal.format(self.typed) if "bad command" in reply else reply)

    def do_help(self) -> str:
        return "\n".join(MENU)


class NumbersItsCommandsAndQuotes(NumbersItsCommands):
    """The same in other words, with what was typed among them."""

    refusal = "there is no '{}' here"


@pytest.mark.parametrize("program", [NumbersItsCommands, NumbersItsCommandsAndQuotes])
def test_a_refusal_that_repeats_a_number_is_no_answer(
    learned: Learned, program: type[NumbersItsCommands]
) -> None:
    found, reader, _ = learned(program)
    assert len(found.operations) == 9
    assert [found.operations[verb].send[0].type for verb in ("help", "list", "exit")] == [
        "help", "list", "exit",
    ]  # fmt: skip
    assert reader.outcome("send", program.refusal.format("transmit 1 x")) == (False, {})
