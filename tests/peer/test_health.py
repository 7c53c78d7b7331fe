"""The health check."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

from peer import health
from tests.peer.support import LabNode, until


def test_a_peer_is_alive_and_says_nothing(node: Callable[..., LabNode]) -> None:
    one = node()
    for _ in range(20):
        assert health.alive(one.bind, one.port, 1.0)
    until(lambda: not one.node._alive, what="the probes to be over")
    assert one.lines == []


def test_a_full_peer_is_alive(node: Callable[..., LabNode]) -> None:
    one = node(max_connections=1)
    with one.dial() as caller:
        caller.sendall(b"hello\n")
        one.await_line("message 1")
        assert health.alive(one.bind, one.port, 1.0)


def test_nobody(loopback: str) -> None:
    assert not health.alive(loopback, 9, 1.0)


def test_one_that_does_not_answer(loopback: str) -> None:
    with socket.create_server((loopback, 0)) as server:
        assert not health.alive(loopback, server.getsockname()[1], 0.1)


def test_somebody_else(loopback: str) -> None:
    with socket.create_server((loopback, 0)) as server:
        thread = threading.Thread(target=answer, args=(server, b"HTTP/1.1 400 Bad Request\r\n"))
        thread.start()
        assert not health.alive(loopback, server.getsockname()[1], 1.0)
        thread.join()


def answer(server: socket.socket, line: bytes) -> None:
    sock, _ = server.accept()
    with sock:
        sock.recv(1000)
        sock.sendall(line)
