"""Lines around every reply that belong to none: a status, a heading, a hint. All simulated."""

from __future__ import annotations

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat


class Status(Chat):
    """Says above each prompt where it is and how many are online."""

    status = "[{address}:{port} | {count} online]"

    @property
    def prompt(self) -> str:
        count = len(getattr(self, "links", ()))
        said = self.status.format(address=HOSTS[self.name], port=PORT, count=count)
        return f"{said}\n$ "

    @prompt.setter
    def prompt(self, _: str) -> None:
        """Ignore it: it is new each time."""


class StatusInColour(Status):
    """The same in colours, in several lines, and with a bell when something happens."""

    status = "\x1b[33m-- here: {address}\n\x1b[1m-- {count} friends\x1b[0m"

    def tell(self, line: str) -> None:
        super().tell(f"\a\n{line}")


@pytest.mark.parametrize("program", [Status, StatusInColour])
def test_a_status_above_the_prompt_is_a_prompt(learned: Learned, program: type[Chat]) -> None:
    found, reader, _ = learned(program)
    assert len(found.operations) == 9
    assert reader.outcome("send", "sent to 4") == (True, {"id": "4"})
    notice = reader.notice(["message from 3: hi"])
    assert notice
    assert notice.fields == {"id": "3", "text": "hi"}


class Advises(Chat):
    """Says the same at its start and where it does not understand, which is no status."""

    advice = "24 words are known: try help"

    @property
    def greeting(self) -> str:
        return f"{self.advice}\n{self.prompt}"

    def answer(self, reply: str) -> None:
        super().answer(self.advice if "bad command" in reply else reply)


def test_advice_is_no_status(learned: Learned) -> None:
    found, _, _ = learned(Advises)
    assert len(found.operations) == 9
    assert found.console.prompt == ["> "]


class PrintsItsPrompt(Chat):
    """Ends its prompt with a line break, as `println` does."""

    line = "Enter a command:"

    own_prompt = f"{line}\n"

    def do_send(self, label: str, text: str) -> str:
        super().do_send(label, text)
        return ""


class HintsAtHelp(PrintsItsPrompt):
    """The same with a hint, in front of a prompt that has none."""

    line = "Type help for the commands"

    own_prompt = f"{line}\n> "


@pytest.mark.parametrize("program", [PrintsItsPrompt, HintsAtHelp])
def test_a_line_that_ends_every_reply_is_a_prompt(
    learned: Learned, program: type[PrintsItsPrompt]
) -> None:
    found, reader, _ = learned(program)
    assert len(found.operations) == 9
    assert program.line in found.console.prompt
    assert found.operations["send"].silent
    assert reader.outcome("send", "error: no such connection") == (False, {})
    for verb in ("connect", "send", "list", "raw"):
        assert reader.outcome(verb, program.line) is None
    assert [len(block.block) for block in found.notices["message"]] == [1]


class HintsAtMistakes(Chat):
    """Gives the hint at its start and after a mistake alone."""

    line = "Type help for the commands"

    @property
    def greeting(self) -> str:
        return f"ready on port {PORT}\n{self.line}\n{self.prompt}"

    def answer(self, reply: str) -> None:
        super().answer(f"{reply}\n{self.line}" if "error" in reply else reply)


def test_a_hint_after_mistakes_is_no_prompt(learned: Learned) -> None:
    found, reader, _ = learned(HintsAtMistakes)
    assert len(found.operations) == 9
    assert found.console.prompt == ["> "]
    assert reader.outcome("send", "error: no such connection") == (False, {})


class Headed(Chat):
    """Draws a status above each reply, as a screen that it clears before each."""

    status = " CHAT  port {port}  {count} connections "

    @property
    def head(self) -> str:
        return self.status.format(port=PORT, count=len(getattr(self, "links", ())))

    @property
    def greeting(self) -> str:
        return f"{self.head}\n{self.prompt}"

    def answer(self, reply: str) -> None:
        super().answer(f"{self.head}\n{reply}" if reply else self.head)


class HeadedByTwoLines(Headed):
    """The same with a rule below it."""

    status = "peers: {count}\n=========="


@pytest.mark.parametrize("program", [Headed, HeadedByTwoLines])
def test_a_status_above_each_reply_refuses_nothing(learned: Learned, program: type[Headed]) -> None:
    found, reader, notes = learned(program)
    assert notes == []
    assert len(found.operations) == 9
    assert reader.row("list", f"3: {HOSTS['bob']} {PORT}")
    assert reader.row("list", f" CHAT  port {PORT}  3 connections ") is None
    assert reader.outcome("send", "sent to 3")
    assert reader.outcome("send", "error: no such connection") == (False, {})
