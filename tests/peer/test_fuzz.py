"""What `python -m tests.fuzz` sees of a peer that it fuzzes."""

from __future__ import annotations

import pytest

from tests.fuzz.shown import Shown
from tests.fuzz.trial import Found, fuzz
from tests.peer.support import changed

_DIES = changed(
    "import os",
    "from peer import commands",
    "parse, left = commands.parse, iter(range(10))",
    "commands.parse = lambda line: os.abort() if next(left, None) is None else parse(line)",
)


def test_a_peer_that_dies_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.victim.START", ["-c", _DIES])
    found = fuzz(60.0, 1, terminal=False)
    assert found.deaths
    assert found.wrong[0] == "ended by signal 6"
    assert found.done["connections"]


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipes"])
@pytest.mark.parametrize("cut", [None, 3])
@pytest.mark.parametrize(
    "shown",
    [b"\x1b]0;owned\x07", b"\x1b[31m", b"* message 1: \x07", b"error: \x1b[2J",
     b"Traceback (most recent call last)", b"error: internal: KeyError"],
)  # fmt: skip
def test_what_must_not_be_shown_is_seen(shown: bytes, cut: int | None, *, terminal: bool) -> None:
    looked_at = Shown(terminal=terminal)
    looked_at.add(shown[:cut])
    looked_at.add(shown[cut:] + b"\n" if cut else b"\n")
    assert looked_at.wrong


def test_what_a_line_editor_draws_may_be_shown() -> None:
    looked_at = Shown(terminal=True)
    for chunk in (
        b"\x1b[?1034hone> lis\b\x1b[K\x1b",
        b"[2Dt\r\n* connected 7 x\r\n\x1b[H\x1b[2",
        b"J",
    ):
        looked_at.add(chunk)
    assert (looked_at.wrong, looked_at.newest) == ([], 7)


def test_a_slow_answer_is_wrong_unless_others_had_the_machine() -> None:
    found = Found()
    found.take_answer(0.5, others=0.0)
    found.take_answer(1.9, others=1.0)
    assert (found.wrong, found.late, found.answers) == ([], 1, 2)
    found.take_answer(1.9, others=0.5)
    assert found.wrong == ["an answer took 1.90 s, others had 0.50 s of it"]
    assert (found.slowest, found.slowest_in_all) == (1.4, 1.9)
