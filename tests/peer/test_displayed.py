"""What is displayed while a line is edited is what is sent."""

from __future__ import annotations

import pytest

from tests.peer.support import until
from tests.peer.test_terminal import LEFT, Make, Start, connected

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"  # three people, joined to one emoji


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        # A family of three joined by ZWJ; the letter behind it goes, and comes back.
        (f"{FAMILY}ab{LEFT}\x7fc", f"{FAMILY}cb"),
        ("\U0001f1ea\U0001f1fa x\x7fy", "\U0001f1ea\U0001f1fa y"),
        ("\u05e9\u05dc\u05d5\u05dd" + LEFT + "\x7f\u05d0", "\u05e9\u05dc\u05d0\u05dd"),
        (
            "\u0645\u0631\u062d\u0628\u0627 abc" + LEFT * 4 + "\x7f",
            "\u0645\u0631\u062d\u0628 abc",
        ),
        ("e\u0301\u0301x\x7f\x7fy", "y"),
    ],
)
def test_what_is_displayed_is_sent(screen: Start, node: Make, keys: str, text: str) -> None:
    one, other = connected(screen, node)
    one.type(f"send 1 {keys}")
    other.node.send(1, "meanwhile")
    one.see(": meanwhile$")
    shown = f"one> send 1 {text}".replace("\u200d", "")
    until(lambda: one.update().line == shown, what=lambda: repr(one.line))
    one.type("\r")
    assert other.await_line("message").endswith(f"(one): {text}")


@pytest.mark.parametrize("locale", ["C.UTF-8", "C", "POSIX", "en_US.ISO-8859-1"])
def test_a_whole_character_is_deleted_in_every_locale(
    screen: Start, node: Make, locale: str
) -> None:
    one, other = connected(screen, node, LANG=locale, LC_ALL=locale)
    assert one.command("send 1 a\xfc\u4f60\x7f\x7fb") == "ok: sent 1 #1"
    other.await_line(r"\(one\): ab$")
