"""A peer among strangers who mean no good: it goes on working, and says little."""

from __future__ import annotations

import contextlib
import random
import re
import resource
import socket
import threading
from collections.abc import Callable

import pytest

from peer.connection import Connection
from peer.limits import Limits
from peer.node import NodeError
from tests.peer.support import LabNode, until
from tests.peer.test_node_silence import greet

Make = Callable[..., LabNode]


def still_works(one: LabNode, node: Make) -> None:
    other = node()
    row = other.connect(one)
    other.node.send(row.id, "still working")
    one.await_line("still working")
    other.await_line(f"delivered {row.id} #1")


def test_random_bytes(node: Make) -> None:
    one = node(limits=Limits(greeting=0.2))
    chance = random.Random(1)
    pieces = [b"PEERLAB/1 hello", b"\n", b"msg 1 x", b" ", b"\xff\x00", b"5000", b"a" * 16]

    def throw(seed: random.Random) -> None:
        thrown = 0
        while thrown < 2_500:
            with contextlib.suppress(OSError), one.dial() as sock:
                for _ in range(100):
                    noise = seed.randbytes(seed.randrange(30))
                    sock.sendall(noise + b"".join(seed.choices(pieces, k=3)))
                    thrown += 1

    threads = [
        threading.Thread(target=throw, args=(random.Random(chance.random()),)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: not one.node._alive, what="the strangers to be gone")
    assert not [line for line in one.lines if re.search(r"[\x00-\x1f\x7f-\x9f]", line)]
    still_works(one, node)


def test_random_frames_of_a_greeted_peer(node: Make) -> None:
    one = node()
    chance = random.Random(2)
    frames = [b"msg 1 a", b"msg 2 b", b"got 1", b"got 2", b"ping", b"pong", b"bye exit", b"\xff"]
    for number in range(150):
        with one.dial() as sock:
            greet(sock, f"{number:016x}")
            with contextlib.suppress(OSError):
                sock.sendall(b"\n".join(chance.choices(frames, k=8)) + b"\n")
    until(lambda: not one.node._alive, what="the strangers to be gone")
    assert len(one.matching(r"^\* closed")) == len(one.matching(r"^\* connected")) == 150
    still_works(one, node)


@pytest.mark.parametrize("greeted", [False, True])
def test_a_line_without_end(node: Make, greeted: bool) -> None:
    one = node()
    with one.dial() as sock:
        if greeted:
            greet(sock)
        with contextlib.suppress(OSError):
            for _ in range(100):
                sock.sendall(b"x" * 65_536)
    one.await_line("closed 1 .*a line without end")
    still_works(one, node)


def test_a_thousand_connections(node: Make) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 2_500:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4_000, hard), hard))
    one = node(limits=Limits(greeting=5.0, linger=0.1))
    with contextlib.ExitStack() as stack:
        callers = [stack.enter_context(one.dial()) for _ in range(1_000)]
        turned_away = callers[256:]
        for caller in turned_away[-3:]:
            assert caller.recv(100) == b"PEERLAB/1 refuse full -\n"
        callers[0].sendall(b"the first\n")
        one.await_line("the first")
        assert len(one.matching("turned away")) <= 2
    until(lambda: not one.node._alive, what="room")
    still_works(one, node)


def test_a_greeting_that_never_comes_blocks_nobody(node: Make) -> None:
    one = node(limits=Limits(greeting=5.0))
    with contextlib.ExitStack() as stack:
        for start in (b"", b"P", b"PEERLAB/1 hello 5000", b"PEERLAB/1 probe"):
            stack.enter_context(one.dial()).sendall(start)
        still_works(one, node)


def test_a_greeting_that_is_never_finished(node: Make) -> None:
    one = node(limits=Limits(greeting=0.2, silence=0.3))
    with one.dial() as sock:
        sock.sendall(f"PEERLAB/1 hello 5000 {'9' * 16} {'d' * 16} raw\n".encode())
        with sock.makefile("rb") as lines:
            assert lines.readline().startswith(b"PEERLAB/1 welcome ")
            assert lines.readline() == b""
    assert one.lines == []


def test_escape_sequences_and_bytes_that_are_no_text(node: Make) -> None:
    one = node()
    with one.dial() as sock:
        sock.sendall(b"\x1b[2J\x1b]0;owned\x07\xff\n\xe2\x80\xae\n\x9b5n\r\n")
        one.await_line("x9b5n")
    assert one.texts() == [r"\x1b[2J\x1b]0;owned\x07\xff", r"\u{202e}", r"\x9b5n"]
    assert len(one.matching(r"^\* odd 1 .*not UTF-8")) == 1


def test_somebody_else_s_instance(node: Make) -> None:
    """A stranger that takes a connected peer's name does not push it out."""
    one, other = node(), node()
    other.connect(one)
    one.await_line("connected 1")
    member = one.node._registry.members()[0]
    assert isinstance(member, Connection)
    instance = member.instance
    with one.dial() as sock, sock.makefile("rb") as lines:
        sock.sendall(f"PEERLAB/1 hello 5000 {instance} {'d' * 16} raw\n".encode())
        assert lines.readline() == b"PEERLAB/1 refuse duplicate " + b"d" * 16 + b"\n"
        assert lines.readline() == b""
    other.node.send(1, "mine still")
    one.await_line("mine still")


class TestOneThatDoesNotRead:
    @pytest.mark.parametrize("greeted", [False, True])
    def test_the_window_is_the_limit(self, node: Make, greeted: bool) -> None:
        one = node()
        with one.dial() as sock:
            if greeted:
                greet(sock)
            else:
                sock.sendall(b"hi\n")
            one.await_line("connected 1")
            sent = fill(one)
            assert sent < 2_000  # the window, and what the kernel holds
            still_works(one, node)
            one.node.terminate(1)
            one.await_line(f"undelivered 1 #{sent}: ")
        lost = [int(line.split()[3][1:-1]) for line in one.matching(r"^\* undelivered 1 ")]
        assert lost == list(range(lost[0], sent + 1))

    def test_it_reads_after_all(self, node: Make) -> None:
        one = node()
        with one.dial() as sock:
            sock.sendall(b"hi\n")
            one.await_line("connected 1")
            sent = fill(one)
            with sock.makefile("rb") as lines:
                for _ in range(sent):
                    assert lines.readline() == b"x" * 10_000 + b"\n"
            until(lambda: one.node.send(1, "again")[1] == sent + 1)

    def test_floods_both_ways(self, node: Make) -> None:
        """It sends all the time and reads nothing: memory stays bounded, nothing blocks."""
        one = node()
        with one.dial() as sock:
            greet(sock)
            one.await_line("connected 1")
            fill(one)
            sock.sendall(b"".join(b"msg %d x\nping\n" % number for number in range(1, 20_001)))
            until(lambda: len(one.texts()) == 20_000)
            (connection,) = one.node._alive
            assert connection._protocol
            assert len(connection._protocol._out) < 5_000_000


def test_what_waits_for_several_peers_has_one_bound(node: Make) -> None:
    one = node()
    one.node._budget.total = 100_000
    refused = pytest.raises(
        NodeError, match="other peers do not read: 97 KiB wait for them already"
    )
    with one.dial() as first, one.dial() as second:
        for number, sock in enumerate((first, second), 1):
            greet(sock, str(number) * 16)
            one.await_line(f"connected {number}")
        with refused:
            for _ in range(100):
                one.node.send(1, "x" * 1_000)
        one.node.send(2, "x" * 1_000)
        with refused:
            one.node.send(2, "x" * 1_000)


def fill(one: LabNode) -> int:
    sent = 0
    with contextlib.suppress(NodeError):
        while sent < 10_000:
            sent = one.node.send(1, "x" * 10_000)[1]
    with pytest.raises(NodeError, match="does not read: 4,096 KiB wait already"):
        one.node.send(1, "x" * 4_100_000)
    return sent


def test_connections_that_are_reset_at_once(node: Make) -> None:
    one = node()
    for _ in range(300):
        sock = socket.create_connection((one.bind, one.port))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        sock.close()
    until(lambda: not one.node._alive, what="the strangers to be gone")
    assert one.lines == []
    still_works(one, node)
