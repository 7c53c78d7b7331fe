"""Programs that ask a further question before they carry out a command."""

from __future__ import annotations

import re

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, VERBS, Chat


class AsksForName(Chat):
    """Asks what to call each peer that it connects to, and calls it that from then on."""

    verb, question, default = "connect", "Name for this friend? ", ""
    asked = answer_given = ""

    def enter(self, line: str) -> None:
        if self.asked:
            (before, self.asked), self.answer_given = (self.asked, ""), line or self.default
            super().enter(before)
        elif self._verb(line) == self.verb and len(line.split()) > 1:
            self.asked = line
            self.prints(self.name, self.question)
        else:
            super().enter(line)

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        if not self.answer_given:
            return reply
        if reply.startswith("error"):
            return f"error: no way to {self.answer_given}"
        return f"{self.answer_given} is on the line as {[*self.links][-1]}"


class AsksForNickname(AsksForName):
    """Asks in other words, and takes no empty answer."""

    question = "Enter a nickname: "

    def do_connect(self, address: str, port: str) -> str:
        if not self.answer_given:
            return "error: it needs one"
        return super().do_connect(address, port)


@pytest.mark.parametrize("program", [AsksForName, AsksForNickname])
def test_a_name_is_given_to_a_program_that_asks_for_one(
    learned: Learned, program: type[AsksForName]
) -> None:
    found, reader, _ = learned(program)
    first, second = found.operations["connect"].send
    assert (first.type, first.after) == ("connect {address} {port}", None)
    assert second.type == "{name}"
    assert second.after
    assert second.after.startswith(program.question[:5])
    assert reader.outcome("connect", "dave is on the line as 4") == (True, {"id": "4"})
    assert reader.outcome("connect", "error: no way to nobody") == (False, {})


class AsksForComment(AsksForName):
    """Asks for something that may be left out."""

    question = "Comment, if any: "


class AsksForPriority(AsksForName):
    """Sends a message only once it knows how urgent it is."""

    verb, question, default = "send", "Urgent [no]: ", "no"

    def do_send(self, label: str, text: str) -> str:
        return f"{super().do_send(label, text)} ({self.answer_given})"


class AsksForReason(AsksForName):
    """Ends a connection only once it knows why."""

    verb, question, default = "terminate", "Reason: ", "none"


@pytest.mark.parametrize("program", [AsksForComment, AsksForPriority, AsksForReason])
def test_a_question_that_takes_nothing_is_answered_with_nothing(
    learned: Learned, program: type[AsksForName]
) -> None:
    found, reader, _ = learned(program)
    first, second = found.operations[program.verb].send
    assert first.after is None
    assert second.type == ""
    assert second.after == program.question.strip().replace("[", r"\[").replace("]", r"\]")
    asked = {verb for verb in VERBS if len(found.operations[verb].send) > 1}
    assert asked == {program.verb}
    outcome = reader.outcome("connect", f"connected to {HOSTS['bob']}:{PORT}")
    assert outcome
    assert outcome[0]


class WaitsForText(Chat):
    """Asks for a text once it is connected, which `connect` does not need."""

    is_open = False

    def enter(self, line: str) -> None:
        if self.is_open and not line:
            self.is_open = False
            self.answer("")
            return
        super().enter(line)

    def answer(self, reply: str) -> None:
        self.is_open = reply.startswith("connected")
        text = f"{reply}\n" if reply else ""
        self.prints(self.name, text + ("chat with them: " if self.is_open else self.prompt))


def test_what_follows_an_effect_is_no_question_before_it(learned: Learned) -> None:
    found, _, _ = learned(WaitsForText)
    assert [line.type for line in found.operations["connect"].send] == ["connect {address} {port}"]


class RepeatsTheEndpoint(Chat):
    """Asks before it connects whether it is to connect to what was typed."""

    verb, question = "connect", "Connect to {} at port {}? (y/n) "
    asked = ""

    def enter(self, line: str) -> None:
        words = line.split(maxsplit=2)
        if self.asked:
            before, self.asked = self.asked, ""
            super().enter(before) if line == "y" else self.answer("not done")
        elif self._verb(line) == self.verb and len(words) > 2:
            self.asked = line
            self.prints(self.name, self.question.format(*words[1:]))
        else:
            super().enter(line)


class RepeatsTheText(RepeatsTheEndpoint):
    """Asks before it sends a text whether it is to send this one."""

    verb, question = "send", 'To {}: "{}". OK? [y/n] '


@pytest.mark.parametrize(
    ("program", "typed"),
    [(RepeatsTheEndpoint, ["10.0.0.9", "5001"]), (RepeatsTheEndpoint, ["bob", "port"]),
     (RepeatsTheEndpoint, ["10.0.0.9", "-1"]),
     (RepeatsTheText, ["3", "hi, how are you?"]), (RepeatsTheText, ["x", "12"])],
)  # fmt: skip
def test_a_question_may_repeat_whatever_was_typed(
    learned: Learned, program: type[RepeatsTheEndpoint], typed: list[str]
) -> None:
    found, _, _ = learned(program)
    _, answer = found.operations[program.verb].send
    assert answer.type == "y"
    assert answer.after
    assert re.search(answer.after, program.question.format(*typed))
