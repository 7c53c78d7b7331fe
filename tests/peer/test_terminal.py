"""A real peer on a pty, and what a person sees on the screen."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import time
from collections.abc import Callable

import pytest

from tests.peer.support import AT_ONCE, NEVER_FORCED, LabNode, Screen, changed, until
from tests.peer.test_dial import fill_backlog
from tests.repeats import times

Start = Callable[..., Screen]
Make = Callable[..., LabNode]
CTRL_A, CTRL_C, CTRL_D, LEFT, UP = "\x01", "\x03", "\x04", "\x1b[D", "\x1b[A"
NO_READLINE = changed("sys.modules['readline'] = None")
INTERRUPTED_ONCE = (
    "import builtins",
    "shown = builtins.input",
    "def interrupted(prompt):",
    "    builtins.input = shown",
    "    raise KeyboardInterrupt",
    "builtins.input = interrupted",
)


def connected(screen: Start, node: Make, **options: object) -> tuple[Screen, LabNode]:
    one, other = screen("0", "--name", "one", **options), node(name="other")
    assert one.port
    reply = one.command(f"connect {other.bind} {other.port}")
    assert reply == f"ok: connected 1 {other.bind}:{other.port} (other)"
    other.await_line("connected 1")
    one.settle("one>")
    return one, other


def shows(one: Screen, text: str) -> None:
    until(lambda: text in one.update().raw)


class TestPrompt:
    def test_it_comes_back_after_every_reply(self, screen: Start) -> None:
        one = screen()
        port = one.port
        for line, reply in (("myport", f"ok: {port}"), ("list", "ok: 0 connections"), ("", "err")):
            assert one.command(line).startswith(reply)
            one.settle("one>")
        assert [row for row in one.rows if row][2:5] == ["one> myport", f"ok: {port}", "one> list"]

    def test_exit(self, screen: Start) -> None:
        one = screen()
        assert one.port
        assert one.command("exit") == "ok: bye"
        ended(one)

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
    def test_signals(self, screen: Start, node: Make, number: int) -> None:
        one, other = connected(screen, node, code=NEVER_FORCED)
        one.type("half a li")
        one.settle("one> half a li")
        begun = time.monotonic()
        one.child.kill(number)
        ended(one)
        assert time.monotonic() - begun < AT_ONCE
        other.await_line("closed 1 .*the other peer exited")

    def test_the_terminal_gets_its_mode_back(self, screen: Start) -> None:
        one = screen()
        assert one.port
        one.command("exit")
        until(lambda: one.child.getecho() or not one.child.isalive(), what="echo")
        ended(one)

    def test_no_bracketed_paste_and_no_bell(self, screen: Start) -> None:
        one = screen()
        assert one.port
        one.type("\x7f\x7f")
        one.command("list")
        assert "\x07" not in one.raw
        assert "\x1b[?2004h" not in one.raw

    @pytest.mark.parametrize("code", [None, NO_READLINE])
    def test_what_comes_last_does_not_stand_behind_the_prompt(
        self, screen: Start, node: Make, code: str | None
    ) -> None:
        one, other = connected(screen, node, **({"code": code} if code else {}))
        one.child.kill(signal.SIGTERM)
        ended(one)
        other.await_line("closed 1 .*the other peer exited")
        assert "one> *" not in one.raw.replace("\r\x1b[K", "\n")
        assert one.raw.rstrip(" ").endswith(("\n", "\x1b[K"))


def ended(one: Screen, status: int = 0) -> None:
    def look() -> bool:
        one.update()
        return not one.child.isalive()

    until(look, what="the peer to end")
    assert one.child.exitstatus == status


class TestHalfTypedLine:
    def test_it_survives_a_message(self, screen: Start, node: Make) -> None:
        one, other = connected(screen, node)
        one.type("send 1 half")
        one.settle("one> send 1 half")
        other.node.send(1, "excuse me")
        one.see(r"^\* message 1 .*: excuse me$")
        one.settle("one> send 1 half")
        assert not [row for row in one.rows if "half" in row][:-1]
        one.type(" done\r")
        assert other.await_line("half done").endswith(": half done")
        one.see(r"^\* delivered 1 #1$")
        one.settle("one>")
        assert [row for row in one.rows if row][-3:-1] == ["ok: sent 1 #1", "* delivered 1 #1"]

    def test_with_the_cursor_in_the_middle(self, screen: Start, node: Make) -> None:
        one, other = connected(screen, node)
        one.type("send 1 ac" + LEFT)
        until(lambda: one.update().display.cursor.x == len("one> send 1 a"))
        other.node.send(1, "first")
        one.see(": first$")
        one.settle("one> send 1 ac")
        until(lambda: one.update().display.cursor.x == len("one> send 1 a"))
        one.type("b\r")
        assert other.await_line("message").endswith(": abc")

    def test_of_several_rows(self, screen: Start, node: Make) -> None:
        one, other = connected(screen, node, size=(24, 40))
        text = "".join(f"{number:03}," for number in range(30))
        one.type(f"send 1 {text}")
        one.settle(("one> send 1 " + text)[-12:])
        before = [row for row in one.rows if re.match(r"one> send|[\d,]+$", row)]
        for number in range(3):
            other.node.send(1, f"message {number}")
            shows(one, f"message {number}\r\n")
        one.settle(("one> send 1 " + text)[-12:])
        assert [row for row in one.rows if re.match(r"one> send|[\d,]+$", row)] == before
        assert "".join(before) == "one> send 1 " + text
        one.type("\r")
        assert other.await_line("000,").endswith(text)

    def test_of_several_rows_with_the_cursor_at_its_start(self, screen: Start, node: Make) -> None:
        one, other = connected(screen, node, size=(24, 40))
        one.type("end 1 " + "x" * 100 + CTRL_A)
        until(lambda: one.update().display.cursor.x == len("one> "))
        other.node.send(1, "hello there")
        shows(one, "hello there\r\n")
        one.type("s\r")
        assert other.await_line("xxx").endswith(": " + "x" * 100)
        until(lambda: "".join(one.update().rows).count("x" * 100) == 1)

    def test_wide_and_combining_characters(self, screen: Start, node: Make) -> None:
        one, other = connected(screen, node)
        text = "\u4f60\u597d e\u0301 \xfc"
        one.type(f"send 1 {text}")
        one.see("send 1 \u4f60")
        other.node.send(1, "\u4f60 too")
        one.see(r": \u4f60")
        one.type("!\r")
        assert other.await_line("message").endswith(f": {text}!")

    def test_in_a_storm_of_messages(self, screen: Start, node: Make) -> None:
        one, other = connected(screen, node)
        one.type("send 1 typed in a")
        one.settle("one> send 1 typed in a")
        for number in range(300):
            other.node.send(1, f"drop {number}")
        for character in " storm":
            one.type(character)
        other.await_line(r"delivered 1 #(\d+-|)300$")
        one.settle("one> send 1 typed in a storm")
        one.type("\r")
        other.await_line(": typed in a storm$")
        one.see("delivered 1 #1$")
        shown = re.findall(r"\* message 1 \S+ \(other\): (drop \d+)\r\n", one.raw)
        assert shown == [f"drop {number}" for number in range(300)]

    def test_notices_start_their_row(self, screen: Start, node: Make) -> None:
        """Whatever the moment: commands and messages at the same time, as fast as they go."""
        one, other = connected(screen, node)
        for number in range(300):
            other.node.send(1, f"drop {number}")
            one.type("list\r")
            one.update()
        until(lambda: one.update().raw.count("ok: 1 connection") == 300)
        until(lambda: one.update().raw.count("(other): drop") == 300)
        one.settle("one>")
        everything = [*history(one), *one.rows]
        assert (
            len([row for row in everything if re.match(r"\* message 1 .*: drop \d+$", row)]) == 300
        )
        assert [row for row in everything if "* message" in row[1:] or "ok:" in row[1:]] == []


def history(one: Screen) -> list[str]:
    width = one.display.columns
    rows = one.display.history.top
    return ["".join(row[x].data for x in range(width)).rstrip() for row in rows]


class TestKeys:
    def test_ctrl_c_at_the_prompt(self, screen: Start) -> None:
        one = screen()
        assert one.port
        one.type(CTRL_C)
        one.see(r"^\* interrupted: type exit to leave")
        one.settle("one>")
        assert one.command("list") == "ok: 0 connections"

    def test_ctrl_c_drops_a_half_typed_line(self, screen: Start) -> None:
        one = screen()
        assert one.port
        for _ in range(10):
            one.type("nonsense")
            one.settle("one> nonsense")
            one.type(CTRL_C)
            one.settle("one>")
        assert one.command("list") == "ok: 0 connections"
        assert "unknown command" not in one.raw

    def test_ctrl_c_in_a_storm_of_messages(self, screen: Start, node: Make) -> None:
        one, other = connected(screen, node)
        for number in range(400):
            other.node.send(1, f"drop {number}")
            if number % 40 == 0:
                one.child.kill(signal.SIGINT)
                one.update()
        until(lambda: (one.update(), other.matching(r"delivered 1 #(\d+-|)400$"))[1])
        shown = re.findall(r"\(other\): (drop \d+)\r\n", one.update().raw)
        assert shown == [f"drop {number}" for number in range(400)]
        one.settle("one>")
        assert one.command("list") == "ok: 1 connection"

    def test_ctrl_c_that_input_turns_into_an_exception_of_its_own(self, screen: Start) -> None:
        one = screen(code=changed(*INTERRUPTED_ONCE))
        one.see(r"^\* interrupted: type exit to leave")
        assert one.command("list") == "ok: 0 connections"

    def test_sigterm_in_a_storm_of_messages(self, screen: Start, node: Make) -> None:
        one, other = connected(screen, node, code=NEVER_FORCED)
        for number in range(1_000):
            other.node.send(1, f"drop {number}")
        until(lambda: one.update().raw.count("drop") > 20)
        begun = time.monotonic()
        one.child.kill(signal.SIGTERM)
        ended(one)
        assert time.monotonic() - begun < AT_ONCE

    def test_ctrl_c_while_dialling(self, screen: Start) -> None:
        one = screen()
        assert one.port
        with contextlib.ExitStack() as stack:
            host, port = fill_backlog(stack).sockaddr[:2]
            one.type(f"connect {host} {port}\r")
            one.see(f"connect {host}")
            until(lambda: len(os.listdir(f"/proc/{one.child.pid}/task")) > 2)  # noqa: PTH208
            one.type(CTRL_C)
            one.see(r"^error: called off")
        one.settle("one>")
        assert one.command("list") == "ok: 0 connections"

    def test_history(self, screen: Start) -> None:
        one = screen()
        assert one.port
        for line in ("myport", "list", "list", "  "):
            one.command(line)
            one.settle("one>")
        for shown in ("list", "myport", "myport"):
            one.type(UP)
            one.settle(f"one> {shown}")

    def test_a_new_size_redraws_the_prompt(self, screen: Start) -> None:
        one = screen()
        assert one.port
        one.type("half")
        one.settle("one> half")
        before = len(one.raw)
        one.child.setwinsize(30, 60)
        until(lambda: "one> half" in one.update().raw[before:])
        one.type("\x15")
        assert one.command("list") == "ok: 0 connections"

    def test_bytes_that_are_no_text(self, screen: Start) -> None:
        for locale in ("C.UTF-8", "en_US.UTF-8", "C", "POSIX"):
            one = screen(LANG=locale, LC_ALL=locale)
            assert one.port
            one.child.send(b"send 1 \xff\xfe\r")
            one.see("^error: ")
            one.settle("one>")
            assert one.command("list") == "ok: 0 connections"


class TestTypeAhead:
    def test_while_a_command_runs(self, screen: Start) -> None:
        one = screen("0", "--name", "one", "--connect-timeout", "0.5")
        assert one.port
        with contextlib.ExitStack() as stack:
            host, port = fill_backlog(stack).sockaddr[:2]
            one.type(f"connect {host} {port}\r")
            one.see(f"connect {host}")
            one.type("list\rmyport\rnons")
            one.see("^error: timed out")
            one.settle("one> nons")
        rows = [row for row in one.rows if row]
        start = next(i for i, row in enumerate(rows) if row.startswith("error: timed"))
        assert rows[start + 1 :] == [
            "one> list", "ok: 0 connections", "one> myport", f"ok: {one.port_shown}", "one> nons"
        ]  # fmt: skip

    def test_a_long_line(self, screen: Start, node: Make) -> None:
        one, other = connected(screen, node)
        text = "x" * 12_000
        one.type(f"list\rsend 1 {text}\rlist\r")
        until(lambda: (one.update(), other.texts())[1])
        assert other.texts() == [text]

    def test_ten_thousand_messages(self, screen: Start, node: Make) -> None:
        count = times(1_000, 10_000)
        one, other = connected(screen, node)
        lines = b"".join(b"send 1 %d\r" % number for number in range(count))
        terminal, output = one.child.child_fd, bytearray(b"one> ")
        os.set_blocking(terminal, False)
        deadline = time.monotonic() + 30
        while not output.endswith(b"#%d\r\none> " % count) and time.monotonic() < deadline:
            select.select([terminal], [terminal] if lines else [], [], 1.0)
            with contextlib.suppress(BlockingIOError):
                lines = lines[os.write(terminal, lines[:4096]) :]
            with contextlib.suppress(BlockingIOError):
                output += os.read(terminal, 65_536)
        until(lambda: len(other.texts()) == count)
        assert other.texts() == [str(number) for number in range(count)]
        sent = re.findall(rb"(?m)^ok: sent 1 #(\d+)\r$", output)
        assert [int(number) for number in sent] == list(range(1, count + 1))
        assert output.count(b"one> send 1 ") == count  # shown once each, behind a prompt


class TestWithoutReadline:
    def test_commands_and_notices(self, screen: Start, node: Make) -> None:
        one, other = connected(screen, node, code=NO_READLINE)
        other.node.send(1, "hi\x1b[31m")
        one.see(r"^\* message 1 .*: hi\\x1b\[31m$")
        one.settle("one>")
        assert one.command("send 1 ho") == "ok: sent 1 #1"
        other.await_line(": ho$")
        one.see("^\\* delivered 1 #1$")
        one.settle("one>")

    def test_a_half_typed_line_is_kept(self, screen: Start, node: Make) -> None:
        one, other = connected(screen, node, code=NO_READLINE)
        one.type("send 1 half ")
        one.settle("one> send 1 half")
        other.node.send(1, "excuse me")
        one.see("excuse me")
        one.settle("one>")
        one.type("done\r")
        other.await_line(": half done$")

    def test_ctrl_c(self, screen: Start) -> None:
        one = screen(code=NO_READLINE)
        assert one.port
        one.type("half" + CTRL_C)
        one.see(r"^\* interrupted")
        one.settle("one>")
        assert one.command("list") == "ok: 0 connections"
