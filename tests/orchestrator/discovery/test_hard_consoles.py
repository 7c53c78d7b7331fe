"""Consoles that are hard to learn from, each of a small simulated program.

A profile that was learned must read the program rightly: what is said below is what a person would
say who looks at its consoles.
"""

from __future__ import annotations

import re

import pytest

from orchestrator.discovery.raw_console import FloodError
from orchestrator.patterns import compiled
from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import ARGUMENTS, HOSTS, MENU, PORT, VERBS, Chat


class Storm(Chat):
    """Relays what it gets to all others, so that a triangle is a storm."""

    def do_send(self, number: str, text: str) -> str:
        reply = super().do_send(number, text)
        if len(self.links) == 2 and all(len(it.links) == 2 for it in self.links.values()):
            raise FloodError(self.name)
        return reply


class Wail(Chat):
    """Prints blank messages without end once it has lost a peer that was killed."""

    def lose(self, other: Chat) -> None:
        super().lose(other)
        if other.is_killed:
            raise FloodError(self.name)


@pytest.mark.parametrize(
    ("program", "what"),
    [(Storm, "sending messages between three"), (Wail, "killing a peer")],
)
def test_a_flood_costs_one_experiment(learned: Learned, program: type[Chat], what: str) -> None:
    found, _, notes = learned(program)
    assert len(found.operations) == 9
    assert set(found.notices) == {"connected", "message", "closed"}
    assert [note for note in notes if what in note and "without end" in note]


class Mute(Chat):
    """Stops reading its console after a bad id, and lives on."""

    is_deaf = False

    def enter(self, line: str) -> None:
        if self.is_deaf:
            return
        word, number = f"{line}  ".split(" ")[:2]
        if word in ("terminate", "send") and number and not number.isdigit():
            self.is_deaf = True
            self.prints(self.name, "Traceback (most recent call last):\nValueError: not a number\n")
        else:
            super().enter(line)


class Greedy(Chat):
    """Waits for the arguments of a command that has none, and takes what is typed next."""

    taken = 0

    def enter(self, line: str) -> None:
        if self.taken or line in ("connect", "send", "terminate"):
            self.taken += 1
        else:
            super().enter(line)


@pytest.mark.parametrize(
    ("program", "note"),
    [(Mute, "send to a bad id"), (Greedy, "connect without arguments")],
)
def test_a_console_that_stops_answering_is_started_again(
    learned: Learned, program: type[Chat], note: str
) -> None:
    found, _, notes = learned(program)
    assert len(found.operations) == 9
    assert f"it stopped answering after: {note}" in notes


class GoesBack(Chat):
    """Holds its help text until it gets what it asks for."""

    way, question = "b", "Enter b to go back: "
    is_helping = False

    def enter(self, line: str) -> None:
        if self.is_helping:
            self.is_helping = line.strip() != self.way
            self.prints(self.name, self.question if self.is_helping else self.prompt)
            return
        super().enter(line)

    def answer(self, reply: str) -> None:
        if self.is_helping:
            self.prints(self.name, f"{reply}\n{self.question}")
        else:
            super().answer(reply)

    def do_help(self) -> str:
        self.is_helping = True
        return super().do_help()


class SaysHow(GoesBack):
    """The same without a question on the line of input."""

    way, question = "1", "(type 1 to return to the chat)\n"


@pytest.mark.parametrize(("program", "prompt"), [(GoesBack, "> "), (SaysHow, "> "), (SaysHow, "")])
def test_a_sub_mode_is_left_again(learned: Learned, program: type[GoesBack], prompt: str) -> None:
    found, _, notes = learned(program, prompt=prompt)
    assert [line.type for line in found.operations["help"].send] == ["help", program.way]
    assert found.operations["help"].send[1].after is not None
    assert notes == []


class Status(Chat):
    """Prints its status of this one run and the first prompt on one line."""

    @property
    def greeting(self) -> str:
        return f"[up] {HOSTS[self.name]}:{PORT} {self.prompt}"


class Counts(Chat):
    """Has the number of its connections in its prompt."""

    def answer(self, reply: str) -> None:
        self.prompt = f"({len(self.links)}) "
        super().answer(reply)

    def tell(self, line: str) -> None:
        self.prompt = f"({len(self.links)}) "
        super().tell(line)


def test_nothing_of_one_run_is_learned(learned: Learned) -> None:
    found, _, _ = learned(Status)
    assert found.console.prompt == ["> "]
    (first,) = found.console.prompt_pattern
    assert HOSTS["alice"] not in first
    match = compiled(first).match("[up] 10.0.0.9:6000 > port 6000")
    assert match
    assert match.end() == len("[up] 10.0.0.9:6000 > ")
    assert found.ready == ""


class Started(Chat):
    """Says who it is, since when it runs and as which process before its first prompt."""

    @property
    def greeting(self) -> str:
        second = [*HOSTS].index(self.name)
        since = f"12:03:{41 + 3 * second} (process {4711 + 8 * second})"
        return f"{self.name} on {HOSTS[self.name]}:{PORT} since {since}\n{self.prompt}"


def test_neither_times_nor_processes_of_one_run_are_learned(learned: Learned) -> None:
    found, _, _ = learned(Started)
    assert compiled(found.ready).match("zoe on 10.0.0.9:6000 since 23:59:01 (process 123456)")
    assert not re.search(r"12|41|44|47|alice|bob|5000", found.ready)


def test_a_prompt_that_counts(learned: Learned) -> None:
    found, reader, _ = learned(Counts, prompt="(0) ")
    assert (found.console.prompt, found.console.prompt_pattern) == ([], [r"^\(\d+\) "])
    assert reader.notice(["message from 1: hi"])


class Late(Chat):
    """Greets from another thread, behind the prompt on the same line for some of its peers."""

    @property
    def greeting(self) -> str:
        line = f"waiting on {PORT}\n"
        return f"{line}{self.prompt}" if self.name == "bob" else f"{self.prompt}{line}"


def test_ready_is_learned_whoever_wins_the_race(learned: Learned) -> None:
    _, reader, _ = learned(Late)
    assert reader.ready(f"waiting on {PORT}") == {"port": str(PORT)}


class Foreign(Chat):
    """Numbers its commands in words of its own, and asks for their arguments."""

    items: tuple[str, ...] = ("apua", "osoite", "numero", "yhdistä (connect)", "luettelo (list)",
                              "katkaise (terminate)", "lähetä (send)", "lopeta (exit)")  # fmt: skip

    @property
    def greeting(self) -> str:
        return f"{self.do_help()}\n{self.prompt}"

    def enter(self, line: str) -> None:
        is_number = line.isdigit() and not self._pending and 0 < int(line) <= len(VERBS)
        if not is_number and not self._pending:
            self.answer("error: pick a number")
            return
        self._pending.append(VERBS[int(line) - 1] if is_number else line)
        verb, *words = self._pending
        asked = ARGUMENTS.get(verb, ())
        if len(words) < len(asked):
            self.prints(self.name, f"{asked[len(words)]}: ")
            return
        self._pending = []
        self.answer(self._reply(verb, words))

    def do_help(self) -> str:
        return "\n".join(f"{number}) {item}" for number, item in enumerate(self.items, 1))


class Mixed(Foreign):
    """The same in another order, with an item that is none of the eight commands."""

    def do_help(self) -> str:
        return super().do_help() + "\n9) väri"


@pytest.mark.parametrize("program", [Foreign, Mixed])
def test_what_an_item_prints_says_what_it_is(learned: Learned, program: type[Chat]) -> None:
    found, reader, _ = learned(program)
    typed = {verb: found.operations[verb].send[0].type for verb in VERBS}
    assert typed == {verb: str(number) for number, verb in enumerate(VERBS, 1)}
    assert reader.outcome("myport", f"port {PORT}") == (True, {"port": str(PORT)})


class Numbered(Chat):
    """Numbers its commands, which take their names as well."""

    @property
    def greeting(self) -> str:
        return "\n".join([*MENU, self.prompt])

    def enter(self, line: str) -> None:
        super().enter(line if not line[:1].isdigit() else "unknown")


class NumberedArguments(Numbered):
    """Takes the numbers alone, with the arguments behind them."""

    def enter(self, line: str) -> None:
        number, _, rest = line.partition(" ")
        words = list(self.style.words.values())
        known = number.isdigit() and 0 < int(number) <= len(words)
        Chat.enter(self, f"{words[int(number) - 1]} {rest}".strip() if known else "unknown")


@pytest.mark.parametrize("program", [Numbered, NumberedArguments])
def test_numbers_need_not_be_a_menu_that_asks(learned: Learned, program: type[Chat]) -> None:
    found, _, _ = learned(program)
    assert len(found.operations) == 9
    first = "connect" if program is Numbered else "4"
    assert [line.type for line in found.operations["connect"].send] == [
        f"{first} {{address}} {{port}}"
    ]


class SlowToStart(Chat):
    """Shows its first prompts only after it was typed at: it was slow to start."""

    waiting = 2

    @property
    def greeting(self) -> str:
        return ""

    def answer(self, reply: str) -> None:
        type(self).waiting -= self.name == "alice"
        shown = f"{self.prompt}ready on port {PORT}\n" if self.waiting == 0 else ""
        if self.waiting <= 0 or self.name != "alice":
            self.prints(self.name, shown)
            super().answer(reply)


class SlowerToStart(SlowToStart):
    """The same, one line later."""

    waiting = 3


@pytest.mark.parametrize("program", [SlowToStart, SlowerToStart])
def test_prompts_of_a_program_that_is_slow_to_start(
    learned: Learned, program: type[SlowToStart]
) -> None:
    found, _, _ = learned(program)
    assert found.console.prompt == ["> "]
    patterns = [pattern for _, pattern in found.patterns()]
    assert patterns
    assert not [pattern for pattern in patterns if pattern.startswith("^> ")]
