"""Styles that students invent, each of a small simulated program.

A profile that was learned must read the program rightly: what is said below is what a person would
say who looks at its consoles.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.console.echo import Echoes
from orchestrator.discovery.evidence import ConsoleOutput
from orchestrator.discovery.raw_console import FloodError
from orchestrator.discovery.trio import NAMES
from orchestrator.profile import Reader
from tests.orchestrator.discovery.learning import Learned, learn, loaded
from tests.orchestrator.discovery.simulated import (
    ARGUMENTS,
    HOSTS,
    MENU,
    PORT,
    Chat,
    SimulatedTrio,
    Style,
)


class Confirms(Chat):
    """Asks whether it shall end a connection."""

    question, yes = "Really end {}? [y/N] ", "y"
    asked = ""

    def enter(self, line: str) -> None:
        word, _, label = line.partition(" ")
        if self.asked:
            before, self.asked = self.asked, ""
            if line == self.yes:
                super().enter(before)
            else:
                self.answer("it stays")
        elif word == "terminate" and label.isdigit() and int(label) in self.links:
            self.asked = line
            other = self.links[int(label)].name
            self.prints(self.name, self.question.format(label, name=other))
        else:
            super().enter(line)


class ConfirmsInWords(Confirms):
    """The same with the name of the other end, and the whole word."""

    question, yes = "Say goodbye to {name} (yes or no)? ", "yes"


@pytest.mark.parametrize(
    ("program", "prompt", "answer", "question"),
    [
        (Confirms, "> ", "y", r"Really end -?\w+\? \[y/N\]"),
        (Confirms, "", "y", r"Really end -?\w+\? \[y/N\]"),
        (ConfirmsInWords, "> ", "yes", r"Say goodbye to [a-z]+\d* \(yes or no\)\?"),
    ],
)
def test_what_is_asked_before_it_is_done_is_confirmed(
    learned: Learned, program: type[Chat], prompt: str, answer: str, question: str
) -> None:
    found, reader, _ = learned(program, prompt=prompt)
    first, second = found.operations["terminate"].send
    assert first.type == "terminate {id}"
    assert (second.type, second.after) == (answer, question)
    assert reader.outcome("terminate", "ended connection 7") == (True, {"id": "7"})


class ConfirmsItsEnd(Chat):
    """Asks whether it shall end itself."""

    is_asked = False

    def enter(self, line: str) -> None:
        if self.is_asked or line != "exit":
            self.is_asked, before = False, self.is_asked
            super().enter("exit" if before and line == "y" else line)
        else:
            self.is_asked = True
            self.prints(self.name, "Do you really want to quit? (y/n) ")


@pytest.mark.parametrize("prompt", ["> ", ""])
def test_an_end_of_the_program_is_confirmed(learned: Learned, prompt: str) -> None:
    found, reader, _ = learned(ConfirmsItsEnd, prompt=prompt)
    typed = [(line.type, line.after) for line in found.operations["exit"].send]
    assert typed == [("exit", None), ("y", r"Do you really want to quit\? \(y/n\)")]
    assert reader.outcome("exit", "goodbye") == (True, {})


class AsksForArguments(Chat):
    """Takes words alone, and asks for their arguments."""

    def enter(self, line: str) -> None:
        self._pending.append(line)
        known = self._pending[0] in self.style.words.values()
        verb = self._verb(self._pending[0]) if known else ""
        asked = ARGUMENTS.get(verb, ())
        if len(self._pending) <= len(asked):
            self.prints(self.name, f"{asked[len(self._pending) - 1]}: ")
            return
        words, self._pending = self._pending[1:], []
        self.answer(self._reply(verb, words))


@pytest.mark.parametrize("prompt", ["> ", ""])
def test_words_may_ask_for_their_arguments(learned: Learned, prompt: str) -> None:
    found, reader, _ = learned(AsksForArguments, prompt=prompt)
    typed = [(line.type, line.after) for line in found.operations["connect"].send]
    assert typed == [("connect", None), ("{address}", "IP address:"), ("{port}", "Port:")]
    assert [line.type for line in found.operations["send"].send] == ["send", "{id}", "{text}"]
    assert reader.outcome("terminate", "ended connection 7") == (True, {"id": "7"})


class Named(Chat):
    """Knows the names of the peers, and shows them everywhere."""

    def do_list(self) -> str:
        rows = [f"{n}: {it.name} {HOSTS[it.name]} {PORT}" for n, it in self.links.items()]
        return "\n".join([*rows, f"{len(rows)} connections"])

    def show(self, number: int, text: str) -> None:
        self.tell(f"{self.links[number].name} says: {text}")


class NamedInBlocks(Named):
    """Has a line with the name above each message, and the name in its replies."""

    def show(self, number: int, text: str) -> None:
        self.tell(f"-- {self.links[number].name} ({number}) --\n{text}")

    def do_terminate(self, label: str) -> str:
        other = self.links[self.number(label)].name
        super().do_terminate(label)
        return f"{other} is gone"


@pytest.mark.parametrize("program", [Named, NamedInBlocks])
@pytest.mark.parametrize("name", ["dave", "peer5"])
def test_a_name_is_that_of_any_peer(learned: Learned, program: type[Chat], name: str) -> None:
    _, reader, _ = learned(program)
    row = reader.row("list", f"4: {name} 10.0.0.9 {PORT}")
    assert row
    assert row["id"] == "4"
    is_named = program is Named
    shown = [f"{name} says: hi"] if is_named else [f"-- {name} (4) --", "hi"]
    notice = reader.notice(shown)
    assert notice
    assert (notice.kind, notice.fields["text"]) == ("message", "hi")
    if not is_named:
        assert reader.outcome("terminate", f"{name} is gone") == (True, {})


class TellsItself(Chat):
    """Is told as well that a connection is over which it has ended itself."""

    def do_terminate(self, label: str) -> str:
        return f"{super().do_terminate(label)}\npeer {label} disconnected"


class TellsItselfFirst(TellsItself):
    """The same the other way round."""

    def do_terminate(self, label: str) -> str:
        return "\n".join(reversed(super().do_terminate(label).split("\n")))


@pytest.mark.parametrize("program", [TellsItself, TellsItselfFirst])
def test_the_reply_is_not_the_notice_beside_it(learned: Learned, program: type[Chat]) -> None:
    _, reader, _ = learned(program)
    assert reader.outcome("terminate", "ended connection 7") == (True, {"id": "7"})
    assert reader.outcome("terminate", "peer 7 disconnected") is None
    notice = reader.notice(["peer 7 disconnected"])
    assert notice
    assert notice.kind == "closed"


class Dies(Chat):
    """Ends at an id that it does not have."""

    last = "panic: index out of range"

    def _other(self, label: str) -> tuple[int, Chat]:
        if not label.isdigit() or int(label) not in self.links:
            self.prints(self.name, f"{self.last}\n")
            self.leave()
        return super()._other(label)

    def answer(self, reply: str) -> None:
        if not self.ended:
            super().answer(reply)


class DiesOfAnException(Dies):
    """The same by an exception, with a line of its interpreter behind it."""

    last = "TypeError: Cannot read properties of undefined\n\nNode.js v20.20.2"


@pytest.mark.parametrize("program", [Dies, DiesOfAnException])
def test_the_last_words_of_a_program_are_no_refusal(learned: Learned, program: type[Dies]) -> None:
    found, reader, notes = learned(program)
    assert "it exited after: terminate an unused id" in notes
    for line in filter(None, program.last.split("\n")):
        assert reader.outcome("terminate", line) is None
        assert reader.outcome("send", line) is None
    assert "v20" not in str(found.model_dump())


class Spins(Chat):
    """Prints its menu without end once it has read what is no number."""

    def enter(self, line: str) -> None:
        wants_number = not self._pending or (self._pending[0] in "467" and len(self._pending) == 1)
        if wants_number and self._pending[:1] != ["4"] and not line.isdigit():
            raise FloodError(self.name)
        super().enter(line)


class SpinsInABox(Spins):
    """The same with its menu in a box."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        rule = f"+{'-' * 20}+"
        box = [f"| {item:<18} |" for item in MENU]
        self.prompt = "\n".join([rule, *box, rule, self.style.prompt])


@pytest.mark.parametrize("program", [Spins, SpinsInABox])
def test_a_menu_that_cannot_bear_nonsense(learned: Learned, program: type[Chat]) -> None:
    found, reader, notes = learned(program, menu=True)
    assert "typing nonsense made alice print without end" in notes
    assert len(found.operations) == 9
    assert [line.type for line in found.operations["send"].send] == ["7", "{id}", "{text}"]
    assert reader.outcome("terminate", "ended connection 7") == (True, {"id": "7"})


class Slashes(Chat):
    """Wants a slash in front of each word, and says so."""

    hint, unknown = "! commands begin with a slash, try /help", "! what is {}"

    def enter(self, line: str) -> None:
        if not line.startswith("/"):
            self.answer(self.hint)
        elif self._verb(line.split(maxsplit=1)[0]) in ("", "myip"):
            self.answer(self.unknown.format(line[1:].split(maxsplit=1)[0]))
        else:
            super().enter(line)


class SlashesAlone(Slashes):
    """The same, and says nothing of what was typed."""

    unknown = "that is none of my commands, see /help"


@pytest.mark.parametrize("program", [Slashes, SlashesAlone])
def test_marks_are_those_of_the_word_that_works(learned: Learned, program: type[Chat]) -> None:
    words = {verb: f"/{verb}" for verb in Style().words}
    found, _, _ = learned(program, words=words, usage=" ".join(words.values()))
    assert found.operations["connect"].send[0].type == "/connect {address} {port}"
    assert len(found.operations) == 8
    assert found.lacks["myip"].doubt


class MovingTrio(SimulatedTrio):
    """Gives a peer another port each time that it starts, and notes the ports that are dialled."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.stale: list[str] = []

    def _port(self, name: str) -> int:
        return 6000 + 100 * NAMES.index(name) + self._starts[name]

    def peer(self, name: str) -> Any:
        return SimpleNamespace(name=name, address=HOSTS[name], port=self._port(name))

    def type(
        self, name: str, line: str, prompts: Iterable[str], *, slow: bool = False
    ) -> ConsoleOutput:
        verb, *words = line.split()
        listens = {HOSTS[it]: str(self._port(it)) for it in NAMES}
        if verb == "connect" and len(words) == 2 and words[0] in listens and words[1][0] == "6":
            self.stale += [line] if listens[words[0]] != words[1] else []
            line = f"connect {words[0]} {PORT}"
        return super().type(name, line, prompts, slow=slow)


@pytest.mark.parametrize("program", [Dies, Chat])
def test_a_peer_is_dialled_where_it_listens_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: type[Chat]
) -> None:
    trio = MovingTrio(Style(fragile=True), program)
    reader = Reader(loaded(tmp_path, learn(tmp_path, trio, monkeypatch)))
    assert trio.stale == []
    assert reader.outcome("connect", "error: cannot connect") == (False, {})


class ShowsItsCommands(Chat):
    """Shows its commands in front of each prompt, and says nothing about other words."""

    menu: tuple[str, ...] = (
        "Options to choose:", "help", "myip", "myport", "connect <dest> <port #>", "list",
        "terminate <connection ID>", "send <connection ID> <message>", "exit",
        "Please type one of these:",
    )  # fmt: skip
    waits = ">>> "

    @property
    def prompt(self) -> str:
        return "".join(f"{line}\n" for line in self.menu) + self.waits

    @prompt.setter
    def prompt(self, _: str) -> None:
        """Ignore it."""

    @property
    def greeting(self) -> str:
        return self.prompt

    def answer(self, reply: str) -> None:
        super().answer("" if "bad command" in reply else reply)

    def tell(self, line: str) -> None:
        self.prints(self.name, f"{line}\n{self.waits}")

    def do_list(self) -> str:
        return f"list of peers:\n{super().do_list()}"


class AsksInALine(ShowsItsCommands):
    """The same with a line that asks, and no prompt behind it."""

    menu = ("What do you want to do?",)
    waits = ""


@pytest.mark.parametrize("program", [ShowsItsCommands, AsksInALine])
def test_words_are_ignored_in_silence_above_a_menu(
    learned: Learned, program: type[ShowsItsCommands]
) -> None:
    found, reader, _ = learned(program)
    assert len(found.operations) == 9
    assert reader.outcome("myport", f"port {PORT}") == (True, {"port": str(PORT)})
    assert reader.outcome("send", "sent to 3") == (True, {"id": "3"})
    shown = Echoes(found).without_prompts
    assert shown("list of peers:") == "list of peers:"
    assert not any(shown(line).strip() for line in program.menu)
    assert reader.row("list", f"3: {HOSTS['bob']} {PORT}")
    assert reader.notice(["message from 3: hello"])
