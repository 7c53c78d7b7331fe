"""Notices that are hard to learn, each of a small simulated program."""

from __future__ import annotations

import pytest

from orchestrator.console.echo import Echoes
from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat


class SilentEnds(Chat):
    """Tells no one that a connection is over."""

    def lose(self, other: Chat) -> None:
        number = next(its for its, chat in self.links.items() if chat is other)
        del self.links[number]


class SilentStarts(Chat):
    """Tells no one that a connection was made."""

    def tell(self, line: str) -> None:
        if "connected from" not in line:
            super().tell(line)


@pytest.mark.parametrize(("program", "kind"), [(SilentEnds, "closed"), (SilentStarts, "connected")])
def test_silence_about_what_the_kernel_has_shown_is_a_fact(
    learned: Learned, program: type[Chat], kind: str
) -> None:
    found, _, _ = learned(program)
    assert not found.lacks[kind].doubt
    assert found.lacks["delivered"].doubt, "there was nothing to see"


class Bare(Chat):
    """Puts the same in front of a message and of every other notice."""

    def show(self, number: int, text: str) -> None:
        self.tell(f"@{number} {text}")

    def lose(self, other: Chat) -> None:
        number = next(its for its, chat in self.links.items() if chat is other)
        del self.links[number]
        self.tell(f"@{number} has gone")


class BareBlocks(Bare):
    """The same in two lines each."""

    def show(self, number: int, text: str) -> None:
        self.tell(f"@{number}\n{text}")

    def tell(self, line: str) -> None:
        super().tell(line.replace(" has gone", "\nhas gone"))


@pytest.mark.parametrize("program", [Bare, BareBlocks])
def test_the_most_specific_notice_is_tried_first(learned: Learned, program: type[Chat]) -> None:
    _, reader, _ = learned(program)
    between = " " if program is Bare else "\n"
    for text, kind in (("has gone", "closed"), ("two words", "message")):
        notice = reader.notice(f"@3{between}{text}".split("\n"))
        assert notice
        assert notice.kind == kind


class Boxes(Chat):
    """Shows messages in boxes as wide as their texts."""

    def show(self, number: int, text: str) -> None:
        rule = "=" * (len(text) + 2)
        self.tell(f"+--[{number}]{rule}+\n| {text} |\n+{rule}+")


def test_a_rule_may_be_longer_or_shorter(learned: Learned) -> None:
    _, reader, _ = learned(Boxes)
    notice = reader.notice(["+--[3]===+", "| h |", "+===+"])
    assert notice
    assert notice.fields == {"id": "3", "text": "h"}


class Margin(Chat):
    """Shows messages with a margin of four blanks."""

    def show(self, number: int, text: str) -> None:
        self.tell(f"* {number} says:\n    {text}")


class Tab(Chat):
    """The same with a tab."""

    def show(self, number: int, text: str) -> None:
        self.tell(f"* {number} says:\n\t{text}")


class TabWithin(Chat):
    """The same on one line."""

    def show(self, number: int, text: str) -> None:
        self.tell(f"{number}:\t{text}")


class Rule(Chat):
    """The same with a rule and two blanks, on one line."""

    def show(self, number: int, text: str) -> None:
        self.tell(f"{number} |  {text}")


@pytest.mark.parametrize(("program", "shown"), [
    (Margin, "* 3 says:\n      two in front"), (Tab, "* 3 says:\n\t  two in front"),
    (TabWithin, "3:\t  two in front"), (Rule, "3 |    two in front"),
])  # fmt: skip
def test_blanks_in_front_of_a_text_are_its_own(
    learned: Learned, program: type[Chat], shown: str
) -> None:
    _, reader, _ = learned(program)
    notice = reader.notice(shown.split("\n"))
    assert notice
    assert notice.fields["text"] == "  two in front"


class Stamped(Chat):
    """Puts the time since its start in front of a notice."""

    stamps: tuple[str, ...] = (
        "[   0.523s]",
        "[  12.004s]",
        "[ 137.250s]",
        "[   9.000s]",
        "[1004.125s]",
    )
    count = 0

    def tell(self, line: str) -> None:
        Stamped.count += 1
        super().tell(f"{self.stamps[Stamped.count % len(self.stamps)]} {line}")


class Dated(Stamped):
    """The same with a date and a clock of twelve hours."""

    stamps = ("Mon Nov 30 11:59:58 AM", "Mon Nov 30 12:00:01 PM", "Mon Nov 30 1:00:09 PM")


class Timed(Stamped):
    """The same with how long it waited for it, in units that fit."""

    stamps = ("(812.5µs)", "(31ms)", "(1.25s)", "(4m0.5s)", "(2s)")


class Numbered(Stamped):
    """The same with a word that is new each time."""

    stamps = tuple(f"<{number:x}f{number}>" for number in range(10, 99))


@pytest.mark.parametrize(("program", "stamp"), [
    (Stamped, "[   3.14s]"), (Dated, "Sun Feb 1 1:15:00 AM"), (Timed, "(3.5ms)"),
    (Numbered, "<0a77>"),
])  # fmt: skip
def test_when_and_which_vary(learned: Learned, program: type[Stamped], stamp: str) -> None:
    _, reader, _ = learned(program)
    for line, kind in (
        ("message from 3: hello", "message"),
        ("peer 3 connected from 172.20.0.3:5000", "connected"),
        ("peer 3 disconnected", "closed"),
    ):
        notice = reader.notice([f"{stamp} {line}"])
        assert notice, line
        assert (notice.kind, notice.fields["id"]) == (kind, "3")


class ShownLate(Chat):
    """Shows the first message that it gets together with the next one."""

    shown = "{}"
    late: tuple[tuple[int, str], ...] | None = None

    def show(self, number: int, text: str) -> None:
        if self.late is None:
            self.late = ((number, text),)
            return
        for its, said in (*self.late, (number, text)):
            super().show(its, self.shown.format(said))
        self.late = ()


class ShownLateInQuotes(ShownLate):
    """The same, and puts each text in quotes."""

    shown = '"{}"'


@pytest.mark.parametrize("program", [ShownLate, ShownLateInQuotes])
def test_quotes_that_are_shown_with_a_text_are_not_typed(
    learned: Learned, program: type[ShownLate]
) -> None:
    found, reader, _ = learned(program)
    assert found.operations["send"].send[0].type == "send {id} {text}"
    notice = reader.notice([f"message from 3: {program.shown.format('hi there')}"])
    assert notice
    assert notice.fields["text"] == "hi there"


class ToldTwice(Chat):
    """Ends both connections to a peer at once, and prints a notice of each."""

    def lose(self, other: Chat) -> None:
        for number in [its for its, chat in self.links.items() if chat is other]:
            del self.links[number]
            self.tell(f"peer {number} at {HOSTS[other.name]} has gone")
            if self.name == "bob":
                self.tell(f"peer {number + 1} at {HOSTS[other.name]} has gone")


class ToldTwiceInBlocks(ToldTwice):
    """The same in two lines each."""

    def tell(self, line: str) -> None:
        super().tell(line.replace(" at ", "\nat "))


@pytest.mark.parametrize("program", [ToldTwice, ToldTwiceInBlocks])
def test_a_notice_that_came_twice_at_once_is_one(learned: Learned, program: type[Chat]) -> None:
    found, _, _ = learned(program)
    assert {len(block.block) for block in found.notices["closed"]} == {
        1 if program is ToldTwice else 2
    }


class PromptsAfterNews(Chat):
    """Prints a prompt only behind what was not asked for; behind a connection it comes late."""

    mark = "> "
    late = ""

    @property
    def prompt(self) -> str:
        return ""

    @prompt.setter
    def prompt(self, _: str) -> None:
        """Ignore it: commands are read without one."""

    def _flushed(self, line: str, rest: str) -> str:
        late, self.late = self.late, rest
        return f"{late}{line}\n"

    def answer(self, reply: str) -> None:
        self.prints(self.name, self._flushed(reply, ""))

    def tell(self, line: str) -> None:
        self.prints(self.name, self._flushed(line, self.mark))

    def show(self, number: int, text: str) -> None:
        line = f"message from {self.label(number)}: {text}"
        self.prints(self.name, self._flushed(line, "") + self.mark)


class PromptsByName(PromptsAfterNews):
    """The same with the peer's own name, below a line that shows where the message begins."""

    @property
    def mark(self) -> str:  # type: ignore[override]
        return f"[{self.name}] me: "

    def show(self, number: int, text: str) -> None:
        begins = self._flushed(f"message from {self.label(number)}", "")
        self.prints(self.name, f"{begins}text: {text}\n{self.mark}")


@pytest.mark.parametrize(
    ("program", "mark"), [(PromptsAfterNews, "> "), (PromptsByName, "[eve] me: ")]
)
def test_a_prompt_behind_messages_alone(learned: Learned, program: type[Chat], mark: str) -> None:
    found, reader, _ = learned(program)
    assert len(found.operations) == 9
    shown = Echoes(found).without_prompts
    assert shown(mark) == ""
    assert reader.outcome("myport", shown(f"{mark}port {PORT}")) == (True, {"port": str(PORT)})
    assert len(found.operations["connect"].ok) == 1
    assert [len(it.block) for it in found.notices["message"]] == [1 + (program is PromptsByName)]


class ShowsNothingForEver(Chat):
    """Shows a blank message again and again once the other end is gone."""

    first: tuple[str, ...] = ()

    def lose(self, other: Chat) -> None:
        number = next(its for its, chat in self.links.items() if chat is other)
        del self.links[number]
        self.tell("\n".join([*self.first, *["message from ?:"] * 40]))


class SaysSoFirst(ShowsNothingForEver):
    """The same below a line that says so."""

    first = ("the other end has left",)


@pytest.mark.parametrize("program", [ShowsNothingForEver, SaysSoFirst])
def test_what_comes_without_end_is_no_notice(
    learned: Learned, program: type[ShowsNothingForEver]
) -> None:
    found, reader, _ = learned(program)
    assert reader.notice(["message from ?:"]) is None
    told = [notice and notice.kind for notice in map(reader.notice, [[it] for it in program.first])]
    assert told == ["closed"] * len(program.first)
    assert ("closed" in found.lacks) == (not program.first)


class CalledByNames(Chat):
    """Says whom a notice is about by the name alone that it was told at its start."""

    said, gone = "{} says '{}'", "{} has gone"

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        return "you are together" if reply.startswith("connected") else reply

    def show(self, number: int, text: str) -> None:
        self.tell(self.said.format(self.links[number].name, text))

    def lose(self, other: Chat) -> None:
        number = next(its for its, chat in self.links.items() if chat is other)
        del self.links[number]
        self.tell(self.gone.format(other.name))


class CalledByNamesAbove(CalledByNames):
    """The same in blocks, with the name in the first line."""

    said, gone = "--- {} ---\n  {}", "--- {} ---\n  (left)"


@pytest.mark.parametrize("program", [CalledByNames, CalledByNamesAbove])
def test_a_name_says_who_it_was_if_nothing_else_does(
    learned: Learned, program: type[CalledByNames]
) -> None:
    _, reader, _ = learned(program)
    message = reader.notice(program.said.format("bob", "so it is").split("\n"))
    gone = reader.notice(program.gone.format("carol").split("\n"))
    assert message
    assert gone
    assert (message.kind, message.fields["name"]) == ("message", "bob")
    assert message.fields["text"] == "so it is"
    assert (gone.kind, gone.fields["name"]) == ("closed", "carol")
