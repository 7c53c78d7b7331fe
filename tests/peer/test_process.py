"""A real peer process on pipes, and what signals, floods and endings do to it."""

from __future__ import annotations

import array
import contextlib
import fcntl
import os
import random
import re
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.peer.support import AT_ONCE, NEVER_FORCED, ROOT, Peer, lingers, memory, stat, until
from tests.peer.test_dial import fill_backlog
from tests.repeats import times
from tests.waiting import let_pass

Start = Callable[..., Peer]


def couple(peer: Start, *arguments: str, code: str = "") -> tuple[Peer, Peer]:
    one, other = (peer("0", "--name", name, *arguments, code=code) for name in ("one", "other"))
    assert one.connect(other) == f"ok: connected 1 {other.bind}:{other.port} (other)"
    other.expect(r"^\* connected 1 .*\(one\)$")
    return one, other


def leave_by_exit(one: Peer) -> None:
    one.write(b"exit\n")


def leave_by_end_of_input(one: Peer) -> None:
    one.close_input()


def leave_by_sigterm(one: Peer) -> None:
    one.process.terminate()


def leave_by_sighup(one: Peer) -> None:
    one.process.send_signal(signal.SIGHUP)


WAYS = [leave_by_exit, leave_by_end_of_input, leave_by_sigterm, leave_by_sighup]


class TestLeaving:
    @pytest.mark.parametrize("leave", WAYS)
    def test_with_a_connection(self, peer: Start, leave: Callable[[Peer], None]) -> None:
        one, other = couple(peer, code=lingers(60))
        assert one.command("send 1 last words") == "ok: sent 1 #1"
        begun = time.monotonic()
        leave(one)
        assert one.wait() == 0
        assert time.monotonic() - begun < AT_ONCE
        other.expect("closed 1 .*the other peer exited")
        other.expect_texts(["last words"])
        assert "* delivered 1 #1" in one.lines
        assert one.errors == ""

    @pytest.mark.parametrize("leave", WAYS)
    def test_alone(self, peer: Start, leave: Callable[[Peer], None]) -> None:
        one = peer()
        one.expect("listening")
        leave(one)
        assert one.wait() == 0
        assert one.errors == ""

    @pytest.mark.parametrize("leave", [leave_by_exit, leave_by_sigterm])
    def test_with_strangers_and_the_dead(self, peer: Start, leave: Callable[[Peer], None]) -> None:
        one, other = couple(peer, code=lingers(4))
        other.stop()
        with socket.create_connection((one.bind, one.port)) as plain:
            plain.sendall(b"hi\n")
            one.expect("message 2 .*: hi")
            one.command("send 1 nobody reads this")
            begun = time.monotonic()
            leave(one)
            assert one.wait() == 0
            assert time.monotonic() - begun < 7.5, "one after the other they take 8"
        assert "* undelivered 1 #1: nobody reads this" in one.lines

    def test_sigterm_while_dialling(self, peer: Start) -> None:
        one = peer("0", "--connect-timeout", "60", code=NEVER_FORCED)
        one.expect("listening")
        with contextlib.ExitStack() as stack:
            host, port = fill_backlog(stack).sockaddr[:2]
            one.write(f"connect {host} {port}\n".encode())
            until(lambda: threads(one) > 2, what="the dial")
            begun = time.monotonic()
            one.process.terminate()
            assert one.wait() == 0
            assert time.monotonic() - begun < AT_ONCE
        assert f"error: called off ({host}:{port})" in one.lines

    def test_sigterm_whenever_it_comes(self, peer: Start) -> None:
        chance = random.Random(3)
        for _ in range(8):
            one = peer("0", code=NEVER_FORCED)
            one.expect("listening")
            one.write(b"help\n" * chance.randrange(40))
            until(lambda: not catches_nothing(one), what="its handlers")  # noqa: B023
            one.process.terminate()
            assert one.wait(AT_ONCE) == 0
            assert one.errors == ""

    @pytest.mark.parametrize("full", [False, True])
    def test_sigterm_while_nobody_reads_the_output(self, peer: Start, full: bool) -> None:
        reader, writer = os.pipe()
        one = peer("0", stdout=writer, code="" if full else NEVER_FORCED)
        os.close(writer)
        waiting = array.array("i", [0])

        def is_full() -> bool:
            fcntl.ioctl(reader, termios.FIONREAD, waiting)
            return waiting[0] > (40_000 if full else 0)

        one.write(b"help\n" * (1_000 if full else 0))
        until(is_full, what="it to be stuck")
        until(lambda: not catches_nothing(one), what="its handlers")
        one.process.terminate()
        assert one.wait(AT_ONCE) == 0
        os.close(reader)

    @pytest.mark.parametrize("leave", WAYS)
    def test_while_a_notice_is_stuck(self, peer: Start, leave: Callable[[Peer], None]) -> None:
        reader, writer = os.pipe()
        one = peer("0", stdout=writer)
        os.close(writer)
        port = int(os.read(reader, 1_000).split(b":")[1].split()[0])
        with socket.create_connection((one.bind, port)) as sock:
            sock.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    sock.send(b"\n" * 65_536)
            begun = time.monotonic()
            leave(one)
            assert one.wait(AT_ONCE) == 0
            assert time.monotonic() - begun < 8.0, "it takes two seconds, and longer if all is busy"
        os.close(reader)


def catches_nothing(one: Peer) -> bool:
    status = Path(f"/proc/{one.process.pid}/status").read_text()
    return not int(status.partition("SigCgt:")[2].split()[0], 16) & 1 << (signal.SIGTERM - 1)


def threads(one: Peer) -> int:
    return len(list(Path(f"/proc/{one.process.pid}/task").iterdir()))


class TestStarting:
    def test_the_port_is_in_use(self, peer: Start) -> None:
        one = peer()
        second = peer(str(one.port), bind=one.bind)
        assert second.wait() == 1
        assert second.lines == [f"error: port {one.port} is in use; choose another"]
        assert second.errors == ""

    def test_again_on_the_same_port_at_once(self, peer: Start) -> None:
        one, other = couple(peer)
        port = one.port
        one.process.kill()
        one.wait()
        other.expect("closed 1")
        again = peer(str(port), bind=one.bind)
        assert again.port == port
        assert again.connect(other).startswith("ok: connected 1")

    def test_wrong_arguments(self, peer: Start) -> None:
        one = peer("no-port")
        assert one.wait() == 2
        assert one.errors.startswith("usage: ")

    @pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-", "</", "0>/dev/null"])
    def test_without_standard_descriptors(self, closed: str, loopback: str) -> None:
        command = f"exec {sys.executable} -m peer 0 --bind {loopback} {closed}"
        done = subprocess.run(
            ["bash", "-c", command], input=b"myport\n", capture_output=True, cwd=ROOT, timeout=20,
            check=False,
        )  # fmt: skip
        if closed != "</":  # Python itself refuses a directory
            assert (done.returncode, done.stderr) == (0, b"")

    def test_no_escape_codes(self, peer: Start) -> None:
        one = peer()
        for line in ("help", "list", "nonsense", "connect 127.0.0.1 1", "exit"):
            one.command(line)
        one.wait()
        assert all(line.isprintable() for line in one.lines)
        assert not [line for line in one.lines if line.startswith(">")]

    def test_every_line_is_of_the_grammar(self, peer: Start) -> None:
        one, other = couple(peer)
        for line in ("help", "list", "send 1 x", "", "nonsense", "myip", "terminate 1", "list"):
            one.command(line)
        one.process.send_signal(signal.SIGINT)
        one.expect(r"^\* interrupted: type exit to leave")
        one.command("exit")
        assert [x for x in one.lines if not re.match(r"(\* |  |ok: |error: )\S", x)] == []
        other.expect_texts(["x"])


class TestInput:
    def test_replies_in_order(self, peer: Start) -> None:
        one = peer()
        one.write(b"myport\nnonsense\nlist\n" * 50 + b"exit\n")
        assert one.wait() == 0
        port = one.port
        ends = [line for line in one.lines if line.startswith(("ok", "error"))]
        assert ends[0] == f"ok: {port}"
        assert [end[:4] for end in ends] == ["ok: ", "erro", "ok: "] * 50 + ["ok: "]

    def test_a_last_line_without_its_newline(self, peer: Start) -> None:
        one = peer()
        one.write(b"myport")
        one.close_input()
        assert one.wait() == 0
        assert f"ok: {one.port}" in one.lines

    def test_any_bytes(self, peer: Start) -> None:
        one = peer()
        chance = random.Random(4)
        verbs = [b"help ", b"connect ", b"send ", b"terminate ", b"list ", b"connect fe80::1%"]
        count = times(100, 500)
        for _ in range(count):
            noise = chance.randbytes(chance.randrange(30)).replace(b"\n", b"")
            one.write(chance.choice(verbs) + noise + chance.choice([b"", b" 1"]) + b"\n")
        one.write(b"myport\n")
        one.expect(f"^ok: {one.port}$")
        assert sum(line.startswith(("ok:", "error:")) for line in one.lines) == count + 1

    @pytest.mark.parametrize("size", [65_536, 65_537, 1_000_000])
    def test_long_lines(self, peer: Start, size: int) -> None:
        one = peer()
        one.expect("listening")
        reply = one.command("x" * size)
        assert ("a line may have 65,536 bytes" in reply) == (size > 65_536)
        assert one.command("myport") == f"ok: {one.port}"

    def test_ctrl_c_while_dialling(self, peer: Start) -> None:
        one = peer()
        one.expect("listening")
        with contextlib.ExitStack() as stack:
            host, port = fill_backlog(stack).sockaddr[:2]
            one.write(f"connect {host} {port}\nmyport\n".encode())
            until(lambda: threads(one) > 2, what="the dial")
            one.process.send_signal(signal.SIGINT)
            one.expect(r"^error: called off")
        one.expect(rf"^ok: {one.port}$")


class TestOutput:
    """Its reader goes away."""

    def test_and_a_message_comes(self, peer: Start) -> None:
        reader, writer = os.pipe()
        one, other = peer("0", "--silence", "60", stdout=writer), peer("0", "--silence", "60")
        os.close(writer)
        with os.fdopen(reader, "rb") as output:
            port = output.readline().split(b":")[1].split()[0].decode()
            other.command(f"connect {one.bind} {port}")
            assert output.readline().startswith(b"* connected 1 ")
        other.command("send 1 never shown")
        other.expect("closed 1")
        assert one.wait(AT_ONCE) == 0
        assert other.find("^.* delivered") is None
        other.expect("undelivered 1 #1: never shown")

    def test_and_a_reply_is_due(self, peer: Start) -> None:
        reader, writer = os.pipe()
        one = peer("0", stdout=writer)
        os.close(writer)
        with os.fdopen(reader, "rb") as output:
            assert output.readline().startswith(b"* listening")
        one.write(b"help\n")
        assert one.wait(AT_ONCE) == 0


class TestTheOtherEnd:
    def test_killed(self, peer: Start) -> None:
        one, other = couple(peer)
        other.stop()
        one.command("send 1 never read")
        other.process.kill()
        one.expect(r"^\* undelivered 1 #1: never read$")
        one.expect("closed 1 .*: (reset|closed) by the other end")
        assert one.command("list") == "ok: 0 connections"

    def test_stopped_for_longer_than_the_limit(self, peer: Start) -> None:
        one, other = couple(peer, "--silence", "0.5")
        other.command("send 1 first")
        one.expect("message 1 .*: first")
        other.stop()
        one.command("send 1 to nobody")
        one.expect(
            r"^\* undelivered 1 #1: to nobody$", timeout=5.0
        )  # less than where nothing is said of it
        one.expect("closed 1 .*: no sign of life for 0.5 s")
        other.write(b"send 1 from the past\n")
        other.resume()
        end = other.expect(r"^(\* undelivered 1 #2: from the past|error: .*)$")
        assert end
        other.expect("closed 1 ")
        one.expect_texts(["first"])

    def test_stopped_for_less(self, peer: Start) -> None:
        one, other = couple(peer, "--silence", "9")  # after 3 s a sign of life is asked for
        other.stop()
        for number in range(1, 11):
            one.command(f"send 1 text {number}")
        let_pass(3.5)
        other.resume()
        one.expect(r"delivered 1 #(1-|\d+-|)10$")
        wanted = [f"text {number}" for number in range(1, 11)]
        other.expect_texts(wanted)
        assert one.find("closed") is None

    def test_both_stopped_for_long(self, peer: Start) -> None:
        one, other = couple(peer, "--silence", "1")
        one.write(b"send 1 under way\n")
        one.expect("delivered 1 #1")
        for end in (one, other):
            end.stop()
        let_pass(2.0)
        for end in (one, other):
            end.resume()
        assert one.command("send 1 afterwards") == "ok: sent 1 #2"
        one.expect(r"^\* delivered 1 #2$")
        other.expect_texts(["under way", "afterwards"])
        assert one.find("closed") is other.find("closed") is None

    def test_it_does_not_read(self, peer: Start) -> None:
        one, other = couple(peer, "--silence", "60")
        before = memory(one.process.pid)
        other.stop()
        text = "x" * 16_000
        for _ in range(700):
            reply = one.command(f"send 1 {text}")
        assert reply == "error: 1 does not read: 4,096 KiB wait already; not sent"
        begun = time.monotonic()
        one.command("list")
        assert time.monotonic() - begun < AT_ONCE
        assert memory(one.process.pid) - before < 40_000
        other.resume()
        until(lambda: one.command(f"send 1 {text}").startswith("ok"))

    def test_thousands_of_messages(self, peer: Start) -> None:
        one, other = couple(peer)
        count = times(2_000, 10_000)
        texts = [f"text number {number}" for number in range(1, count + 1)]
        one.write("".join(f"send 1 {text}\n" for text in texts).encode())
        one.expect(rf"delivered 1 #(\d+-|){count}$", timeout=20)
        other.expect(rf"text number {count}$")
        other.expect_texts(texts)
        sent = [line for line in one.lines if line.startswith("ok: sent")]
        assert sent == [f"ok: sent 1 #{number}" for number in range(1, count + 1)]


def test_idle_costs_nothing(peer: Start) -> None:
    one, other = couple(peer)
    used = [stat(end.process.pid)[1] for end in (one, other)]
    let_pass(0.7)
    for end, before in zip((one, other), used, strict=True):
        assert stat(end.process.pid)[1] - before < 0.1
