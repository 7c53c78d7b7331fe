"""Rows of a list that no pattern reads: what plainly is one beside those that were read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.console.reply import Reply
from orchestrator.history.entries import History
from orchestrator.runner.peers import PeerGroup, Row
from orchestrator.runner.unread_rows import UnreadRows, again, possible_rows

BY_ADDRESS = r"^(?P<id>\d+) (?P<address>\S+) (?P<port>\d+)$"
BY_NAME = r"^(?P<name>\w+) is up$"
OWN, BOB, CAROL = "10.0.0.1", "10.0.0.2", "10.0.0.3"
FIRST = f"1 {BOB} 5000"
FROM_BOB, OWN_END = "40002", "40001"  # ports of connections, at bob and at alice


def peer(name: str, address: str, row: str) -> Any:
    ends = {(address, "5000"), (address, f"4000{address[-1]}")}
    return SimpleNamespace(
        peer=SimpleNamespace(
            name=name, address=address, port=5000, dialled_at={address},
            has=lambda *end: end in ends,
        ),
        profile=SimpleNamespace(first_id=1, operations={"list": SimpleNamespace(row=row)}),
    )  # fmt: skip


def certain(
    *lines: str, read: str = "", shown: Row | None = None, row: str = BY_ADDRESS
) -> list[str]:
    """Return which of these lines of alice's list plainly are rows, beside one that was read."""
    peers = PeerGroup(History())
    known = {"alice": OWN, "bob": BOB, "carol": CAROL}
    peers.sessions = {name: peer(name, address, row) for name, address in known.items()}
    all_ = [*lines, read] if read else [*lines]
    reply = Reply("list", ok=True, lines=all_, unread=["* bob went", *lines])
    return UnreadRows(peers).certain("alice", reply, [shown] if shown else [])


def of_bob(port: str = "5000") -> Row:
    return {"id": "1", "peer": "bob", "address": BOB, "port": port, "at": ""}


@pytest.mark.parametrize(
    "line",
    [
        f"2 {CAROL} 5000 (dialled us)",  # a status word
        f"2 {BOB} 5000 (dialled us)",  # the same peer once more, in the same form
        f"<- {BOB}, from port {FROM_BOB}",  # once more, in another form, by the port that dialled
        f"incoming: port {FROM_BOB}",
        f"also known as bob: {BOB}, port 5000",  # once more, in another form
        f"pending ({CAROL})",
        f"{OWN}:{OWN_END} -> {CAROL}:5000",
    ],
)
def test_a_row_beside_one_that_was_read(line: str) -> None:
    assert certain(line, read=FIRST, shown=of_bob()) == [line]


@pytest.mark.parametrize(
    "line",
    [
        f"Peers of {OWN}:",
        f"{OWN}:5000> list",
        f"local end {OWN}:{OWN_END}",
        f"   host bob at {BOB}:{FROM_BOB}",  # further lines of a row
        f"   local {OWN}:{OWN_END}, remote {BOB}:5000",
        f"bob, {BOB}",
        "last heard of carol",  # rows here name addresses
        f"you may dial {BOB} and {CAROL}",
        "1 connection at 12:41:33, 40 in all",
    ],
)
def test_what_is_no_row(line: str) -> None:
    assert certain(line, read=FIRST, shown=of_bob()) == []


@pytest.mark.parametrize(
    ("line", "is_row"),
    [("carol is down", True), ("bob is waiting", True), ("carol (asleep)", True),
     ("friends of alice:", False), ("that was bob", False)],
)  # fmt: skip
def test_rows_that_name_hosts(line: str, is_row: bool) -> None:
    shown = {"id": "1", "peer": "bob", "at": ""}
    assert certain(line, read="bob is up", shown=shown, row=BY_NAME) == [line] * is_row


def test_a_row_where_none_was_read() -> None:
    assert certain(f"1 {BOB} 5000 dead") == [f"1 {BOB} 5000 dead"]
    assert certain("no one is there") == []


def test_what_is_there_only_once_is_a_notice() -> None:
    assert again(["2 bob, for 3 s", "* bob went"], ["2 bob, for 4 s"]) == ["2 bob, for 3 s"]


@pytest.mark.parametrize(
    ("line", "is_row"),
    [
        ("id  address  port", False),
        ("me: 10.0.0.1:5000", False),
        ("1 -> 10.0.0.2", True),
        ("10.0.0.1:5000 with localhost", True),
        ("2 fd00::2", True),
        ("port 15000", True),
        ("110.0.0.1", True),
        ("3 peers in 12 s", False),
    ],
)
def test_a_line_with_a_foreign_address_or_port_may_be_a_row(line: str, is_row: bool) -> None:
    found = possible_rows(Reply("list", ok=True, unread=[line]), "10.0.0.1", 5000)
    assert found == (line if is_row else "")
