"""Replies and notices that are hard to learn, each of a small simulated program.

A profile that was learned must read the program rightly: what is said below is what a person would
say who looks at its consoles.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat


class Silent(Chat):
    """Says nothing where it worked, and refuses in words that do not sound like it."""

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        return "that did nothing" if "error" in reply else ""

    def do_send(self, number: str, text: str) -> str:
        return super().do_send(number, text) and ""


class OneWay(Silent):
    """Who was dialled has no id for the dialler, and says so when it sends."""

    dialled: tuple[int, ...] = ()  # its own ids

    def do_send(self, number: str, text: str) -> str:
        return super().do_send(number, text) if int(number) in self.dialled else "who is that"

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        self.dialled = self.dialled if reply else (*self.dialled, max(self.links))
        return reply


@pytest.mark.parametrize("program", [Silent, OneWay])
def test_silence_is_success_and_words_are_refusals(learned: Learned, program: type[Chat]) -> None:
    found, reader, _ = learned(program)
    for verb in ("connect", "send"):
        assert (found.operations[verb].silent, found.operations[verb].ok) == (True, [])
    assert reader.outcome("connect", "that did nothing") == (False, {})
    if program is OneWay:
        assert reader.outcome("send", "who is that") == (False, {})


class Twice(Chat):
    """Shows each message twice, in blocks."""

    def show(self, number: int, text: str) -> None:
        self.tell("\n".join([f"/-- {number}", f"| {text}", "\\--"] * 2))


class TwiceAtOnce(Chat):
    """Shows each message twice, in one line each."""

    def show(self, number: int, text: str) -> None:
        self.tell(f"[{number}] {text}\n[{number}] {text}")


@pytest.mark.parametrize(("program", "length"), [(Twice, 3), (TwiceAtOnce, 1)])
def test_a_message_that_is_shown_twice_is_one_notice(
    learned: Learned, program: type[Chat], length: int
) -> None:
    found, _, _ = learned(program)
    assert [len(block.block) for block in found.notices["message"]] == [length]


class Ruled(Chat):
    """Prints its help between two equal rules."""

    first = "-" * 20

    def do_help(self) -> str:
        return "\n".join([self.first, *self.style.words.values(), self.first])


class Sentences(Ruled):
    """Ends its help in the words in which it begins, which stand between its parts as well."""

    first = "type one of these"

    def do_help(self) -> str:
        *words, last = self.style.words.values()
        return "\n".join(f"{self.first}\n  {part}" for part in (", ".join(words), last)) + (
            f"\n{self.first}"
        )


@pytest.mark.parametrize("program", [Ruled, Sentences])
def test_a_help_text_goes_on_after_its_first_line(learned: Learned, program: type[Ruled]) -> None:
    found, reader, _ = learned(program)
    assert found.operations["help"].ends == "quiet"
    assert reader.outcome("help", program.first) is None


class SameWords(Chat):
    """Answers `terminate` with the sentence of the other end's notice."""

    def do_terminate(self, number: str) -> str:
        super().do_terminate(number)
        return f"connection {number} is over"

    def lose(self, other: Chat) -> None:
        number = next(its for its, chat in self.links.items() if chat is other)
        del self.links[number]
        self.tell(f"connection {number} is over")


class SameWordsAndList(SameWords):
    """The same, and then the list."""

    def do_terminate(self, number: str) -> str:
        return super().do_terminate(number) + f"\n{self.do_list()}"


@pytest.mark.parametrize("program", [SameWords, SameWordsAndList])
def test_a_reply_in_the_words_of_a_notice(learned: Learned, program: type[Chat]) -> None:
    _, reader, _ = learned(program)
    assert reader.outcome("terminate", "connection 3 is over") == (True, {"id": "3"})
    notice = reader.notice(["connection 3 is over"])
    assert notice
    assert notice.kind == "closed"


class AnswersWithList(Chat):
    """Answers `connect` with the whole list."""

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        return reply if "error" in reply else self.do_list()


class AnswersWithTable(AnswersWithList):
    """Answers with a table, the newest row first, behind a sentence of its own."""

    def do_list(self) -> str:
        *rows, count = super().do_list().split("\n")
        return "\n".join(["id: address port", *reversed(rows), count])

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        return reply if "error" in reply else f"you can talk to these now\n{reply}"


@pytest.mark.parametrize("program", [AnswersWithList, AnswersWithTable])
def test_no_row_of_a_list_is_taken_for_the_new_connection(
    learned: Learned, program: type[Chat]
) -> None:
    _, reader, _ = learned(program)
    reply = [f"1: {HOSTS['bob']} {PORT}", f"2: {HOSTS['carol']} {PORT}", "2 connections"]
    if program is AnswersWithTable:
        reply = ["you can talk to these now", "id: address port", *reply[1::-1], *reply[2:]]
    outcomes = [reader.outcome("connect", line) for line in reply]
    assert any(outcomes)
    assert not any(fields for outcome in outcomes if outcome for fields in outcome[1:])
    assert all(reader.is_label("connect", line) or reader.outcome("connect", line)
               for line in reply)  # fmt: skip


class TwoLines(Chat):
    """Answers `connect` in two lines."""

    first = "{} picks up"

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        return reply if "error" in reply else f"{self.first.format(address)}\n{reply}"


class SecondLater(TwoLines):
    """Prints the second from another thread, behind the next prompt.

    Both are built like the notice at the other end.
    """

    first, second = "peer connected to {}", ""

    def do_connect(self, address: str, port: str) -> str:
        first, _, self.second = super().do_connect(address, port).partition("\n")
        return first

    def answer(self, reply: str) -> None:
        super().answer(reply)
        if self.second:
            self.tell(self.second)
            self.second = ""


@pytest.mark.parametrize("program", [TwoLines, SecondLater])
def test_both_lines_belong_to_the_reply(learned: Learned, program: type[TwoLines]) -> None:
    _, reader, _ = learned(program)
    lines = [program.first.format(HOSTS["bob"]), f"connected to {HOSTS['bob']}:{PORT}"]
    fields = {"address": HOSTS["bob"], "port": str(PORT)}
    assert reader.outcome("connect", lines[1]) == (True, fields)
    assert reader.is_label("connect", lines[0])
    assert not any(reader.notice([line]) for line in lines)
    notice = reader.notice([f"peer 3 connected from {HOSTS['bob']}:{PORT}"])
    assert notice
    assert (notice.kind, notice.fields["id"]) == ("connected", "3")


class Labelled(Chat):
    """Puts a label in front of each value."""

    def do_myip(self) -> str:
        return f"Address:\n{HOSTS[self.name]}"

    def do_myport(self) -> str:
        return f"Port: \n  {PORT} "


def test_labels_are_no_answers(learned: Learned) -> None:
    found, reader, _ = learned(Labelled)
    assert found.sync == "myport"
    assert reader.outcome("myip", "Address:") is None
    assert reader.is_label("myip", "Address:")
    assert reader.is_label("myport", "Port: ")
    assert reader.outcome("myip", HOSTS["bob"]) == (True, {"address": HOSTS["bob"]})
    assert reader.outcome("myport", f"  {PORT} ") == (True, {"port": str(PORT)})


class Blanks(Chat):
    """Ends every line in a blank, messages too."""

    def show(self, number: int, text: str) -> None:
        self.tell(f"{number} said: {text} ")

    def answer(self, reply: str) -> None:
        super().answer(reply.replace("\n", " \n") + " ")


class QuotedBlanks(Blanks):
    """The same with quotes."""

    def show(self, number: int, text: str) -> None:
        self.tell(f'{number} said "{text}" ')


@pytest.mark.parametrize("program", [Blanks, QuotedBlanks])
def test_blanks_at_the_ends_of_lines(learned: Learned, program: type[Chat]) -> None:
    _, reader, _ = learned(program)
    shown = "3 said: two  " if program is Blanks else '3 said "two " '
    notice = reader.notice([shown])
    assert notice
    assert notice.fields["text"] == "two "
    assert reader.outcome("send", "sent to 3 ") == (True, {"id": "3"})


class Open(Chat):
    """Prints the line break of a notice in front of it."""

    def tell(self, line: str) -> None:
        self.prints(self.name, f"\n{line}")


def test_what_stands_on_the_screen_without_a_line_break_was_shown(learned: Learned) -> None:
    found, _, _ = learned(Open)
    assert set(found.notices) == {"connected", "message", "closed"}


class OneWord(Chat):
    """Sends the first word of a message only."""

    def do_send(self, number: str, text: str) -> str:
        return super().do_send(number, text.split(maxsplit=1)[0])


def test_part_of_a_text_is_enough_to_learn_the_notice(learned: Learned) -> None:
    _, reader, _ = learned(OneWord)
    notice = reader.notice(["message from 3: hello"])
    assert notice
    assert notice.fields == {"id": "3", "text": "hello"}


class Reasons(Chat):
    """Gives the reason of a refusal behind a colon."""

    words = "it did not work"

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        return f"{self.words}: [111] refused" if "error" in reply else reply


class IndentedReasons(Reasons):
    """The same, with a blank in front and the endpoint in the middle."""

    def do_connect(self, address: str, port: str) -> str:
        self.words = f" No one is at {address} {port}"
        return super().do_connect(address, port)


@pytest.mark.parametrize(
    ("program", "other"),
    [
        (Reasons, "it did not work: no route to host"),
        (IndentedReasons, " No one is at 10.0.0.9 70: timed out"),
    ],
)
def test_a_refusal_is_known_whatever_its_reason(
    learned: Learned, program: type[Chat], other: str
) -> None:
    _, reader, _ = learned(program)
    outcome = reader.outcome("connect", other)
    assert outcome
    assert not outcome[0]


class NamesTheId(Chat):
    """Says in a refusal which id it was given, and ends at one that is no number."""

    refusal = "there is no number {}"

    def _reply(self, verb: str, words: Sequence[str]) -> str:
        if verb not in ("terminate", "send") or not words:
            return super()._reply(verb, words)
        if not words[0].isdigit():
            self.leave()
            return "not a number"
        is_known = int(words[0]) in self.links
        return super()._reply(verb, words) if is_known else self.refusal.format(words[0])


class NamesTheIdFirst(NamesTheId):
    """The same with the id in front."""

    refusal = "{} is unknown"


@pytest.mark.parametrize("program", [NamesTheId, NamesTheIdFirst])
@pytest.mark.parametrize("given", ["4711", "-1", "x"])
def test_a_refusal_is_known_whatever_was_typed(
    learned: Learned, program: type[NamesTheId], given: str
) -> None:
    _, reader, _ = learned(program)
    for verb in ("terminate", "send"):
        assert reader.outcome(verb, program.refusal.format(given)) == (False, {})


class NoBody(Chat):
    """Refuses with `no …`, and says `nobody` in a list that is empty."""

    def do_list(self) -> str:
        return super().do_list() if self.links else "nobody is here"

    def answer(self, reply: str) -> None:
        super().answer(reply.replace("error: ", "no "))


def test_a_beginning_is_no_part_of_a_longer_word(learned: Learned) -> None:
    _, reader, _ = learned(NoBody)
    assert reader.outcome("connect", "no way") == (False, {})
    assert reader.outcome("list", "nobody is here") == (True, {})


class Parrot(Chat):
    """Repeats each word that it does not know, and says no more."""

    def enter(self, line: str) -> None:
        if self._pending or self._verb(line):
            super().enter(line)
        else:
            self.answer("\n".join(f"{word}?" for word in line.split()))


class ParrotAtOnce(Parrot):
    """The same, all in one line."""

    def answer(self, reply: str) -> None:
        super().answer(f"did you say {reply.replace(chr(10), ' ')}" if "?" in reply else reply)


@pytest.mark.parametrize("program", [Parrot, ParrotAtOnce])
def test_nothing_that_the_lab_has_typed_is_the_programs_word(
    learned: Learned, program: type[Chat]
) -> None:
    found, reader, _ = learned(program)
    said = "did you say " if program is ParrotAtOnce else ""
    assert reader.outcome("list", f"{said}blurb?") == (False, {})
    assert not [it for it in found.errors if "qwxz" in it or "vkbj" in it]
