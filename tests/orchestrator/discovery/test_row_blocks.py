"""Lists in which a connection takes several lines."""

from __future__ import annotations

import pytest

from orchestrator.console.reply import Reply
from orchestrator.discovery.evidence import KnownValues
from orchestrator.discovery.row_blocks import join_rows
from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat

KNOWN = KnownValues(frozenset(HOSTS.values()), frozenset({PORT}))


class Cards(Chat):
    """Lists each connection in a block, below a heading that counts them."""

    heading = "{} open"
    card = "Connection {id}\n  Address : {address}\n  Port    : {port}\n  Status  : up"
    between = "\n"

    def do_list(self) -> str:
        cards = [
            self.card.format(id=self.label(number), address=HOSTS[other.name], port=PORT)
            for number, other in self.links.items()
        ]
        return "\n".join([self.heading.format(len(cards)), self.between.join(cards)])


class Fields(Cards):
    """The same without a heading, with a rule between two, and the id last."""

    heading, between = "Peers", "\n----------\n"
    card = "port={port}\nhost={address}\nid={id}"


class Nobody(Cards):
    """The same without a heading, and with a word for an empty list."""

    card = "peer {id}\n  address: {address}\n  port: {port}"

    def do_list(self) -> str:
        return super().do_list().partition("\n")[2] or "nobody"


class Words(Cards):
    """The same with letters for ids, and a last line that counts."""

    card = "id:      {id}\naddress: {address}\nport:    {port}"

    def label(self, number: int) -> str:
        return f"{number * 4057 % 65536:04x}"

    def number(self, label: str) -> int:
        return {self.label(it): it for it in self.links}[label]

    def do_list(self) -> str:
        heading, _, cards = super().do_list().partition("\n")
        return "\n".join([*([cards] if cards else []), f"-- {heading}"])


class Brackets(Cards):
    """The same with nothing but values in the block."""

    heading, card = "you know", "[{id}]\n    {address}\n    {port}"


@pytest.mark.parametrize("program", [Cards, Fields, Nobody, Brackets])
def test_a_row_of_several_lines(learned: Learned, program: type[Cards]) -> None:
    found, reader, _ = learned(program)
    lines = program.between.join(
        program.card.format(id=number, address=host, port=PORT)
        for number, host in ((7, HOSTS["bob"]), (12, HOSTS["carol"]))
    )
    reply = Reply("list")
    heading = [] if program is Nobody else [program.heading.format(2)]
    for line in [*heading, *lines.split("\n")]:
        reply.take(reader, line)
    assert [{**row} for row in reply.rows] == [
        {"id": "7", "address": HOSTS["bob"], "port": str(PORT)},
        {"id": "12", "address": HOSTS["carol"], "port": str(PORT)},
    ]
    assert not reply.unread
    assert not found.lacks.keys() & {"list", "send", "terminate"}


def test_words_as_ids_in_rows_of_several_lines(learned: Learned) -> None:
    found, reader, _ = learned(Words)
    reply = Reply("list")
    for line in ("id:      1fb2", "address: 172.20.0.3", "port:    5000", "-- 1 open"):
        reply.take(reader, line)
    assert [{**row} for row in reply.rows] == [
        {"id": "1fb2", "address": "172.20.0.3", "port": "5000"}
    ]
    assert "terminate" in found.operations


@pytest.mark.parametrize("lines", [
    ["1: 172.20.0.3 5000", "2: 172.20.0.4 5000"],
    ["1: 172.20.0.3", "2: 172.20.0.4"],
    ["port 5000", "172.20.0.3", "172.20.0.4"],
])  # fmt: skip
def test_rows_of_one_line_are_left_alone(lines: list[str]) -> None:
    assert join_rows(lines, KNOWN) is None
