"""Nodes that hear nothing from each other for a while."""

from __future__ import annotations

import socket
from collections.abc import Callable

from peer.limits import Limits
from tests.peer.support import LabNode, until
from tests.waiting import let_pass

Make = Callable[..., LabNode]


class TestSilence:
    QUICK = Limits(greeting=1.0, silence=0.3)

    def test_idle_peers_stay(self, node: Make) -> None:
        limits = Limits(greeting=1.0, silence=1.5)
        one, other = node(limits=limits), node(limits=limits)
        one.connect(other)
        let_pass(4.0)
        one.node.send(1, "still here")
        one.await_line("delivered 1 #1")

    def test_given_up(self, node: Make) -> None:
        one = node(limits=self.QUICK)
        with one.dial() as sock:
            greet(sock)
            one.await_line("connected 1")
            one.node.send(1, "hello?")
            one.await_line("closed 1 .*: no sign of life for 0.3 s")
        assert one.matching("undelivered") == ["* undelivered 1 #1: hello?"]

    def test_the_peer_comes_back_on_a_new_connection(self, node: Make) -> None:
        one = node(limits=Limits(greeting=1.0, silence=6.0))
        with one.dial() as stale, one.dial() as fresh:
            greet(stale)
            one.await_line("connected 1")
            until(lambda: one.node._registry.members()[0].quiet_for() > 3.1)
            greet(fresh)
            one.await_line("connected 2")
            one.await_line("closed 1 .*came back on a new connection")
            assert [row.id for row in one.node.rows()] == [2]


def greet(sock: socket.socket, instance: str = "9" * 16) -> None:
    """Say what a peer says when it dials."""
    sock.sendall(f"PEERLAB/1 hello 5000 {instance} {'d' * 16} raw\n".encode())
    with sock.makefile("rb") as lines:
        nonce = lines.readline().split()[4]
    sock.sendall(b"PEERLAB/1 ready " + nonce + b"\n")
