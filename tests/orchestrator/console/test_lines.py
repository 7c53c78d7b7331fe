"""The lines of a console: notices, blocks, crashes, what no pattern reads, and the errors."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from orchestrator.cancel import RunCancelledError
from orchestrator.console import lines as module
from orchestrator.console import terminal
from orchestrator.console.notices import CRASH, UNREAD
from orchestrator.errors import NoAnswerError, PeerGoneError
from orchestrator.patterns import compiled
from orchestrator.profile.notices import Block
from tests.orchestrator.console.support import FakeConsole

MakeScreen = Callable[..., FakeConsole]


def taken(screen: FakeConsole, *, notices: bool = False) -> list[str]:
    """Return all lines that have come, even those that the pump has read this moment."""
    console, now = screen.console, time.monotonic()
    return list(console.lines(lambda: max(now, console.at), notices=notices))


def test_notices_are_told_from_other_lines(screen: MakeScreen) -> None:
    one = screen()
    one.show("* bob: hi", "sent x", "* carol: * bob: hi")
    assert taken(one) == ["sent x"]
    assert one.seen() == [
        ("message", {"name": "bob", "text": "hi"}),
        ("message", {"name": "carol", "text": "* bob: hi"}),
    ]
    assert [notice.line for notice in one.console.unclaimed] == ["* bob: hi", "* carol: * bob: hi"]


def test_all_lines_are_yielded_on_request(screen: MakeScreen) -> None:
    one = screen()
    one.show("* bob: hi", "sent x")
    assert taken(one, notices=True) == ["* bob: hi", "sent x"]
    assert len(one.notices) == 1


def test_a_notice_is_read_as_it_is_shown(screen: MakeScreen) -> None:
    one = screen()
    one.show("half-typed\r\x1b[K* bob: hi\r")
    assert taken(one) == []
    assert one.seen() == [("message", {"name": "bob", "text": "hi"})]


def test_a_text_may_be_escaped(screen: MakeScreen) -> None:
    one = screen(console={"text": "backslash"})
    one.show(r"* bob: a\x09b\\")
    taken(one)
    assert one.notices[0].fields["text"] == "a\tb\\"


@pytest.mark.parametrize("text", ["hi", "", "   ", "> quoted", "from bob"])
def test_a_block_is_one_notice_whatever_its_text(screen: MakeScreen, text: str) -> None:
    one = screen(console={"prompt": ["> "]})
    one.show("> from bob", text, "end", "sent x")
    assert taken(one) == ["sent x"]
    assert one.seen() == [("message", {"name": "bob", "text": text})]
    assert one.notices[0].line == f"from bob\n{text}\nend"


def test_other_lines_may_stand_in_a_block_but_not_many(screen: MakeScreen) -> None:
    one = screen()
    one.show("from bob", "hi")
    assert taken(one) == []
    one.show("* carol: meanwhile", "from dave", "so", "end")
    assert taken(one) == []
    assert [fields["name"] for _, fields in one.seen() if fields.get("name")] == ["carol", "dave"]
    lost = [notice.line for notice in one.notices if notice.kind == UNREAD]
    assert lost == ["from bob", "hi"], "a block that another one interrupts is given up"
    one.show("from erin", "hi", *(f"sent {number}" for number in range(9)))
    assert len(taken(one)) == 9
    lost = [notice.line for notice in one.notices if notice.kind == UNREAD]
    assert lost[2:] == ["from erin", "hi"]


def test_a_crash_is_reported_and_its_line_is_no_notice(screen: MakeScreen) -> None:
    one = screen()
    one.show("Traceback (most recent call last):")
    assert taken(one) == ["Traceback (most recent call last):"]
    assert one.seen() == [(CRASH, {})]
    assert one.console.unclaimed == []


def test_a_line_that_no_pattern_reads_is_reported_and_kept(screen: MakeScreen) -> None:
    one = screen()
    one.show("odd", "  ")
    one.console.catch_up()
    one.console.unread("odd too", "list")
    assert one.seen() == [(UNREAD, {}), (UNREAD, {"answer": "list"})]
    assert [notice.line for notice in one.console.unclaimed] == ["odd"]


def test_a_line_editors_lines_come_unchanged(screen: MakeScreen) -> None:
    one = screen(console={"clear_line": "\x15", "echo": True, "prompt": ["> "]})
    one.show("> list\x1b[K", end="\r\n")
    assert taken(one) == ["> list\x1b[K\r\n"]
    one.show("> odd", end="\r\n")
    one.console.catch_up()
    assert one.notices[0].line == "odd"


def test_typing_clears_the_line_and_quotes_control_characters(screen: MakeScreen) -> None:
    one = screen(console={"clear_line": "\x15", "literal_key": "\x16"})
    one.console.type("a\tb", 1.0)
    assert one.typed() == "\x15a\x16\tb\n"


def test_a_question_is_what_is_shown_last(screen: MakeScreen) -> None:
    one = screen(console={"prompt": ["> "]})
    whom = compiled(r"^Whom\?")
    one.show("Whom?")
    taken(one)
    assert one.console.asks(whom), "on a line of its own"
    one.show("odd")
    taken(one)
    assert not one.console.asks(whom)
    one.show("> Whom? ", end="")
    assert one.console.await_lines(lambda _: one.console.asks(whom), time.monotonic() + 10)


def test_waiting_for_a_line_that_does_not_come(screen: MakeScreen) -> None:
    one = screen()
    one.show("odd", "half", end="")
    assert not one.console.await_lines(lambda line: line == "ready", time.monotonic() + 0.05)
    assert one.console.await_lines(lambda line: "half" in line, time.monotonic() + 10)


def test_a_console_that_is_never_silent_does_not_block(
    screen: MakeScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LAG", 0.5)
    one = screen()
    one.show("odd")
    until = time.monotonic() - 1.0
    assert list(one.console.lines(until)) == [], "it lags too far behind"
    assert taken(one) == ["odd"]


def test_cancelling_ends_a_wait_but_keeps_what_has_come(screen: MakeScreen) -> None:
    one = screen()
    one.show("odd")
    one.cancel.set()
    one.console.catch_up()
    assert len(one.console.unclaimed) == 1
    with pytest.raises(RunCancelledError):
        list(one.console.lines(time.monotonic() + 60))


def test_a_program_that_has_ended(screen: MakeScreen) -> None:
    one = screen()
    one.show("last words")
    one.peer.program.close()
    with pytest.raises(PeerGoneError, match="exited with status 0") as error:
        taken(one)
    assert "last words" in error.value.what
    with pytest.raises(PeerGoneError):
        one.console.type("x", 1.0)


def test_a_program_that_does_not_read(screen: MakeScreen) -> None:
    one = screen()
    with pytest.raises(NoAnswerError, match="alice does not read what is typed: 'xxx"):
        one.console.type("x" * 1_000_000, 0.05)


def test_a_program_that_prints_without_end_is_killed_once(
    screen: MakeScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "MOST_SHOWN", 100)
    one = screen()
    one.show(*["and on"] * 100)
    for _ in range(2):
        with pytest.raises(PeerGoneError, match="printed more than 0 MB: the lab has ended it"):
            list(one.console.lines(time.monotonic() + 10))
    assert one.peer.is_killed
    assert [kind for kind, _ in one.seen() if kind == CRASH] == [CRASH]


def test_a_new_record_has_nothing_unclaimed(screen: MakeScreen) -> None:
    one = screen()
    one.show("* bob: before")
    taken(one)
    later: list[object] = []
    one.console.renew(later.append, one.transcript)
    assert one.console.unclaimed == []
    one.show("* bob: after")
    taken(one)
    assert (len(one.notices), len(later)) == (1, 1)


def listing(screen: MakeScreen) -> FakeConsole:
    """Return a console whose notices have a list behind them."""
    joined = Block(block=[r"^(?P<name>\w+) joined$"], also=["^now here:$", r"^\d+: \w+$"])
    return screen(notices={"joined": [joined]})


@pytest.mark.parametrize("rows", [[], ["1: bob"], ["1: bob", "2: carol", "", "3: dave"]])
def test_what_stands_behind_a_notice_is_skipped(screen: MakeScreen, rows: list[str]) -> None:
    one = listing(screen)
    one.show("bob joined", "now here:", *rows, "carol joined", "now here:", "sent x", "1: bob")
    assert taken(one) == ["sent x", "1: bob"]
    assert one.seen() == [("joined", {"name": "bob"}), ("joined", {"name": "carol"})]


def test_what_comes_once_something_is_typed_is_not_skipped(screen: MakeScreen) -> None:
    one = listing(screen)
    one.show("bob joined", "now here:")
    assert taken(one) == []
    one.console.type("list", 5.0)
    one.show("now here:", "1: bob")
    assert taken(one) == ["now here:", "1: bob"]
