"""Lists whose rows all stand on one line, each of a small simulated program."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from orchestrator.console.reply import Reply
from orchestrator.profile import Reader
from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat

Row = tuple[str, str, int]


class OnOneLine(Chat):
    """Prints a dictionary of its connections."""

    @staticmethod
    def shown(rows: Sequence[Row]) -> str:
        return str({int(number): (address, port) for number, address, port in rows})

    def do_list(self) -> str:
        return self.shown([(str(it), HOSTS[other.name], PORT) for it, other in self.links.items()])


class PrintsTuples(OnOneLine):
    @staticmethod
    def shown(rows: Sequence[Row]) -> str:
        return str([(int(number), address, port) for number, address, port in rows])


class PrintsJson(OnOneLine):
    @staticmethod
    def shown(rows: Sequence[Row]) -> str:
        return json.dumps({number: {"ip": it, "port": port} for number, it, port in rows})


class CountsInFront(OnOneLine):
    @staticmethod
    def shown(rows: Sequence[Row]) -> str:
        ends = " | ".join(f"{it}:{port} is #{number}" for number, it, port in rows)
        return f"{len(rows)} connections: {ends}"


class EndsInAddresses(OnOneLine):
    @staticmethod
    def shown(rows: Sequence[Row]) -> str:
        return f"peers: {', '.join(f'{number}={it}' for number, it, _ in rows) or 'none'}"


def listed(reader: Reader, text: str) -> Reply:
    """Return how a list is read."""
    reply = Reply("list")
    reply.take(reader, text)
    return reply.concluded(reader.profile).as_far_as_sure(reader.profile)


@pytest.mark.parametrize(
    "program", [OnOneLine, PrintsTuples, PrintsJson, CountsInFront, EndsInAddresses]
)
def test_several_rows_of_a_line_are_read(learned: Learned, program: type[OnOneLine]) -> None:
    found, reader, _ = learned(program)
    assert not found.operations["list"].doubt
    for count in range(1, 4):
        rows = [(str(it + 8), f"10.0.0.{it}", 4000 + it) for it in range(1, count + 1)]
        reply = listed(reader, program.shown(rows))
        assert [(it["id"], it["address"]) for it in reply.rows] == [it[:2] for it in rows]
        assert not reply.unread
        ports = [it["port"] for it in reply.rows if "port" in it]
        assert ports in ([], [str(port) for _, _, port in rows])
    assert listed(reader, program.shown([])).ok, "an empty list is one as well"


@pytest.mark.parametrize("program", [OnOneLine, PrintsTuples])
def test_a_row_of_another_form_on_the_line_is_not_read(
    learned: Learned, program: type[OnOneLine]
) -> None:
    _, reader, _ = learned(program)
    known = program.shown([("1", "10.0.0.3", PORT), ("2", "10.0.0.4", PORT)])
    reply = listed(reader, known.replace("'10.0.0.4', 5000", "'10.0.0.4', None"))
    assert [row["id"] for row in reply.rows] == ["1"]
    assert "10.0.0.4" in "".join(reply.unread)


class SaysTheSameUnasked(OnOneLine):
    """Has notices that look like the rows of its list."""

    @staticmethod
    def shown(rows: Sequence[Row]) -> str:
        return " ".join(f"{number} {address}:{port}" for number, address, port in rows)

    def tell(self, line: str) -> None:
        super().tell(f"peer {max(self.links, default=0)} {HOSTS[self.name]}:{PORT}, {line}")


class SaysAddressesUnasked(SaysTheSameUnasked):
    @staticmethod
    def shown(rows: Sequence[Row]) -> str:
        return ", ".join(f"{address}:{port}" for _, address, port in rows)

    def tell(self, line: str) -> None:
        Chat.tell(self, f"news, {HOSTS[self.name]}:{PORT}: {line}")


@pytest.mark.parametrize("program", [SaysTheSameUnasked, SaysAddressesUnasked])
def test_rows_that_a_notice_may_have_are_doubtful(
    learned: Learned, program: type[OnOneLine]
) -> None:
    found, *_ = learned(program)
    assert "not of a list" in found.operations["list"].doubt
