"""Nodes that talk to each other over real sockets."""

from __future__ import annotations

import contextlib
import functools
import re
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from peer.limits import Limits
from peer.node import NodeError
from tests.peer.support import AT_ONCE, LabNode, until
from tests.peer.test_dial import fill_backlog

Make = Callable[..., LabNode]


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


LINGERS = Limits(greeting=1.0, linger=60.0)


def pair(node: Make, **settings: object) -> tuple[LabNode, LabNode]:
    one, other = node(name="one", **settings), node(name="other", **settings)
    one.connect(other)
    other.await_line("connected 1")
    return one, other


class TestConnect:
    def test_both_show_the_listening_port(self, node: Make) -> None:
        one, other = pair(node)
        assert one.node.rows()[0].label == f"{other.bind}:{other.port} (other)"
        assert other.node.rows()[0].label == f"{one.bind}:{one.port} (one)"
        assert other.lines == [f"* connected 1 {one.bind}:{one.port} (one)"]
        assert one.lines == []

    def test_by_ipv6_and_by_name(self, node: Make) -> None:
        six, everywhere, caller = node(bind="::1"), node(bind=""), node(bind="")
        assert caller.node.connect("::1", six.port).label == f"[::1]:{six.port} (lab)"
        row = caller.node.connect("localhost", everywhere.port)
        assert row.port == everywhere.port
        assert row.address in ("127.0.0.1", "::1")
        everywhere.await_line("connected 1")

    def test_the_reply_comes_before_what_follows(self, node: Make) -> None:
        one = node()
        with socket.create_server((one.bind, 0)) as server:
            thread = threading.Thread(target=greet_and_leave, args=(server,))
            thread.start()
            one.node.connect(
                one.bind, server.getsockname()[1], lambda _: one.lines.append(str(len(one.lines)))
            )
            one.await_line("closed 1")
            thread.join()
        assert one.lines[0] == "0"
        assert re.search("message 1 .*: quick", one.lines[1])

    @pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "::1", "::ffff:127.0.0.1",
                                      "127.7.7.7", "0.0.0.0", "::"])  # fmt: skip
    def test_itself(self, node: Make, name: str) -> None:
        one = node(bind="")
        with pytest.raises(NodeError, match="that is this peer itself"):
            one.node.connect(name, one.port)
        assert one.node.rows() == []
        assert one.lines == []

    def test_itself_by_its_own_address(self, node: Make) -> None:
        one = node(bind="")
        if one.node.address:
            with pytest.raises(NodeError, match="that is this peer itself"):
                one.node.connect(one.node.address, one.port)

    def test_twice(self, node: Make) -> None:
        one, other = pair(node)
        with pytest.raises(NodeError, match=r"already connected to .* as 1"):
            one.connect(other)
        with pytest.raises(NodeError, match=r"already connected to .* as 1"):
            other.connect(one)

    def test_twice_by_another_name(self, node: Make) -> None:
        one, other = node(), node(bind="")
        one.node.connect("127.0.0.1", other.port)
        other.await_line("connected 1")
        with pytest.raises(NodeError, match="already connected to that peer"):
            one.node.connect("127.9.8.7", other.port)
        with pytest.raises(NodeError, match="already connected"):
            other.connect(one)
        assert len(one.node.rows()) == len(other.node.rows()) == 1

    def test_refused(self, node: Make, loopback: str) -> None:
        with pytest.raises(NodeError, match=rf"connection refused \({loopback}:9\)"):
            node().node.connect(loopback, 9)

    def test_malformed(self, node: Make) -> None:
        with pytest.raises(NodeError, match=r"malformed address .999\.1\.1\.1."):
            node().node.connect("999.1.1.1", 5000)

    def test_unknown(self, node: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "no")

        one = node()
        monkeypatch.setattr(socket, "getaddrinfo", fail)
        with pytest.raises(NodeError, match="unknown host nobody"):
            one.node.connect("nobody.example", 5000)

    def test_full_here(self, node: Make, loopback: str) -> None:
        with pytest.raises(NodeError, match="at the limit of 0 connections"):
            node(max_connections=0).node.connect(loopback, 9)

    def test_full_there(self, node: Make) -> None:
        with pytest.raises(NodeError, match="that peer is at its limit"):
            node().connect(node(max_connections=0))

    def test_timed_out(self, node: Make) -> None:
        one = node(connect_timeout=0.2)
        with contextlib.ExitStack() as stack, pytest.raises(NodeError, match="timed out"):
            one.node.connect(*fill_backlog(stack).sockaddr[:2])

    @pytest.mark.parametrize("accepted", [False, True])
    def test_called_off(self, node: Make, accepted: bool) -> None:
        one = node(limits=Limits(greeting=60.0), connect_timeout=60.0)
        with contextlib.ExitStack() as stack:
            where = fill_backlog(stack).sockaddr[:2]
            if accepted:
                where = stack.enter_context(socket.create_server((one.bind, 0))).getsockname()
            timer = threading.Timer(0.1, one.node.call_off)
            timer.start()
            begun = time.monotonic()
            with pytest.raises(NodeError, match="called off"):
                one.node.connect(*where)
            assert time.monotonic() - begun < AT_ONCE
            timer.join()
        assert one.node.rows() == []

    def test_closed_at_once(self, node: Make) -> None:
        one = node()
        with socket.create_server((one.bind, 0)) as server:
            thread = threading.Thread(target=hang_up, args=(server,))
            thread.start()
            with pytest.raises(NodeError, match=r"closed before a word was said|reset"):
                one.node.connect(one.bind, server.getsockname()[1])
            thread.join()

    def test_no_thread_left(self, node: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        one = node(max_connections=1)

        def fail(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", fail)
            with pytest.raises(NodeError, match="no thread left"):
                one.node.connect(one.bind, 9)
        with pytest.raises(NodeError, match="connection refused"):
            one.node.connect(one.bind, 9)

    def test_nothing_is_left_behind(self, node: Make) -> None:
        one, other = node(), node()
        before = descriptors()
        for number in range(1, 201):
            row = one.connect(other)
            assert row.id == number
            one.node.terminate(row.id)
            until(lambda: not one.node._alive | other.node._alive, what="both ends")
        assert descriptors() == before

    def test_failures_leave_nothing_behind(self, node: Make, loopback: str) -> None:
        one = node()
        before = descriptors()
        for _ in range(200):
            with pytest.raises(NodeError):
                one.node.connect(loopback, 9)
            with pytest.raises(NodeError):
                one.connect(one)
        until(lambda: not one.node._alive, what="the dials to be over")
        assert descriptors() <= before  # an earlier test may still have been closing one of its own


def hang_up(server: socket.socket) -> None:
    server.accept()[0].close()


def greet_and_leave(server: socket.socket) -> None:
    sock, _ = server.accept()
    with sock, sock.makefile("rb") as lines:
        nonce = lines.readline().split()[4].decode()
        welcome = f"PEERLAB/1 welcome 5000 {'b' * 16} {'c' * 16} {nonce} quick\n"
        sock.sendall(welcome.encode() + b"msg 1 quick\n")
        lines.readline()


class TestMessages:
    def test_both_ways(self, node: Make) -> None:
        one, other = pair(node)
        assert one.node.send(1, "hi there ")[1] == 1
        assert other.node.send(1, "\x1b[31m")[1] == 1
        other.await_line(r"^\* message 1 .*\(one\): hi there $")
        one.await_line(r"^\* message 1 .*\(other\): \\x1b\[31m$")
        for end in (one, other):
            end.await_line("delivered 1 #1$")

    def test_many_both_ways_in_order_once(self, node: Make) -> None:
        one, other = pair(node)
        texts = [f"text {number}" for number in range(3_000)]
        senders = [
            threading.Thread(target=lambda end=end: [end.node.send(1, text) for text in texts])
            for end in (one, other)
        ]
        for thread in senders:
            thread.start()
        for thread in senders:
            thread.join()
        for end in (one, other):
            end.await_line(r"delivered 1 (#\d+-|#)3000$")
            end.await_texts(3_000)
            assert end.texts() == texts

    def test_long_ones(self, node: Make) -> None:
        one, other = pair(node)
        text = "\u20ac" * 5_461
        for _ in range(100):
            one.node.send(1, text)
        one.await_line(r"delivered 1 (#\d+-|#)100$")
        assert other.texts() == [text] * 100

    @pytest.mark.parametrize("number", [0, 2, 999])
    def test_no_such_connection(self, node: Make, number: int) -> None:
        one, _ = pair(node)
        with pytest.raises(NodeError, match=f"no connection {number}"):
            one.node.send(number, "x")
        with pytest.raises(NodeError, match=f"no connection {number}"):
            one.node.terminate(number)


class TestEnds:
    def test_terminate(self, node: Make) -> None:
        one, other = pair(node)
        assert one.node.terminate(1).id == 1
        assert one.node.rows() == []
        assert other.await_line("closed").endswith("(one): terminated by the other end")
        assert other.node.rows() == []
        assert one.lines == []

    def test_what_was_sent_just_before_arrives(self, node: Make) -> None:
        one, other = node(), node()
        for number in range(1, 31):
            one.connect(other)
            for text in ("a", "b", "c"):
                one.node.send(number, f"{text}{number}")
            one.node.terminate(number)
            assert one.lines[-1].startswith(f"* delivered {number} #")
        assert other.texts() == [f"{t}{n}" for n in range(1, 31) for t in "abc"]
        assert one.matching("undelivered|closed") == []

    def test_close_delivers_as_well(self, node: Make) -> None:
        one, other = pair(node)
        for text in "abc":
            one.node.send(1, text)
        one.close()
        assert other.texts() == ["a", "b", "c"]
        other.await_line("closed 1 .*the other peer exited")
        assert one.matching("undelivered") == []

    def test_while_messages_are_under_way_both_ways(self, node: Make) -> None:
        one, other = node(), node()
        for number in range(1, 21):
            sent: list[list[str]] = [[], []]
            base = [len(one.texts()), len(other.texts())]
            one.connect(other)
            other.await_line(f"connected {number} ")
            threads = [
                threading.Thread(target=chatter, args=(end, number, sent[side]))
                for side, end in enumerate((one, other))
            ]
            for thread in threads:
                thread.start()
            until(functools.partial(all, sent))
            (one if number % 2 else other).node.terminate(number)
            for thread in threads:
                thread.join()
            until(lambda: not one.node._alive | other.node._alive, what="both ends")
            assert other.texts()[base[1] :] == sent[0]
            assert one.texts()[base[0] :] == sent[1]
        assert one.matching("undelivered") == other.matching("undelivered") == []

    def test_from_both_sides_at_once(self, node: Make) -> None:
        one, other = node(), node()
        for number in range(1, 31):
            one.connect(other)
            other.await_line(f"connected {number} ")
            one.node.send(number, "x")
            other.node.send(number, "y")
            threads = [
                threading.Thread(target=terminate, args=(end, number)) for end in (one, other)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        until(lambda: not one.node._alive | other.node._alive, what="both ends")
        assert one.texts() == ["y"] * 30
        assert other.texts() == ["x"] * 30
        assert one.matching("undelivered") == other.matching("undelivered") == []

    def test_close_while_both_close(self, node: Make) -> None:
        one, other = pair(node, limits=LINGERS)
        thread = threading.Thread(target=other.close)
        begun = time.monotonic()
        thread.start()
        one.close()
        thread.join()
        assert time.monotonic() - begun < AT_ONCE
        assert one.node.rows() == other.node.rows() == []

    def test_close_many(self, node: Make) -> None:
        one = node(limits=LINGERS)
        others = [node(limits=LINGERS) for _ in range(20)]
        for number, other in enumerate(others, 1):
            one.connect(other)
            one.node.send(number, "x")
        begun = time.monotonic()
        one.close()
        assert time.monotonic() - begun < AT_ONCE
        for other in others:
            other.await_line("closed 1 .*exited")
            assert other.texts() == ["x"]

    def test_a_console_that_is_gone_confirms_nothing(self, node: Make) -> None:
        from peer.console import ConsoleGoneError  # noqa: PLC0415

        def gone(lines: object) -> None:
            if "message" in str(lines):
                raise ConsoleGoneError

        one, other = node(), node(notify=gone)
        one.connect(other)
        one.node.send(1, "not shown")
        one.await_line("undelivered 1 #1: not shown")


def chatter(end: LabNode, number: int, sent: list[str]) -> None:
    with contextlib.suppress(NodeError):
        for count in range(100_000):
            end.node.send(number, f"{number}/{count}")
            sent.append(f"{number}/{count}")


def terminate(end: LabNode, number: int) -> None:
    with contextlib.suppress(NodeError):  # the other one was first
        end.node.terminate(number)
