"""Notices with the whole list behind them, each of a small simulated program."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from orchestrator.profile import NoticeMatch
from tests.orchestrator.discovery.learning import Learned
from tests.orchestrator.discovery.simulated import HOSTS, PORT, Chat, Style


class ListBehind(Chat):
    """Prints its list, which has a heading, behind each connection and each end of one."""

    def do_list(self) -> str:
        return "\n".join(["Connections now:", *super().do_list().split("\n")[:-1]])

    def tell(self, line: str) -> None:
        super().tell(line if line.startswith("message") else f"{line}\n{self.do_list()}")


class RuledTable(ListBehind):
    """The same as a table between two rules."""

    def do_list(self) -> str:
        rows = [row.replace(": ", " | ", 1) for row in super().do_list().split("\n")[1:]]
        return "\n".join(["id | peer", "---------", *rows, "---------"])


class CountBehind(ListBehind):
    """The same without a heading, and with a count below it."""

    def do_list(self) -> str:
        return Chat.do_list(self)


def _list_of(program: type[Chat], length: int) -> list[str]:
    """Return what a program with so many connections prints as its list."""

    def one(name: str) -> Chat:
        return program(Style(), name, lambda _: None, lambda *_: None)

    chat = one("alice")
    chat.links = {number: one("bob") for number in range(1, length + 1)}
    return chat.do_list().split("\n")


@pytest.mark.parametrize("program", [ListBehind, RuledTable, CountBehind])
def test_a_list_behind_a_notice_may_have_any_length(learned: Learned, program: type[Chat]) -> None:
    found, reader, _ = learned(program)
    for line, kind in ((f"peer 3 connected from {HOSTS['bob']}:{PORT}", "connected"),
                       ("peer 3 disconnected", "closed")):  # fmt: skip
        assert len(found.notices[kind]) == 1
        notice = reader.notice([line])
        assert notice
        assert (notice.kind, notice.fields["id"]) == (kind, "3"), "not the id of a row"
        for length in (0, 1, 3):
            assert not _left(notice, _list_of(program, length))


def _left(notice: NoticeMatch, lines: Iterable[str]) -> list[str]:
    """Return the lines that may not stand behind a notice."""
    assert notice.further
    return [line for line in lines if not notice.further.search(line)]
