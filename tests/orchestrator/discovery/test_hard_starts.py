"""What programs ask and say at their start, each a small simulated one.

A profile that was learned must read the program rightly: what is said below is what a person would
say who looks at its consoles.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat


class AsksFirst(Chat):
    """Asks at its start, in words of its own, and greets the answer."""

    asks: Sequence[str] = ("What shall we call you? ",)
    names: tuple[str, ...] = ()

    @property
    def greeting(self) -> str:
        return f"welcome\n{self.asks[0]}"

    def enter(self, line: str) -> None:
        if len(self.names) == len(self.asks):
            super().enter(line)
            return
        self.names = (*self.names, line)
        if len(self.names) < len(self.asks):
            self.prints(self.name, self.asks[len(self.names)])
        else:
            self.answer(f"hi {line}, on port {PORT}")


class AsksTwice(AsksFirst):
    """Asks two things, and has no prompt."""

    asks = ("Your call sign: ", "Which room would you like? ")


@pytest.mark.parametrize(("program", "prompt"), [(AsksFirst, "> "), (AsksTwice, "")])
def test_a_question_at_the_start_is_known_by_never_coming_again(
    learned: Learned, program: type[AsksFirst], prompt: str
) -> None:
    found, reader, notes = learned(program, prompt=prompt)
    assert notes == []
    assert [answer.type for answer in found.start.answers] == ["{name}"] * len(program.asks)
    assert [(answer.after or "").replace("\\", "") for answer in found.start.answers] == [
        question.strip() for question in program.asks
    ]
    assert len(found.operations) == 9
    assert reader.outcome("connect", f"connected to 10.0.0.9:{PORT}")


class StatusFirst(Chat):
    """Has a status in front of its first prompt, which looks like a question."""

    first = "ready at {address} What now? "

    @property
    def greeting(self) -> str:
        return self.first.format(address=HOSTS[self.name])


class PromptsOnce(StatusFirst):
    """Prints what looks like a question once, and takes commands at once."""

    first = "Type your commands: "


@pytest.mark.parametrize(("program", "prompt"), [(StatusFirst, "What now? "), (PromptsOnce, "")])
def test_a_prompt_is_no_question(learned: Learned, program: type[Chat], prompt: str) -> None:
    found, _, _ = learned(program, prompt=prompt)
    assert found.start.answers == []
    assert len(found.operations) == 9


class InPages(AsksFirst):
    """Prints its help in pages, and waits for Enter behind each."""

    more, pages = "-- press ENTER for more --", 2

    def enter(self, line: str) -> None:
        if self._pending[:1] == ["help"]:
            self._pending.append(line)
            self._turn()
        else:
            super().enter(line)

    def do_help(self) -> str:
        self._pending = ["help"]
        return ""

    def answer(self, reply: str) -> None:
        if self._pending[:1] == ["help"]:
            self._turn()
        else:
            super().answer(reply)

    def _turn(self) -> None:
        """Print the page that is due."""
        turn = len(self._pending) - 1
        words = [*self.style.words.values()]
        size = len(words) // self.pages
        page = "\n".join(words[turn * size : (turn + 1) * size])
        is_last = turn + 1 == self.pages
        self._pending = [] if is_last else self._pending
        self.prints(self.name, f"{page}\n{self.prompt if is_last else self.more}")


class InManyPages(InPages):
    """The same in more pages and other words."""

    more, pages = "(hit return to continue) ", 4


@pytest.mark.parametrize("program", [InPages, InManyPages])
def test_help_is_read_to_its_last_page(learned: Learned, program: type[InPages]) -> None:
    found, reader, _ = learned(program)
    _, *turns = found.operations["help"].send
    assert [(line.type, bool(line.after)) for line in turns] == [("", True)] * (program.pages - 1)
    assert reader.outcome("help", "exit") == (True, {})
    assert len(found.operations) == 9


class NamesBesideLetters(AsksFirst):
    """Shows a name beside each id, which is a letter; where one is connected, either may be it."""

    row = "{label} ~ {name} ~ {address}:{port}"

    def label(self, number: int) -> str:
        return chr(ord("a") + number - 1)

    def number(self, label: str) -> int:
        return ord(label) - ord("a") + 1 if len(label) == 1 and label.isalpha() else 99

    def do_list(self) -> str:
        rows = [
            self.row.format(label=self.label(number), name=it.name, address=HOSTS[it.name],
                            port=PORT)
            for number, it in self.links.items()
        ]  # fmt: skip
        return "\n".join(rows) or "nobody"


class NamesBeforeLetters(NamesBesideLetters):
    """The same with the name first."""

    row = "{name} [{label}] {address} {port}"


@pytest.mark.parametrize("program", [NamesBesideLetters, NamesBeforeLetters])
def test_a_name_is_no_id(learned: Learned, program: type[NamesBesideLetters]) -> None:
    found, reader, _ = learned(program)
    assert found.operations["send"].send[0].type == "send {id} {text}"
    line = program.row.format(label="d", name="peer5", address="10.0.0.9", port=6000)
    assert reader.row("list", line) == {"id": "d", "address": "10.0.0.9", "port": "6000"}
