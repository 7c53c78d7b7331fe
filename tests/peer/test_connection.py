"""One connection and the program at its other end, played by the test."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Callable, Iterator

import pytest

from peer.connection import Connection
from peer.limits import Limits
from peer.node import NodeError
from tests.peer.support import LabNode, until
from tests.peer.test_node_silence import greet

Make = Callable[..., LabNode]


@pytest.fixture
def one(node: Make) -> LabNode:
    return node()


@pytest.fixture
def raw(one: LabNode) -> Iterator[socket.socket]:
    """A peer at the other end, greeted."""
    with one.dial() as sock:
        greet(sock)
        one.await_line("connected 1")
        yield sock


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class TestPeer:
    def test_frames_byte_by_byte(self, one: LabNode, raw: socket.socket) -> None:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in b"msg 1 slowly\nmsg 2 but surely\n":
            raw.send(bytes([byte]))
        one.await_line("but surely")
        assert one.texts() == ["slowly", "but surely"]

    def test_receipt_after_it_was_shown(self, one: LabNode, raw: socket.socket) -> None:
        raw.sendall(b"msg 1 x\n")
        assert raw.recv(100) == b"got 1\n"
        assert one.texts() == ["x"]

    def test_goodbye(self, one: LabNode, raw: socket.socket) -> None:
        one.node.send(1, "before")
        raw.sendall(b"msg 1 last\nbye terminate\n")
        with raw.makefile("rb") as lines:
            assert {lines.readline() for _ in range(3)} == {
                b"msg 1 before\n", b"got 1\n", b"bye terminate\n"
            }  # fmt: skip
            raw.sendall(b"got 1\n")
            assert lines.readline() == b""
        one.await_line("delivered 1 #1")
        one.await_line("closed 1 .*terminated by the other end")

    def test_no_more_can_be_sent_after_a_goodbye(self, one: LabNode, raw: socket.socket) -> None:
        raw.sendall(b"bye exit\n")
        until(lambda: not one.node.rows())
        with pytest.raises(NodeError, match="no connection 1"):
            one.node.send(1, "late")

    def test_reset(self, one: LabNode, raw: socket.socket) -> None:
        one.node.send(1, "lost")
        assert b"lost" in raw.recv(100)
        reset(raw)
        one.await_line("closed 1 .*: (reset|closed) by the other end")
        assert one.matching("undelivered") == ["* undelivered 1 #1: lost"]
        assert one.node.rows() == []

    def test_what_came_before_a_reset_is_shown(self, one: LabNode, raw: socket.socket) -> None:
        raw.sendall(b"".join(b"msg %d x\n" % number for number in range(1, 1_001)))
        raw.shutdown(socket.SHUT_WR)
        raw.close()  # unread receipts make this a reset
        one.await_line("closed 1")
        assert len(one.texts()) == 1_000

    def test_eof_without_a_goodbye(self, one: LabNode, raw: socket.socket) -> None:
        raw.shutdown(socket.SHUT_WR)
        one.await_line("closed 1 .*without a goodbye")

    @pytest.mark.parametrize("line", [b"nonsense", b"msg 2 x", b"msg 1 \xff", b"got 9", b""])
    def test_broken_protocol(self, one: LabNode, raw: socket.socket, line: bytes) -> None:
        raw.sendall(line + b"\n")
        one.await_line("closed 1 .*it broke the protocol")
        assert raw.recv(100) == b""

    def test_it_never_answers_the_goodbye(self, one: LabNode, raw: socket.socket) -> None:
        one.node.send(1, "x")
        one.node.terminate(1)
        assert one.lines[1:] == ["* undelivered 1 #1: x"]
        assert raw.recv(100) == b"msg 1 x\nbye terminate\n"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems name these otherwise")
def test_tcp_notices_a_dead_network(one: LabNode, monkeypatch: pytest.MonkeyPatch) -> None:
    """For plain programs, which answer no ping."""
    seen: list[socket.socket] = []
    tune = Connection._tune

    def look(connection: Connection, sock: socket.socket, silence: float) -> None:
        tune(connection, sock, silence)
        seen.append(sock.dup())

    monkeypatch.setattr(Connection, "_tune", look)
    with one.dial() as plain:
        plain.sendall(b"hi\n")
        one.await_line("message 1")
        with seen[0] as sock:
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 2
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 12_000


class TestPlain:
    def test_lines_are_messages(self, one: LabNode) -> None:
        with one.dial() as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\nrest")
            sock.shutdown(socket.SHUT_WR)
            one.await_line("closed 1 .*plain TCP.*without a goodbye")
        assert one.texts() == ["GET / HTTP/1.1", "Host: x", "", "rest"]

    def test_it_gets_bare_lines(self, one: LabNode) -> None:
        with one.dial() as sock:
            sock.sendall(b"hi\n")
            one.await_line("message 1")
            row, number = one.node.send(1, "hello  you ")
            assert (row.name, number) == ("", 1)
            assert sock.recv(100) == b"hello  you \n"
            sock.shutdown(socket.SHUT_WR)
            assert sock.recv(100) == b""
        one.await_line("closed 1")
        assert one.matching("delivered") == []

    def test_it_says_nothing(self, one: LabNode) -> None:
        with one.dial() as sock:
            one.await_line(r"connected 1 .*\(plain TCP\)")
            one.node.send(1, "anybody?")
            assert sock.recv(100) == b"anybody?\n"

    def test_what_waits_at_its_end_still_goes_out(self, one: LabNode) -> None:
        with one.dial() as sock:
            sock.sendall(b"hi\n")
            one.await_line("message 1")
            texts = [f"{number} " + "x" * 10_000 for number in range(200)]
            for text in texts:
                one.node.send(1, text)
            sock.shutdown(socket.SHUT_WR)
            with sock.makefile("rb") as lines:
                assert [line.decode().rstrip("\n") for line in lines] == texts
        one.await_line("closed 1")
        assert one.matching("undelivered") == []

    def test_dialled(self, one: LabNode) -> None:
        with socket.create_server((one.bind, 0)) as server:
            row = one.node.connect(one.bind, server.getsockname()[1])
            assert row.label.endswith("(plain TCP)")
            sock, _ = server.accept()
            with sock, sock.makefile("rb") as lines:
                one.node.send(1, "hello")
                assert lines.readline().startswith(b"PEERLAB/1 hello ")
                assert lines.readline() == b"hello\n"
                sock.sendall(b"hi\n")
                one.await_line("message 1 .*: hi")

    def test_terminate(self, one: LabNode) -> None:
        with one.dial() as sock:
            sock.sendall(b"hi\n")
            one.await_line("message 1")
            one.node.send(1, "bye")
            one.node.terminate(1)
            assert one.node.rows() == []
            assert sock.recv(100) == b"bye\n"
            assert sock.recv(100) == b""


class TestLateGreetings:
    def test_late_hello(self, node: Make) -> None:
        one = node(limits=Limits(greeting=0.05))
        with one.dial() as sock:
            one.await_line("connected 1 .*plain TCP")
            one.node.send(1, "meantime")
            assert sock.recv(100) == b"meantime\n"
            greet(sock)
            one.await_line(r"greeted 1 .*:5000 \(raw\)")
            sock.sendall(b"got 1\nmsg 1 x\n")
            one.await_line("delivered 1 #1")
            assert sock.recv(100) == b"got 1\n"

    def test_late_welcome(self, node: Make) -> None:
        one = node(limits=Limits(greeting=0.05))
        with socket.create_server((one.bind, 0)) as server:
            one.node.connect(one.bind, server.getsockname()[1])
            one.node.send(1, "meantime")
            sock, _ = server.accept()
            with sock, sock.makefile("rb") as lines:
                nonce = lines.readline().split()[4].decode()
                assert lines.readline() == b"meantime\n"
                sock.sendall(b"a bare line\n")
                one.await_line("message 1 .*: a bare line")
                sock.sendall(
                    f"PEERLAB/1 welcome 6000 {'9' * 16} {'e' * 16} {nonce} late\n".encode()
                )
                assert lines.readline() == b"PEERLAB/1 ready " + b"e" * 16 + b"\n"
                assert lines.readline() == b"got 1\n"
                sock.sendall(b"got 1\n")
                one.await_line("delivered 1 #1")
        assert one.matching(r"greeted 1 .*\(late\)")

    def test_two_real_ones(self, node: Make) -> None:
        impatient = Limits(greeting=0.0001)
        for _ in range(10):
            one, other = node(limits=impatient), node(limits=impatient)
            row = one.connect(other)
            one.node.send(row.id, "x")
            one.await_line("delivered 1 #1")
            other.await_line("message 1 .*: x")
            one.close()
            other.close()
