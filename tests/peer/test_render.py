"""What the console shows: replies, notices, and text from strangers made harmless."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import text
from peer import render
from peer.events import Sent
from peer.render import Row

BOB = Row(1, "10.0.0.2", 5000, "bob")
PLAIN = Row(12, "fe80::1", 40_000, "")
JOINERS = "\u200c\u200d"
TRICKY = st.text(st.sampled_from("\\xu{}0a1b\x1b\u202e\u200d\xe9")).map(str.encode)


def unescape(shown: str) -> bytes:
    return text.unescape(shown).encode("utf-8", "surrogateescape")


@given(st.binary() | st.text(st.characters(exclude_categories=["Cs"])).map(str.encode) | TRICKY)
def test_unescape_is_the_inverse(raw: bytes) -> None:
    assert unescape(render.escape(raw)) == raw


@given(st.binary() | st.text(st.characters(exclude_categories=["Cs"])).map(str.encode) | TRICKY)
def test_nothing_unsafe_is_shown(raw: bytes) -> None:
    shown = render.escape(raw)
    unsafe = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not [c for c in shown if unicodedata.category(c) in unsafe and c not in JOINERS]


def test_no_unsafe_character_of_all_is_shown() -> None:
    for code in range(0x110000):
        character = chr(code)
        if unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} and code not in (
            0x200C,
            0x200D,
        ):
            assert render.escape(character.encode()).isascii(), hex(code)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"hello", "hello"),
        ("h\xe9llo \u4f60".encode(), "h\xe9llo \u4f60"),
        ("\U0001f468\u200d\U0001f469".encode(), "\U0001f468\u200d\U0001f469"),
        (b"\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        (b"\x1b]0;title\x07", r"\x1b]0;title\x07"),
        (b"a\rb\tc\x00\x7f", r"a\x0db\x09c\x00\x7f"),
        ("\x9b31m".encode(), r"\u{9b}31m"),
        (b"\x9b31m\xff", r"\x9b31m\xff"),
        ("\u202eabc\u2028".encode(), r"\u{202e}abc\u{2028}"),
        (rb"C:\dir \x1b", r"C:\dir \\x1b"),
        (rb"\\ \u{41} end" + b"\\", r"\\\ \\u{41} end" + "\\"),
    ],
)  # fmt: skip
def test_how_text_is_shown(raw: bytes, shown: str) -> None:
    assert render.escape(raw) == shown
    assert unescape(shown) == raw


def test_replies() -> None:
    assert render.connected_reply(BOB) == "ok: connected 1 10.0.0.2:5000 (bob)"
    assert render.terminated_reply(PLAIN) == "ok: terminated 12 [fe80::1]:40000 (plain TCP)"
    assert render.sent_reply(BOB, 3) == "ok: sent 1 #3"
    assert render.sent_reply(PLAIN, 3) == "ok: sent 12 #3 (plain TCP: no receipt)"
    assert render.error("bad \x1b word") == r"error: bad \x1b word"


def test_list() -> None:
    assert render.list_lines([]) == ["ok: 0 connections"]
    assert render.list_lines([BOB]) == [
        "  id    address   port   name",
        "  1     10.0.0.2  5000   bob",
        "ok: 1 connection",
    ]
    assert render.list_lines([BOB, PLAIN])[2] == "  12    fe80::1   40000  -"


def test_help() -> None:
    lines = render.help_lines("")
    assert len(lines) == 9
    assert lines[-1] == "ok: 8 commands"
    assert all(line.startswith("  ") for line in lines[:-1])
    assert render.help_lines("exit")[-1] == "ok: 1 command"


def test_notices() -> None:
    assert render.message(BOB, b"a\x1bb") == r"* message 1 10.0.0.2:5000 (bob): a\x1bb"
    assert render.delivered(BOB, 3, 3) == "* delivered 1 #3"
    assert render.delivered(BOB, 3, 5) == "* delivered 1 #3-5"
    assert render.undelivered(BOB, [Sent(1, "a"), Sent(2, "\x07")]) == [
        "* undelivered 1 #1: a",
        r"* undelivered 1 #2: \x07",
    ]
    assert render.closed(BOB, "why") == "* closed 1 10.0.0.2:5000 (bob): why"
    assert render.connected(PLAIN) == "* connected 12 [fe80::1]:40000 (plain TCP)"
    assert render.turned_away(1, "full") == "* turned away 1 connection: full"
    assert render.odd(BOB, "it hums") == "* odd 1 10.0.0.2:5000 (bob): it hums"
    assert render.upgraded(BOB).startswith("* greeted 1 10.0.0.2:5000 (bob): ")
    assert render.listening("10.0.0.1:1", "me").startswith("* listening on 10.0.0.1:1 (me); ")
