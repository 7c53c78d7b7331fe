"""Connections as bands: what the consoles said beside what the kernel held."""

from __future__ import annotations

from typing import Any

from orchestrator.history.entries import Entry
from orchestrator.report.page.connections import connection_rows
from orchestrator.report.page.rows import ConnectionRow
from tests.orchestrator.checks.story import Story
from tests.orchestrator.checks.support import Entries
from tests.orchestrator.report.page.support import view

BEGAN = Entry(0.0, "lab", "", "began", 0, {"peers": ["alice", "bob"]})


def rows(entries: Entries) -> list[ConnectionRow]:
    return connection_rows(view(entries))


def sockets(at: float, peer: str, *opened: dict[str, Any], **more: Any) -> Entry:
    return Entry(at, "lab", peer, "sockets", 0, {"opened": [*opened], **more})


def held(other: str, state: str = "ESTABLISHED") -> dict[str, Any]:
    return {"local": "10.0.0.1:5000", "remote": "10.0.0.2:4001", "state": state, "peer": other}


def test_both_ends_are_one_connection() -> None:
    found = Story()
    found.connect("alice", "bob")
    found.terminate("alice", "bob")
    found.connect("bob", "alice")
    first, second = rows(found.finish())
    assert (first.one, first.other, first.told_by) == (0, 1, "consoles")
    assert first.until is not None
    assert first.until < second.since
    assert second.until is None


def test_what_consoles_and_sockets_agree_on() -> None:
    found = Story()
    found.connect("alice", "bob")
    found.read_sockets()
    found.wait(5)
    (row,) = rows(found.finish())
    assert (row.told_by, row.until) == ("both", None)


def test_sockets_of_programs_whose_consoles_do_not_speak_of_connections() -> None:
    (row,) = rows([BEGAN, sockets(0.5, "alice", held("bob")), sockets(2.5, "alice", all=True)])
    assert row == (0, 1, 0.5, 2.5, "sockets")


def test_a_socket_that_changes_its_state_is_one_connection() -> None:
    entries = [
        BEGAN,
        sockets(0.5, "alice", held("bob")),
        sockets(1.5, "alice", held("bob", "CLOSE_WAIT")),
    ]
    assert rows(entries) == [(0, 1, 0.5, None, "sockets")]


def test_a_socket_that_outlives_its_connection_is_shown_by_itself() -> None:
    fields = {"to": "bob"}
    entries = [
        BEGAN,
        Entry(0.4, "invoke", "alice", "connect", 1, fields),
        Entry(0.5, "ok", "alice", "connect", 1, {**fields, "id": "1"}),
        sockets(0.6, "alice", held("bob")),
        Entry(1.0, "invoke", "alice", "terminate", 2, fields),
        Entry(1.1, "ok", "alice", "terminate", 2, {**fields, "id": "1"}),
        Entry(9.0, "lab", "", "settled"),
    ]
    assert rows(entries) == [(0, 1, 0.5, 1.1, "both"), (0, 1, 1.1, None, "sockets")]
    gone = [*entries, sockets(9.1, "alice", all=True)]
    assert rows(gone) == [(0, 1, 0.5, 1.1, "both")]


def test_a_peer_connected_to_itself_and_one_to_a_stranger() -> None:
    entries = [
        BEGAN,
        Entry(0.2, "invoke", "alice", "connect", 1, {"to": "alice"}),
        Entry(0.3, "ok", "alice", "connect", 1, {"to": "alice", "id": "1"}),
        Entry(0.4, "notice", "alice", "connected", 0, {"of": "", "id": "2"}),
    ]
    assert rows(entries) == [(0, 0, 0.3, None, "consoles")]
