"""Ids that are hard to learn, each of a small simulated program."""

from __future__ import annotations

import string
from typing import Any, ClassVar

import pytest

from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat


class Letters(Chat):
    """Calls its connections A, B, C."""

    def label(self, number: int) -> str:
        return string.ascii_uppercase[number - 1]

    def number(self, label: str) -> int:
        return string.ascii_uppercase.index(label) + 1


class Hexadecimal(Chat):
    """Gives hexadecimal ids, some of which have digits alone."""

    def label(self, number: int) -> str:
        return f"{number * 0x0B57 + len(self.name):04x}"

    def number(self, label: str) -> int:
        return (int(label, 16) - len(self.name)) // 0x0B57


class OnlyInTheList(Hexadecimal):
    """The same; `connect` does not say the id, and `send` says nothing."""

    def do_send(self, label: str, text: str) -> str:
        return super().do_send(label, text) and ""


@pytest.mark.parametrize("program", [Letters, Hexadecimal, OnlyInTheList])
def test_ids_may_be_words(learned: Learned, program: type[Chat]) -> None:
    found, reader, _ = learned(program)
    assert len(found.operations) == 9
    row = reader.row("list", f"f00d: {HOSTS['bob']} {PORT}")
    assert row
    assert row["id"] == "f00d"
    notice = reader.notice(["message from 0042: hi"])
    assert notice
    assert notice.fields == {"id": "0042", "text": "hi"}
    assert reader.outcome("terminate", "ended connection c0de") == (True, {"id": "c0de"})
    assert reader.outcome("terminate", "error: no such connection") == (False, {})


class Sharp(Chat):
    """Takes its ids as it shows them, with a mark in front."""

    def label(self, number: int) -> str:
        return f"#{number}"

    def number(self, label: str) -> int:
        return int(label.removeprefix("#")) if label.startswith("#") else 0


class SharpInSilence(Sharp):
    """The same; `send` says nothing."""

    def do_send(self, label: str, text: str) -> str:
        return super().do_send(label, text) and ""


@pytest.mark.parametrize("program", [Sharp, SharpInSilence])
def test_ids_may_have_a_mark(learned: Learned, program: type[Chat]) -> None:
    found, reader, _ = learned(program)
    assert [line.type for line in found.operations["terminate"].send] == ["terminate #{id}"]
    assert [line.type for line in found.operations["send"].send] == ["send #{id} {text}"]
    notice = reader.notice(["message from #42: hi"])
    assert notice
    assert notice.fields == {"id": "42", "text": "hi"}


class Counted(Chat):
    """Counts the rows of its list in front of the ids."""

    def do_list(self) -> str:
        rows = [f"| {count} | {number} | {HOSTS[it.name]} | {PORT} |"
                for count, (number, it) in enumerate(self.links.items())]  # fmt: skip
        return "\n".join(["| (index) | id | address | port |", *rows, "+---"])


class CountedFromOne(Counted):
    """The same from one, so that the first of them are ids as well."""

    def do_list(self) -> str:
        rows = [f"{count}. #{number} {HOSTS[it.name]}:{PORT}"
                for count, (number, it) in enumerate(self.links.items(), 1)]  # fmt: skip
        return "\n".join([*rows, f"{len(rows)} in all"])


@pytest.mark.parametrize(("program", "row"), [
    (Counted, f"| 0 | 17 | {HOSTS['bob']} | {PORT} |"),
    (CountedFromOne, f"1. #17 {HOSTS['bob']}:{PORT}"),
])  # fmt: skip
def test_a_count_of_rows_is_no_id(learned: Learned, program: type[Chat], row: str) -> None:
    _, reader, _ = learned(program)
    fields = reader.row("list", row)
    assert fields
    assert fields["id"] == "17"
    lines = {"connected": "peer 17 connected from 10.0.0.9:5000", "message": "message from 17: hi",
             "closed": "peer 17 disconnected"}  # fmt: skip
    for kind, line in lines.items():
        notice = reader.notice([line])
        assert notice
        assert (notice.kind, notice.fields["id"]) == (kind, "17")


class NearEnds(Chat):
    """Lists the near end of each connection, which is the same in all rows."""

    end = ""

    def do_list(self) -> str:
        rows = [f"{number}: {self.end or HOSTS[self.name]} {PORT}" for number in self.links]
        return "\n".join([*rows, f"{len(rows)} connections"])


class AnyEnds(NearEnds):
    """Lists the address that it is bound to."""

    end = "0.0.0.0"


@pytest.mark.parametrize("program", [NearEnds, AnyEnds])
def test_a_list_may_show_the_near_ends(learned: Learned, program: type[Chat]) -> None:
    found, reader, _ = learned(program)
    assert "terminate" in found.operations
    assert reader.outcome("terminate", "ended connection 3") == (True, {"id": "3"})
    notice = reader.notice(["message from 4: hello"])
    assert notice
    assert notice.fields == {"id": "4", "text": "hello"}


class KnowsNames(Chat):
    """Knows connections by what the other end is called, however many there are to it."""

    called: ClassVar[dict[str, str]] = {"alice": "ann", "bob": "bert", "carol": "cleo"}

    def label(self, number: int) -> str:
        return self.called[self.links[number].name]

    def number(self, label: str) -> int:
        found = [number for number in self.links if self.label(number) == label]
        if not found:
            raise KeyError(label)
        return found[0]

    def lose(self, other: Chat) -> None:
        number = next(its for its, chat in self.links.items() if chat is other)
        label = self.label(number)
        del self.links[number]
        self.tell(f"peer {label} disconnected")


class TabulatesNames(KnowsNames):
    """The same in a table, with a word that is the same in every row."""

    def do_list(self) -> str:
        rows = [f"| {self.label(number)} | {HOSTS[it.name]}:{PORT} | open |"
                for number, it in self.links.items()]  # fmt: skip
        return "\n".join([*rows, f"{len(rows)} connections"])


@pytest.mark.parametrize("program", [KnowsNames, TabulatesNames])
def test_a_name_is_an_id_although_two_connections_may_have_it(
    learned: Learned, program: type[KnowsNames]
) -> None:
    found, reader, _ = learned(program)
    row = f"bert: {HOSTS['bob']} {PORT}"
    row = f"| bert | {HOSTS['bob']}:{PORT} | open |" if program is TabulatesNames else row
    assert reader.row("list", row) == {"id": "bert", "address": HOSTS["bob"], "port": str(PORT)}
    assert reader.outcome("send", "sent to bert") == (True, {"id": "bert"})
    notice = reader.notice(["message from bert: hi there"])
    assert notice
    assert notice.fields == {"id": "bert", "text": "hi there"}
    assert "send" in found.operations


class ShowsTheWay(Chat):
    """Shows a way in a column of words, and numbers its connections behind it."""

    def do_list(self) -> str:
        rows = [f"{'out' if number % 2 else 'in'} {HOSTS[it.name]}:{PORT} #{number}"
                for number, it in self.links.items()]  # fmt: skip
        return "\n".join([*rows, f"{len(rows)} connections"])


def test_a_word_that_two_peers_share_is_no_id(learned: Learned) -> None:
    _, reader, _ = learned(ShowsTheWay)
    row = f"in {HOSTS['bob']}:{PORT} #4"
    assert reader.row("list", row) == {"id": "4", "address": HOSTS["bob"], "port": str(PORT)}


class TwoTables(Chat):
    """Lists who it dialled and who dialled it in tables of their own, each with ids from 0."""

    titles = ("dialled:", "accepted:")

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.dialled: set[int] = set()

    def do_connect(self, address: str, port: str) -> str:
        before = set(self.links)
        reply = super().do_connect(address, port)
        self.dialled |= set(self.links) - before
        return reply

    def tables(self) -> list[list[int]]:
        """Return the connections in either table."""
        mine = [it for it in self.links if it in self.dialled]
        return [mine, [it for it in self.links if it not in self.dialled]]

    def label(self, number: int) -> str:
        return next((str(it.index(number)) for it in self.tables() if number in it), "?")

    def number(self, label: str) -> int:
        found = [it[int(label)] for it in self.tables() if 0 <= int(label) < len(it)]
        return found[0] if found else -1

    def do_list(self) -> str:
        lines = list[str]()
        for title, numbers in zip(self.titles, self.tables(), strict=True):
            peers = [(self.label(it), HOSTS[self.links[it].name]) for it in numbers]
            lines += [title, *(f"{label} | {address} | {PORT}" for label, address in peers)]
        return "\n".join([*lines, "-" * 20])


class TwoTablesOtherwise(TwoTables):
    """The same in other words; it ends nothing by its id in words."""

    titles = ("--- To ---", "--- From ---")

    def do_terminate(self, label: str) -> str:
        super().do_terminate(label)
        return ""


@pytest.mark.parametrize("program", [TwoTables, TwoTablesOtherwise])
def test_ids_may_start_again_in_a_second_table(learned: Learned, program: type[TwoTables]) -> None:
    found, reader, _ = learned(program)
    row = reader.row("list", f"1 | {HOSTS['bob']} | {PORT}")
    assert row == {"id": "1", "address": HOSTS["bob"], "port": str(PORT)}
    assert {"send", "terminate"} <= set(found.operations)
