"""Screens that change with the moment or repeat what was typed: small simulated programs."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat


class Stamped(Chat):
    """Puts the time in front of each line, and a letter in front of each id."""

    times: Iterator[int] = itertools.count()
    stamp = "[{hour:02}:{minute:02}:{second:02}] "

    def label(self, number: int) -> str:
        return f"P{number}"

    def number(self, label: str) -> int:
        return int(label.removeprefix("P")) if label.startswith("P") else 0

    def stamped(self, text: str) -> str:
        now = next(self.times)
        stamp = self.stamp.format(hour=now // 3600 % 24, minute=now // 60 % 60, second=now % 60)
        return "\n".join(f"{stamp}{line}" for line in text.split("\n"))

    def answer(self, reply: str) -> None:
        super().answer(self.stamped(reply) if reply else "")

    def tell(self, line: str) -> None:
        super().tell(self.stamped(line))


class StampedInWords(Stamped):
    """The same with a date in words, and without seconds: all the same in this one run."""

    times = itertools.repeat(0)
    stamp = "Mon Nov 30, {hour:02}h{minute:02}: "


@pytest.mark.parametrize(
    ("program", "stamp"), [(Stamped, "[23:59:01] "), (StampedInWords, "Tue Dec 1, 23h59: ")]
)
def test_the_time_is_of_this_moment_alone(
    learned: Learned, program: type[Chat], stamp: str
) -> None:
    found, reader, _ = learned(program)
    assert len(found.operations) == 9
    row = reader.row("list", f"{stamp}P7: {HOSTS['bob']} {PORT}")
    assert row
    assert row["id"] == "P7"
    notice = reader.notice([f"{stamp}message from P3: at 12:30"])
    assert notice
    assert notice.fields == {"id": "P3", "text": "at 12:30"}
    assert reader.outcome("send", f"{stamp}sent to P4") == (True, {"id": "P4"})
    assert reader.outcome("send", f"{stamp}error: no such connection") == (False, {})


class Counting(Chat):
    """Counts its connections in the prompt, in words that depend on how many there are."""

    none = "0 peer"

    @property
    def prompt(self) -> str:
        count = len(getattr(self, "links", ()))
        return f"({f'{count} peer' if count else self.none}{'s' if count > 1 else ''}) >> "

    @prompt.setter
    def prompt(self, _: str) -> None:
        """Ignore it: it is new each time."""


class CountingFromNone(Counting):
    """The same with a word for none."""

    none = "no peers"


@pytest.mark.parametrize("program", [Counting, CountingFromNone])
def test_a_prompt_may_count_in_words(learned: Learned, program: type[Chat]) -> None:
    found, reader, _ = learned(program)
    (pattern,) = found.console.prompt_pattern
    assert pattern in (r"^\(\d+ \w+\) >> ", r"^\(\w+ \w+\) >> ")
    assert [len(block.block) for block in found.notices["message"]] == [1]
    assert reader.notice(["message from 3: hi"])


class Repeats(Chat):
    """Repeats what it reads."""

    front = "» "

    def enter(self, line: str) -> None:
        self.prints(self.name, f"{self.front}{line}\n")
        super().enter(line)


class RepeatsInWords(Repeats):
    """The same with words in front, and nothing else where it does not understand."""

    front = "You typed: "

    def answer(self, reply: str) -> None:
        super().answer("" if "bad command" in reply else reply)


class Boxes(Repeats):
    """The same with every reply in a box."""

    def answer(self, reply: str) -> None:
        lines = reply.split("\n")
        width = max(map(len, lines)) + 2
        inner = [f"║ {line:<{width - 1}}║" for line in lines]
        super().answer("\n".join([f"╔{'═' * width}╗", *inner, f"╚{'═' * width}╝"]))


@pytest.mark.parametrize("program", [Repeats, RepeatsInWords, Boxes])
def test_what_it_repeats_is_an_echo(learned: Learned, program: type[Repeats]) -> None:
    found, reader, _ = learned(program)
    assert len(found.operations) == 9
    assert found.console.echo
    assert program.front in found.console.prompt
    if program is not Boxes:
        assert reader.outcome("send", "sent to 4") == (True, {"id": "4"})
    else:
        assert reader.outcome("send", "║ sent to 4 ║") == (True, {"id": "4"})
        assert reader.outcome("send", "║ error: no such connection ║") == (False, {})
        assert reader.outcome("send", "╚═══════════╝") is None, "a rule says nothing"


class Complains(Chat):
    """Repeats only what it does not understand."""

    complaint = "? {}"

    def enter(self, line: str) -> None:
        if self._verb(line):
            super().enter(line)
        else:
            self.answer(self.complaint.format(line))


class ComplainsAtLength(Complains):
    """The same in words, with advice."""

    complaint = "unknown command {}\ntype help for help"


@pytest.mark.parametrize("program", [Complains, ComplainsAtLength])
def test_a_complaint_about_what_was_typed_is_no_echo(learned: Learned, program: type[Chat]) -> None:
    found, _, _ = learned(program)
    assert len(found.operations) == 9
    assert not found.console.echo
    assert found.operations["help"].send[0].type == "help"


class Padded(Chat):
    """Shows messages in boxes that are as wide as their title, at least."""

    def show(self, number: int, text: str) -> None:
        title = f"═ message from {self.label(number)} ═════════════"
        width = max(len(title), len(text) + 2)
        self.tell(f"╔{title:═<{width}}╗\n║ {text:<{width - 1}}║\n╚{'═' * width}╝")


class PaddedLine(Chat):
    """The same in one line of a table."""

    def show(self, number: int, text: str) -> None:
        self.tell(f"| {number} | {text:<40} |")


@pytest.mark.parametrize(("program", "shown"), [
    (Padded, ["╔═ message from 3 ══════╗", "║ hi                    ║", "╚═══════════════════╝"]),
    (Padded, ["╔═ message from 3 ══════╗", "║ hi ║", "╚═══════════════════╝"]),
    (PaddedLine, ["| 3 | hi                                       |"]),
])  # fmt: skip
def test_what_fills_a_box_is_no_part_of_the_text(
    learned: Learned, program: type[Chat], shown: list[str]
) -> None:
    found, reader, _ = learned(program)
    notice = reader.notice(shown)
    assert notice
    assert notice.fields == {"id": "3", "text": "hi"}
    assert any(block.is_padded for block in found.notices["message"])


class Bracketed(Chat):
    """Shows messages in brackets, with something behind them."""

    def show(self, number: int, text: str) -> None:
        self.tell(f"[{text}] says {self.label(number)}")


@pytest.mark.parametrize("program", [Chat, Bracketed])
def test_a_text_without_blanks_behind_it_is_not_padded(
    learned: Learned, program: type[Chat]
) -> None:
    found, _, _ = learned(program)
    assert not any(block.is_padded for block in found.notices["message"])


class BoxedHelp(Padded):
    """Has the same edges around its help as around its messages."""

    def do_help(self) -> str:
        inner = "\n".join(f"║ {verb:<28} ║" for verb in self.style.words)
        return f"╔═ help ═══════════════════════╗\n{inner}\n╚══════════════════════════════╝"


class RuledHelp(Chat):
    """The same with rules, and a bar in front of each line."""

    def show(self, number: int, text: str) -> None:
        self.tell(f"---- {self.label(number)} ----\n| {text}\n----------")

    def do_help(self) -> str:
        return "\n".join(["- help -", *(f"| {verb}" for verb in self.style.words), "----------"])


@pytest.mark.parametrize("program", [BoxedHelp, RuledHelp])
def test_a_part_of_a_notice_may_be_part_of_a_reply(learned: Learned, program: type[Chat]) -> None:
    found, _, _ = learned(program)
    assert found.operations["help"].ends == "quiet", "all of it is the reply"


class Framed(Chat):
    """Ends all that it says by a rule, and its list has a heading that sounds like a refusal."""

    heading = "  | no  address  port"

    @property
    def greeting(self) -> str:
        return f"  | chat opens on port {PORT}\n  `--\n{self.prompt}"

    def do_list(self) -> str:
        rows = [f"{number} {HOSTS[it.name]} {PORT}" for number, it in self.links.items()]
        return "\n".join([self.heading, *(f"  | {row}" for row in rows), "  `--"])

    def answer(self, reply: str) -> None:
        is_list = reply.startswith(self.heading)
        super().answer(reply if is_list else f"  | {reply}\n  `--")


class FramedInWords(Framed):
    """The same with words above the rows."""

    heading = "  | whom you must not forget:"


@pytest.mark.parametrize("program", [Framed, FramedInWords])
def test_a_rule_says_nothing_and_a_heading_is_no_refusal(
    learned: Learned, program: type[Framed]
) -> None:
    found, reader, _ = learned(program)
    assert reader.ready(f"  | chat opens on port {PORT}")
    assert not found.operations["list"].fail
    assert reader.outcome("list", program.heading) != (False, {})
    assert reader.outcome("send", "  | error: no such connection") == (False, {})
    assert reader.outcome("send", "  | sent to 4") == (True, {"id": "4"})
