"""Rows of several lines and ids of unusual shape, each of a small simulated program."""

from __future__ import annotations

import re
import uuid

import pytest

from orchestrator.console.reply import Reply
from orchestrator.profile import Reader
from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat


class OnTwoLines(Chat):
    """Lists the number of each connection above its address."""

    row = "Connection {number}\n    {address}:{port}"

    def do_list(self) -> str:
        return "\n".join(
            self.row.format(number=self.label(number), address=HOSTS[other.name], port=PORT)
            for number, other in self.links.items()
        )


class NumbersBelow(OnTwoLines):
    row = "* {address}\n  is number {number}"


class PrettyJson(OnTwoLines):
    """Lists an array of objects, in which all but the last bracket have a comma."""

    row = '  {{\n    "ip": "{address}",\n    "port": {port},\n    "id": {number}\n  }}'

    def do_list(self) -> str:
        rows = super().do_list().replace("  }\n", "  },\n")
        return f"[\n{rows}\n]" if rows else "[]"


def read(reader: Reader, text: str) -> list[tuple[str, str]]:
    """Return the ids and addresses of the rows that are read in a list."""
    reply = Reply("list")
    for line in text.split("\n"):
        reply.take(reader, line)
    return [(row["id"], row["address"]) for row in reply.rows]


@pytest.mark.parametrize("program", [OnTwoLines, NumbersBelow, PrettyJson])
def test_rows_of_several_lines_have_their_id(learned: Learned, program: type[OnTwoLines]) -> None:
    found, reader, _ = learned(program)
    assert not found.operations["list"].doubt
    rows = [(str(it + 8), f"10.0.0.{it}") for it in range(3)]
    lines = "\n".join(program.row.format(number=it, address=at, port=9) for it, at in rows)
    assert read(reader, lines) == rows


class HasAHeading(OnTwoLines):
    """Says how many there are above the rows, if there are any."""

    def do_list(self) -> str:
        rows = super().do_list()
        return f"Open connections ({len(self.links)})\n{rows}" if rows else "none"


class HasAHeadingAboveRowsWithoutIds(HasAHeading):
    row = "{address}:{port}"


@pytest.mark.parametrize("program", [HasAHeading, HasAHeadingAboveRowsWithoutIds])
def test_a_heading_is_no_part_of_a_row(learned: Learned, program: type[OnTwoLines]) -> None:
    found, reader, _ = learned(program)
    assert not found.operations["list"].doubt
    line = "Open connections (7)"
    assert reader.row("list", line) is None
    assert reader.is_label("list", line)
    assert reader.row("list", "10.0.0.9:6000")


class OnlyValues(OnTwoLines):
    """Lists nothing but values, so that an id looks like a port."""

    row = "{number}\n{address}\n{port}"


class OnlyValuesPortFirst(OnTwoLines):
    row = "{port}\n{number}\n{address}"


@pytest.mark.parametrize("program", [OnlyValues, OnlyValuesPortFirst])
def test_lines_that_may_be_id_or_port_are_doubtful(
    learned: Learned, program: type[OnTwoLines]
) -> None:
    found, *_ = learned(program)
    assert "`row` read" in found.operations["list"].doubt


class LargeIds(OnTwoLines):
    """Gives its connections large numbers."""

    row = "{number} {address}:{port}"

    def label(self, number: int) -> str:
        return str(number * 7919 % 90_000 + 10_000)

    def number(self, label: str) -> int:
        return next(it for it in [*self.links, 0] if it == 0 or self.label(it) == label)


class LongIds(LargeIds):
    def label(self, number: int) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_DNS, str(number)))


@pytest.mark.parametrize("program", [LargeIds, LongIds])
def test_ids_may_be_long(learned: Learned, program: type[LargeIds]) -> None:
    found, reader, _ = learned(program)
    assert {"send", "terminate"} <= found.operations.keys()
    for label in ("40213", "51177") if program is LargeIds else map(str, (uuid.UUID(int=7),)):
        row = reader.row("list", f"{label} 10.0.0.9:6000")
        assert row == {"id": label, "address": "10.0.0.9", "port": "6000"}


class SaysItsNumber(Chat):
    """Says below the answer to a connect which number the connection has."""

    says = "{reply}\nit has the number {number}"

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        return reply if "error" in reply else self.says.format(
            reply=reply, number=max(self.links), count=len(self.links)
        )  # fmt: skip


class SaysItsNumberFirst(SaysItsNumber):
    says = "#{number}\n{reply}"


class SaysHowMany(SaysItsNumber):
    """Says how many connections there are, whose numbers are their places."""

    says = "{reply}\nopen: {count}"

    def _add(self, other: Chat) -> int:
        self.links = dict(enumerate([*self.links.values(), other], 1))
        return len(self.links)

    def lose(self, other: Chat) -> None:
        super().lose(other)
        self.links = dict(enumerate(self.links.values(), 1))


@pytest.mark.parametrize("program", [SaysItsNumber, SaysItsNumberFirst])
def test_the_id_may_be_on_another_line_of_the_reply(
    learned: Learned, program: type[SaysItsNumber]
) -> None:
    _, reader, _ = learned(program)
    reply = Reply("connect")
    for line in program.says.format(reply="connected to 10.0.0.9:6000", number=12).split("\n"):
        reply.take(reader, line)
    assert reply.ok
    assert reply.fields["id"] == "12"


def test_what_may_count_connections_is_no_id(learned: Learned) -> None:
    _, reader, _ = learned(SaysHowMany)
    found = reader.outcome("connect", "connected to 10.0.0.9:6000")
    assert found == (True, {"address": "10.0.0.9", "port": "6000"})
    assert reader.outcome("connect", "open: 2") is None


class Headed(Chat):
    """Counts its connections above rows whose ids are no numbers."""

    def label(self, number: int) -> str:
        return f"P{number + 4}"

    def number(self, label: str) -> int:
        return int(label[1:]) - 4 if re.fullmatch(r"P\d+", label) else 0

    def do_connect(self, address: str, port: str) -> str:
        reply = super().do_connect(address, port)
        return f"{reply} as {self.label(max(self.links))}" if reply.startswith("conn") else reply

    def do_list(self) -> str:
        rows = [f"  {self.label(number)} = {HOSTS[it.name]}, port {PORT}"
                for number, it in self.links.items()]  # fmt: skip
        return "\n".join([f"{len(rows)} pair(s) :", *rows] if rows else ["nobody"])


class HeadedLetters(Headed):
    """The same with letters."""

    def label(self, number: int) -> str:
        return chr(ord("c") + number)

    def number(self, label: str) -> int:
        return ord(label) - ord("c") if len(label) == 1 else 0


@pytest.mark.parametrize("program", [Headed, HeadedLetters])
def test_a_count_above_the_only_row_is_no_part_of_it(learned: Learned, program: type[Chat]) -> None:
    found, reader, _ = learned(program)
    (row,), _ = reader.rows("list", f"  P17 = {HOSTS['bob']}, port {PORT}")
    assert row == {"id": "P17", "address": HOSTS["bob"], "port": f"{PORT}"}
    said = reader.outcome("connect", f"connected to {HOSTS['bob']}:{PORT} as P17")
    assert said
    assert said[1]["id"] == "P17"
    assert {"send", "terminate"} <= {*found.operations}
