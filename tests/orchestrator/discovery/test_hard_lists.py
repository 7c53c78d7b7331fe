"""Lists that are hard to learn, each of a small simulated program.

A profile that was learned must read the program rightly: what is said below is what a person would
say who looks at its consoles.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat


class SaysWhoDialled(Chat):
    """Says behind each row who dialled whom."""

    ways: Sequence[str] = ("incoming", "outgoing")
    dialled: tuple[int, ...] = ()

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        if "error" not in reply:
            self.dialled = (*self.dialled, max(self.links))
        return reply

    def do_list(self) -> str:
        *rows, count = super().do_list().split("\n")
        ways = [self.ways[number in self.dialled] for number in self.links]
        return "\n".join([*(f"{row} ({way})" for row, way in zip(rows, ways, strict=True)), count])


class SaysItAtLength(SaysWhoDialled):
    """The same in words of different numbers."""

    ways = ("has called me", "called")


@pytest.mark.parametrize("program", [SaysWhoDialled, SaysItAtLength])
def test_rows_may_end_in_different_ways(learned: Learned, program: type[SaysWhoDialled]) -> None:
    found, reader, _ = learned(program)
    assert "list" in found.operations
    for way in program.ways:
        row = reader.row("list", f"7: 10.0.0.9 6000 ({way})")
        assert row
        assert row == {"id": "7", "address": "10.0.0.9", "port": "6000"}
    assert reader.row("list", "2 connections") is None


class ShowsArrows(SaysWhoDialled):
    """Says it by an arrow between the id and the address."""

    ways = ("←", "→")
    row = "#{number}  {way}  {address}:{port}"

    def do_list(self) -> str:
        rows = [
            self.row.format(number=number, way=self.ways[number in self.dialled],
                            address=HOSTS[it.name], port=PORT)
            for number, it in self.links.items()
        ]  # fmt: skip
        return "\n".join(rows) or "nobody"


class ShowsWaysInFront(ShowsArrows):
    """Says it in words of different numbers in front of the id."""

    ways = ("came in", "sent out by me")
    row = "[{way}] {number} - {address}:{port}"


@pytest.mark.parametrize("program", [ShowsArrows, ShowsWaysInFront])
def test_rows_may_differ_anywhere(learned: Learned, program: type[ShowsArrows]) -> None:
    found, reader, _ = learned(program)
    assert "list" in found.operations
    for way in program.ways:
        line = program.row.format(number=7, way=way, address="10.0.0.9", port=6000)
        assert reader.row("list", line) == {"id": "7", "address": "10.0.0.9", "port": "6000"}
    assert reader.row("list", "nobody") is None


class OneLine(Chat):
    """Lists all its connections in one line, in which it names itself as well."""

    def do_list(self) -> str:
        ends = [f"{number}={HOSTS[it.name]}:{PORT}" for number, it in self.links.items()]
        return f"peers of {HOSTS[self.name]}: {', '.join(ends) or 'none'}"


@pytest.mark.parametrize(
    ("program", "line"),
    [
        (OneLine, f"peers of {HOSTS['alice']}: 1={HOSTS['bob']}:{PORT}, 2={HOSTS['carol']}:{PORT}"),
        (OneLine, f"peers of {HOSTS['alice']}: 1={HOSTS['bob']}:{PORT}"),
    ],
)
def test_a_list_without_a_line_for_each_is_not_read_in_part(
    learned: Learned, program: type[Chat], line: str
) -> None:
    _, reader, _ = learned(program)
    assert reader.row("list", line) is None
    assert reader.outcome("list", line) is None, "unread, and so unknown"


class RuleBelowEach(Chat):
    """Boxes every reply: each line begins with a bar, and a rule is below the last one."""

    is_above = False
    rule = "`--"

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        return reply if "error" in reply else f"{reply}\nunder number {max(self.links)}"

    def do_list(self) -> str:
        *rows, _ = super().do_list().split("\n")
        return "\n".join(["no address port", *rows])

    def answer(self, reply: str) -> None:
        lines = [f"| {line}" for line in reply.split("\n")]
        super().answer("\n".join([*[self.rule] * self.is_above, *lines, self.rule]))


class RulesAround(RuleBelowEach):
    """The same with a rule above each reply as well."""

    is_above = True
    rule = "-" * 30


class RuleBelowRefusals(Chat):
    """Draws the rule that ends a list below refusals as well."""

    def do_list(self) -> str:
        *rows, _ = super().do_list().split("\n")
        return "\n".join(["my connections", *rows, "-----"])

    def answer(self, reply: str) -> None:
        super().answer(f"{reply}\n-----" if "error" in reply else reply)


class TitledBoxes(RuleBelowEach):
    """Draws boxes with a title, and counts in a list's last line only if there is something."""

    def do_list(self) -> str:
        *rows, count = Chat.do_list(self).split("\n")
        return "\n".join([*rows, count] if rows else ["nothing here"])

    def answer(self, reply: str) -> None:
        body = [f"| {line:<40} |" for line in reply.split("\n")]
        title = "error" if "error" in reply else "answer"
        Chat.answer(self, "\n".join([f"+-- {title} {'-' * 30}", *body, f"+{'-' * 42}+"]))


BOXED = {
    RuleBelowEach: ("`--", "| no address port"),
    RulesAround: ("-" * 30, "| no address port"),
    RuleBelowRefusals: ("-----", "my connections"),
    TitledBoxes: (f"+{'-' * 42}+", f"| {'nothing here':<40} |"),
}


@pytest.mark.parametrize("program", BOXED)
def test_a_rule_that_other_replies_have_shows_no_empty_list(
    learned: Learned, program: type[Chat]
) -> None:
    found, reader, _ = learned(program)
    rule, empty = BOXED[program]
    listing = found.operations["list"]
    assert reader.outcome("list", rule) is None
    assert reader.is_label("list", rule)
    assert reader.outcome("list", empty) == (True, {})
    assert listing.ends == "quiet", "rows may still come"


def test_words_of_a_list_with_rows_show_no_empty_list(learned: Learned) -> None:
    _, reader, _ = learned(TitledBoxes)
    assert reader.outcome("list", f"| {'2 connections':<40} |") is None
    assert reader.row("list", f"| {'7: 10.0.0.9 6000':<40} |") == {
        "id": "7", "address": "10.0.0.9", "port": "6000",
    }  # fmt: skip


class ListsInColumns(Chat):
    """Lists in columns without a word, below a header."""

    row = "{number:<5}{address:<20}{port:<10}"

    def do_list(self) -> str:
        rows = [self.row.format(number=number, address=HOSTS[it.name], port=PORT)
                for number, it in self.links.items()]  # fmt: skip
        return "\n".join(["id:  IP address          Port No.  ", *rows])


class ListsWithSigns(ListsInColumns):
    """The same with signs between what a row shows."""

    row = "[{number}] {address} : {port}"


@pytest.mark.parametrize("program", [ListsInColumns, ListsWithSigns])
def test_a_row_may_show_the_name_that_was_typed(
    learned: Learned, program: type[ListsInColumns]
) -> None:
    _, reader, _ = learned(program)
    shown = {"number": 3, "address": "localhost", "port": PORT}
    wanted = {"id": "3", "address": "localhost", "port": str(PORT)}
    assert reader.row("list", program.row.format_map(shown).rstrip()) == wanted
    assert reader.row("list", "id:  IP address          Port No.") is None


class OnlyARule(RuleBelowEach):
    """Lists nothing but that rule if there is nothing, and has no header otherwise."""

    def do_list(self) -> str:
        return "\n".join(Chat.do_list(self).split("\n")[:-1])

    def answer(self, reply: str) -> None:
        super().answer(reply) if reply else Chat.answer(self, self.rule)


class OnlyAFrame(OnlyARule):
    """The same with a rule above each reply as well."""

    def answer(self, reply: str) -> None:
        lines = [f"| {line}" for line in reply.split("\n") if line]
        Chat.answer(self, "\n".join(["-----", *lines, "-----"]))


@pytest.mark.parametrize(("program", "rule"), [(OnlyARule, "`--"), (OnlyAFrame, "-----")])
def test_an_empty_list_that_is_a_rule_of_every_reply_says_nothing(
    learned: Learned, program: type[Chat], rule: str
) -> None:
    found, reader, _ = learned(program)
    assert found.operations["list"].silent
    assert reader.outcome("list", rule) is None
    assert reader.is_label("list", rule)
    assert reader.row("list", "| 7: 10.0.0.9 6000")


class OneTitle(TitledBoxes):
    """Draws the same title above every reply, refusals as well."""

    title = "+-- my chat --------------------+"

    def answer(self, reply: str) -> None:
        body = [f"| {line:<40} |" for line in reply.split("\n")]
        Chat.answer(self, "\n".join([self.title, *body, f"+{'-' * 42}+"]))


class OneHeading(OneTitle):
    """The same with a heading between two rules."""

    title = "=== my chat ====="

    def answer(self, reply: str) -> None:
        Chat.answer(self, f"{self.title}\n{reply}")


@pytest.mark.parametrize("program", [OneTitle, OneHeading])
def test_a_title_that_refusals_have_as_well_refuses_nothing(
    learned: Learned, program: type[OneTitle]
) -> None:
    found, reader, _ = learned(program)
    assert len(found.operations) == 9
    for verb in found.operations:
        assert reader.outcome(verb, program.title) is None


class ListsWhereItNeverWas(Chat):
    """Takes any address for one, and lists it."""

    row = "{}: {} {}"
    gone: tuple[str, ...] = ()

    def do_connect(self, address: str, port: str) -> str:
        if address in HOSTS.values():
            return super().do_connect(address, port)
        self.gone = (*self.gone, self.row.format(90 + len(self.gone), address, PORT))
        return f"connected to {address}:{PORT}"

    def do_list(self) -> str:
        *rows, count = super().do_list().split("\n")
        return "\n".join([*rows, *self.gone, count])


class ListsWhereItNeverWasWithColons(ListsWhereItNeverWas):
    """The same, with nothing but a colon behind the address."""

    row = "{}: {}:{}"


@pytest.mark.parametrize("program", [ListsWhereItNeverWas, ListsWhereItNeverWasWithColons])
def test_rows_of_what_is_no_address_say_nothing(
    learned: Learned, program: type[ListsWhereItNeverWas]
) -> None:
    _, reader, _ = learned(program)
    row = reader.row("list", f"1: {HOSTS['bob']} {PORT}")
    assert row == {"id": "1", "address": HOSTS["bob"], "port": str(PORT)}


class ListsByName(Chat):
    """Lists its peers by name, without their addresses."""

    def do_list(self) -> str:
        return "\n".join(f"[{number}] {it.name}" for number, it in self.links.items()) or "no one"


class ListsNamesFirst(ListsByName):
    """The same, below a title with a name of its own."""

    def do_list(self) -> str:
        rows = [f"  {it.name:8} is online ({number})" for number, it in self.links.items()]
        return "\n".join([f"{self.name} knows {len(rows)}:", *rows])


@pytest.mark.parametrize(
    ("program", "row"),
    [(ListsByName, "[3] dave"), (ListsNamesFirst, "  dave     is online (3)")],
)
def test_a_row_may_name_a_peer_and_no_address(
    learned: Learned, program: type[Chat], row: str
) -> None:
    _, reader, _ = learned(program)
    assert reader.row("list", row) == {"id": "3", "name": "dave"}
    title = "alice knows 2:"
    assert reader.row("list", title) is None


class SlowAtFirst(Chat):
    """Shows nothing when alice is first asked for her list, as if that came too late."""

    nothing = "no wires"
    has_listed = False

    def do_list(self) -> str:
        is_first = self.name == "alice" and not self.has_listed
        type(self).has_listed = True
        rows = [f"{number}, {HOSTS[it.name]}, {PORT}" for number, it in self.links.items()]
        return "" if is_first else "\n".join(rows) or self.nothing


class SlowTitle(SlowAtFirst):
    """Has a title and a count in its lists as well."""

    nothing = "# | peer | port\n0 links"


@pytest.mark.parametrize("program", [SlowAtFirst, SlowTitle])
def test_an_empty_list_that_shows_nothing_is_asked_for_again(
    learned: Learned, program: type[SlowAtFirst]
) -> None:
    _, reader, _ = learned(program)
    for line in program.nothing.split("\n"):
        assert reader.outcome("list", line) or reader.is_label("list", line)
    assert any(reader.outcome("list", line) for line in program.nothing.split("\n"))
