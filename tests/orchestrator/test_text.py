"""Text as consoles show it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator import text


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain\r\n", "plain"),
        ("> half\r\x1b[K* notice\r\n", "* notice"),
        ("\x1b[1mbold\x1b[0m\x1b]0;title\x07 end\n", "bold end"),
        (
            "a long li\x1b[1G\x1b[0J> a long line th \x1b[1Gat wraps\r\r\n",
            "> a long line th at wraps",
        ),
        ("old\x1b[2A\x1b[G\x1b[J(2) old and \r\x1b[J(3) new\n", "(3) new"),
        ("wraps he \x1b[1Gre\n", "wraps he re"),
        ("", ""),
    ],
)
def test_shown(raw: str, shown: str) -> None:
    assert text.shown(raw) == shown


def test_caret_and_squeeze() -> None:
    assert text.caret("a\x1b\x7f\tb") == "a^[^? b"
    assert text.squeeze(" a \r\n\tb\x00") == "ab"


def test_moves_marks_what_moves_the_cursor() -> None:
    assert text.moves("> half\r\x1b[Klist") == f"> half{text.MOVE * 2}list"


@given(st.text())
def test_printable_harms_no_terminal(anything: str) -> None:
    safe = text.printable(anything)
    assert safe.isprintable()
    assert len(safe) == len(anything)


@pytest.mark.parametrize("shown", [r"\u{110000}", r"\u{ffffff}", r"\xg0", r"\u{}", "\\"])
def test_what_is_no_escape_stays(shown: str) -> None:
    assert text.unescape(shown) == shown


@given(st.text(st.sampled_from("\\xu{}01f\xe9\udcff")) | st.text())
def test_unescape_takes_anything(shown: str) -> None:
    if any("\ud800" <= c <= "\udfff" and not "\udc80" <= c <= "\udcff" for c in shown):
        return  # no decoder of the lab makes these
    assert isinstance(text.unescape(shown), str)


@pytest.mark.parametrize(
    ("raw", "seen"),
    [
        ("one blank", "'one blank'"),
        ("two  blanks", "'two··blanks'"),
        ("  both ends ", "'··both ends·'"),
        ("\t\x1b[31m", r"'\t\x1b[31m'"),
        ("a\xa0b\u200b", "'a<no-break space>b<zero width space>'"),
        ("\U0001f468\u200d\U0001f469", "'\U0001f468<zero width joiner>\U0001f469'"),
        ("\u0915\u093e e\u0301", "'\u0915\u093e e\u0301'"),  # marks that one can see
    ],
)
def test_what_a_reader_would_miss_is_visible(raw: str, seen: str) -> None:
    assert text.visible(raw) == seen


@pytest.mark.parametrize("raw", ["\a\n", "> \a\r\n", "\a* hi\a\n"])
def test_a_bell_is_not_seen(raw: str) -> None:
    assert text.shown(raw) == raw.replace("\a", "").rstrip("\r\n")
