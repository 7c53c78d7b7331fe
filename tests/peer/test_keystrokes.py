"""Keys that ended a peer, or made its console fall silent, and random ones."""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.keystrokes import PeerDiedError, soak
from tests.peer.support import Screen, changed, until
from tests.peer.test_terminal import CTRL_C, CTRL_D, NO_READLINE, UP, ended
from tests.repeats import times

Start = Callable[..., Screen]

ANSWERS = r"ok: 0 connections|\* interrupted|nothing typed"
CLEAR = "\x05\x15\x05\x15"
KEYS = {
    "a key sequence within a search of the history": "\x12\x18\r",
    "a search of the history, edited": f"\r{UP}j\x1b[5~^\x1b[6~N\r{UP}{UP}",
    "a keyboard macro of two lines": "\x18(\r\r\x18)\x18e",
    "reading the init file again": "\x18\x12",
    "vi's keys": "\x1b\x0a\x1bv\x12\x18\r",
    "a hundred million letters": "\x1b" + "\x1b".join("100000000") + "x",
    "the same by Ctrl-U in Emacs's way": "\x15" * 14 + "x",
    "a paste without end": "\x1b[200~",
    "quit": "\x1c",
    "stop": "\x1a",
    "stop printing": "\x13",
}


@pytest.mark.parametrize("code", [None, NO_READLINE], ids=["readline", "without readline"])
def test_no_key_ends_or_silences_the_peer(screen: Start, code: str | None) -> None:
    one = screen(code=code or "")
    assert one.port
    for what, keys in KEYS.items():
        one.type(keys + ("\r" if code else CLEAR) + f"so_{len(what)}\r")
        one.see(f"unknown command '.*so_{len(what)}'")


@pytest.mark.parametrize("where", ["HOME", "INPUTRC"])
def test_an_init_file_changes_no_key(screen: Start, tmp_path: Path, where: str) -> None:
    file = tmp_path / ".inputrc"
    file.write_text('"x": reverse-search-history\n"y": "exit\\r"\nset editing-mode vi\n')
    one = screen(**{where: str(file if where == "INPUTRC" else tmp_path)})
    assert one.port
    assert one.command("x") == "error: unknown command 'x'; help shows the commands"
    assert one.command("y") == "error: unknown command 'y'; help shows the commands"


@pytest.mark.parametrize("code", ["", NO_READLINE], ids=["readline", "without readline"])
class TestEndOfInput:
    def test_ctrl_d_asks_and_then_leaves(self, screen: Start, code: str) -> None:
        one = screen(code=code)
        assert one.port
        one.type(CTRL_D)
        one.see(r"^\* end of input: Ctrl-D again or exit to leave")
        one.settle("one>")
        one.type(CTRL_D)
        one.see(r"^ok: bye")
        ended(one)

    def test_it_asks_again_after_a_line_or_ctrl_c(self, screen: Start, code: str) -> None:
        one = screen(code=code)
        assert one.port
        for asked, between in enumerate(("list\r", CTRL_C, "\r"), 1):
            one.type(CTRL_D)
            until(lambda: one.update().raw.count("end of input") == asked)  # noqa: B023
            one.settle("one>")
            one.type(between)
            until(lambda: len(re.findall(ANSWERS, one.update().raw)) == asked)  # noqa: B023
            one.settle("one>")


@pytest.mark.parametrize("key", ["\x1c", "\x1a"])
def test_a_key_while_it_leaves(screen: Start, key: str) -> None:
    one = screen()
    assert one.port
    one.type("exit\r")

    def press() -> bool:
        with contextlib.suppress(OSError):  # the terminal has gone
            one.type(key)
        one.update()
        return not one.child.isalive()

    until(press, what="the peer to end")
    assert (one.child.exitstatus, one.child.signalstatus) == (0, None)


def test_random_keys() -> None:
    seed = random.randrange(10**6)
    try:
        soak(times(2_400, 100_000), seed)
    except PeerDiedError as error:
        pytest.fail(f"seed {seed}: {error}")


def test_the_soak_sees_a_peer_that_dies(monkeypatch: pytest.MonkeyPatch) -> None:
    dies = changed(
        "import os",
        "from peer import commands",
        "parse, left = commands.parse, iter(range(10))",
        "commands.parse = lambda line: os.abort() if next(left, None) is None else parse(line)",
    )
    monkeypatch.setattr("tests.keystrokes.START", ["-c", dies])
    with pytest.raises(PeerDiedError, match="ended by signal 6"):
        soak(100_000, 1)
