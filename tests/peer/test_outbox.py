"""What waits to be written, and what waits to be confirmed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peer import wire
from peer.budget import PIECE, Budget
from peer.events import Sent
from peer.outbox import BudgetSpentError, Outbox, WindowFullError


def filled(*texts: str, framed: bool = True, window: int = 100_000) -> Outbox:
    outbox = Outbox(window, Budget())
    for number, text in enumerate(texts, 1):
        outbox.put_message(number, text, framed=framed)
    return outbox


def write_all(outbox: Outbox, size: int = PIECE) -> bytes:
    written = b""
    while piece := outbox.piece():
        written += piece[:size]
        outbox.wrote(len(piece[:size]))
    return written


@given(st.lists(st.text("ab", max_size=5), max_size=8), st.integers(1, 7))
def test_pieces_of_any_size_make_up_the_whole(texts: list[str], size: int) -> None:
    expected = b"".join(wire.encode(wire.Message(n, t)) for n, t in enumerate(texts, 1))
    assert write_all(filled(*texts), size) == expected


def test_a_piece_has_a_limit() -> None:
    outbox = filled(*["x" * 9_000] * 8)
    assert len(outbox.piece()) == PIECE < len(outbox)


def test_bare_lines() -> None:
    outbox = filled("one", " two ", framed=False)
    outbox.put(wire.Ping())
    assert write_all(outbox) == b"one\n two \nping\n"


def test_confirming() -> None:
    outbox = filled("a", "b", "c")
    assert outbox.confirm(2) == 1
    assert [*outbox.unconfirmed] == [Sent(3, "c")]
    assert outbox.confirm(2) == 0
    assert outbox.confirm(3) == 3
    assert outbox.confirm(3) == 0
    assert outbox.unconfirmed == ()


def test_confirming_what_was_written() -> None:
    outbox = filled("aa", "bb", framed=False)
    outbox.wrote(5)
    outbox.confirm_written()
    assert outbox.unconfirmed == (Sent(2, "bb"),)


class TestWindow:
    def test_it_fills_and_empties(self) -> None:
        outbox = filled("x" * 1_000, window=2_000)
        with pytest.raises(WindowFullError):
            outbox.put_message(2, "x" * 1_000, framed=True)
        assert outbox.unconfirmed == (Sent(1, "x" * 1_000),)
        outbox.confirm(1)
        outbox.put_message(2, "x" * 1_000, framed=True)

    def test_short_messages_fill_it_too(self) -> None:
        with pytest.raises(WindowFullError):
            filled(*[""] * 20_000, window=1_000_000)

    def test_written_is_enough_for_a_plain_program(self) -> None:
        outbox = Outbox(10_000, Budget())
        for number in range(1, 1_000):
            outbox.put_message(number, "x" * 100, framed=False)
            write_all(outbox)
        assert len(outbox.unconfirmed) < 100

    def test_a_plain_program_that_does_not_read(self) -> None:
        with pytest.raises(WindowFullError):
            filled(*["x" * 100] * 100, framed=False, window=10_000)


def test_clear() -> None:
    outbox = filled("a", "b")
    outbox.clear()
    assert (outbox.piece(), outbox.unconfirmed, len(outbox)) == (b"", (), 0)


class TestBudget:
    """What the connections of one process share."""

    def test_a_connection_that_holds_nothing_gets_one_message(self) -> None:
        budget = Budget(total=10_000)
        full, other = Outbox(1_000_000, budget), Outbox(1_000_000, budget)
        for number in range(1, 5):
            full.put_message(number, "x" * 1_000, framed=True)
        with pytest.raises(BudgetSpentError):
            full.put_message(5, "x" * 1_000, framed=True)
        other.put_message(1, "x" * 1_000, framed=True)
        with pytest.raises(BudgetSpentError):
            other.put_message(2, "x", framed=True)

    def test_all_comes_back(self) -> None:
        budget = Budget(total=10_000)
        for _ in range(3):
            outbox = Outbox(1_000_000, budget)
            for number in range(1, 4):
                outbox.put_message(number, "\u20ac" * 300, framed=True)
            outbox.confirm(1)
            outbox.clear()
            assert budget._taken > 0  # until they have been reported
            outbox.close()
            assert budget._taken == 0
