"""Listening and accepting."""

from __future__ import annotations

import contextlib
import resource
import socket
from collections.abc import Callable

import pytest

from peer import listener
from peer.listener import ListenError, listen
from tests.peer.support import LabNode, until


class TestListen:
    def test_every_address_both_families(self) -> None:
        with listen("", 0) as sock:
            port = sock.getsockname()[1]
            for host in ("127.0.0.1", "127.8.8.8", "::1"):
                socket.create_connection((host, port), 1.0).close()

    @pytest.mark.parametrize("bind", ["127.0.0.1", "::1"])
    def test_one_address(self, bind: str) -> None:
        with listen(bind, 0) as sock:
            port = sock.getsockname()[1]
            socket.create_connection((bind, port), 1.0).close()
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.8.8.8", port), 1.0)

    def test_without_ipv6(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
        with listen("", 0) as sock:
            assert sock.family == socket.AF_INET

    def test_in_use(self, loopback: str) -> None:
        with listen(loopback, 0) as sock:
            port = sock.getsockname()[1]
            with pytest.raises(ListenError, match=f"port {port} is in use"):
                listen(loopback, port)

    def test_in_use_for_every_address(self) -> None:
        with listen("", 0) as sock:
            port = sock.getsockname()[1]
            with pytest.raises(ListenError, match=f"port {port} is in use"):
                listen("", port)

    def test_not_of_this_host(self) -> None:
        with pytest.raises(ListenError, match="not an address of this host"):
            listen("192.0.2.1", 0)

    def test_again_at_once(self, loopback: str) -> None:
        with listen(loopback, 0) as sock:
            port = sock.getsockname()[1]
            caller = socket.create_connection((loopback, port))
            accepted, _ = sock.accept()
            accepted.close()
            caller.close()
        listen(loopback, port).close()


class TestTurningAway:
    def test_too_many_are_told_and_explained_once(self, node: Callable[..., LabNode]) -> None:
        one = node(max_connections=2)
        with contextlib.ExitStack() as stack:
            for number in (1, 2):
                stack.enter_context(one.dial()).sendall(b"x\n")
                one.await_line(f"connected {number}")
            for _ in range(50):
                with one.dial() as caller, caller.makefile("rb") as answer:
                    assert answer.read() == b"PEERLAB/1 refuse full -\n"
        assert one.await_line("turned away") == (
            "* turned away 1 connection: at the limit of 2 connections"
        )
        assert len(one.matching("turned away")) == 1

    def test_there_is_room_again(self, node: Callable[..., LabNode]) -> None:
        one = node(max_connections=1)
        for number in range(1, 6):
            with one.dial() as caller:
                caller.sendall(b"x\n")
                one.await_line(f"connected {number} ")
            until(lambda: not one.node._alive, what="room")

    def test_the_rest_is_explained_later(
        self, node: Callable[..., LabNode], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(listener, "_EXPLAIN_EVERY", 0.2)
        one = node(max_connections=0)
        for _ in range(30):
            one.dial().close()
        pattern = r"turned away (\d+)"
        until(lambda: sum(int(line.split()[3]) for line in one.matching(pattern)) == 30)
        assert len(one.matching(pattern)) < 10

    def test_no_descriptors_left(self, node: Callable[..., LabNode]) -> None:
        one = node()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with one.dial() as before, socket.socket() as caller:
            before.sendall(b"x\n")
            one.await_line("connected 1")
            with socket.socket() as probe:
                lowest = probe.fileno()
            resource.setrlimit(resource.RLIMIT_NOFILE, (lowest + 1, hard))
            try:
                caller.settimeout(3.0)
                caller.connect((one.bind, one.port))
                before.sendall(b"still here\n")
                one.await_line("still here")
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            with one.dial() as after:
                after.sendall(b"and again\n")
                one.await_line("and again")
