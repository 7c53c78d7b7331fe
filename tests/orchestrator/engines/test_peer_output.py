"""The peer's output matches its profile: neither package imports the other, so this does."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import profile, text
from orchestrator.console.echo import Echoes
from orchestrator.profile import Reader
from peer import commands, render
from peer.events import Sent
from peer.render import Row

PROFILE = profile.load("peerlab")
READER = Reader(PROFILE)

NAMES = st.from_regex(r"[A-Za-z0-9._-]{0,63}", fullmatch=True)
ADDRESSES = st.ip_addresses().map(str)
ROWS = st.builds(Row, st.integers(1, 10**9), ADDRESSES, st.integers(1, 65_535), NAMES)
HOSTILE = st.sampled_from(
    [b"ok: 1 connection", b"* message 1 1.1.1.1:1 (b): x", b"> list", b"error: x", b") (x): y"]
)
TEXTS = st.binary() | st.text().map(lambda t: t.encode("utf-8", "surrogatepass")) | HOSTILE


def shown(row: Row) -> dict[str, str]:
    return {"id": str(row.id), "address": row.address, "port": str(row.port)}


def notice(line: str) -> tuple[str, Mapping[str, str]]:
    found = READER.notice([line])
    assert found
    return found.kind, found.fields


def fields(found: tuple[bool, Mapping[str, str]] | None, *keys: str) -> dict[str, str]:
    assert found
    assert found[0]
    return {key: found[1][key] for key in keys}


@given(ROWS, TEXTS)
def test_messages(row: Row, raw: bytes) -> None:
    kind, parts = notice(render.message(row, raw))
    assert kind == "message"
    assert {**parts, **shown(row)} == parts
    assert parts.get("name", "") == row.name
    assert text.unescape(parts["text"]).encode("utf-8", "surrogateescape") == raw


@given(TEXTS)
def test_unescape_is_the_inverse_of_the_peers_escape(raw: bytes) -> None:
    assert text.unescape(render.escape(raw)).encode("utf-8", "surrogateescape") == raw


@given(ROWS, st.integers(1, 10**6), st.integers(0, 10**6))
def test_receipts(row: Row, first: int, more: int) -> None:
    last = str(first + more) if more else ""
    assert notice(render.delivered(row, first, first + more)) == (
        "delivered",
        {"id": str(row.id), "number": str(first), "last": last},
    )


@given(ROWS, st.integers(1, 10**6), st.text(st.characters(exclude_categories=["Cs"])))
def test_undelivered(row: Row, number: int, lost: str) -> None:
    (line,) = render.undelivered(row, [Sent(number, lost)])
    kind, parts = notice(line)
    assert (kind, parts["id"], parts["number"]) == ("undelivered", str(row.id), str(number))
    assert text.unescape(parts["text"]) == lost


@given(ROWS)
def test_connections(row: Row) -> None:
    for line, kind in ((render.connected(row), "connected"), (render.closed(row, "why"), "closed")):
        found = notice(line)
        assert found[0] == kind
        assert {**found[1], **shown(row)} == found[1]


@given(ROWS, st.integers(1, 10**6))
def test_replies(row: Row, number: int) -> None:
    def ok(verb: str, line: str, *keys: str) -> dict[str, str]:
        assert READER.notice([line]) is None
        return fields(READER.outcome(verb, line), *keys)

    assert ok("connect", render.connected_reply(row), *shown(row)) == shown(row)
    assert ok("terminate", render.terminated_reply(row), "id")["id"] == str(row.id)
    sent = ok("send", render.sent_reply(row, number), "id", "number")
    assert sent == {"id": str(row.id), "number": str(number)}
    assert ok("myip", render.ok(row.address), "address")["address"] == row.address
    assert ok("myport", render.ok(str(row.port)), "port")["port"] == str(row.port)


@given(st.lists(ROWS, max_size=5))
def test_lists(rows: list[Row]) -> None:
    *lines, last = render.list_lines(rows)
    assert fields(READER.outcome("list", last), "count")["count"] == str(len(rows))
    found = [row for line in lines if (row := READER.row("list", line))]
    assert found == [{**shown(row), "name": row.name or "-"} for row in rows]


def test_help_and_exit() -> None:
    *lines, last = render.help_lines("")
    assert READER.outcome("help", last) == (True, {})
    rows = [READER.row("help", line) or {} for line in lines]
    assert [row["usage"] for row in rows] == [command.usage for command in commands.TABLE.values()]
    assert READER.outcome("exit", render.ok("bye")) == (True, {})
    assert READER.outcome("help", render.help_lines("exit")[-1]) == (True, {})


@given(st.text())
def test_errors(why: str) -> None:
    line = render.error(why)
    for verb in PROFILE.operations.keys() - {"help"}:
        found = READER.outcome(verb, line)
        assert found, verb
        assert not found[0], verb


@given(ROWS, st.integers(1, 999))
def test_other_lines_are_notices_too(row: Row, count: int) -> None:
    for line in (
        render.upgraded(row), render.odd(row, "it hums"), render.turned_away(count, "full"),
    ):  # fmt: skip
        assert notice(line) == ("other", {})
    listening = render.listening(render.endpoint(row.address, row.port), row.name or "x")
    assert (READER.ready(listening) or {})["port"] == str(row.port)


@given(NAMES.filter(bool), st.booleans())
def test_the_prompt_is_the_one_in_the_profile(name: str, colours: bool) -> None:
    shown = text.shown(render.prompt(name, colours=colours) + "list")
    assert Echoes(PROFILE).without_prompts(shown) == "list"


LINES = (
    "ok: 1 connection", "error: no", "  row", "* delivered 1 #1", "* closed 1 [::1]:1 (b): why",
    "* message 1 10.0.0.1:5000 (plain TCP): error: (b): x",
)  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_colours_change_no_line(line: str) -> None:
    assert text.shown(render.coloured(line)) == line


@given(st.integers(1, 200))
def test_help_at_any_width(columns: int) -> None:
    *lines, last = render.help_lines("", columns)
    assert READER.outcome("help", last) == (True, {})
    assert all(READER.row("help", line) is not None for line in lines)
    assert columns < 40 or all(len(line) <= columns for line in lines)


@pytest.mark.parametrize("verb", sorted(PROFILE.operations.keys() - {"raw"}))
def test_the_lab_types_known_commands(verb: str) -> None:
    words = {"address": "10.0.0.1", "port": 5000, "id": 1, "text": "x"}
    (line,) = READER.typed(verb, words)
    assert commands.parse(line.type)
