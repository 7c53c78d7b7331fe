"""Dialling."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from peer.addresses import Target
from peer.dial import CancelledError, DialError, dial
from peer.waker import Waker
from tests.peer.support import AT_ONCE, address


@pytest.fixture
def waker() -> Iterator[Waker]:
    one = Waker()
    yield one
    one.close()


@pytest.fixture
def silent() -> Iterator[Target]:
    """A listening socket whose backlog is full: it answers nobody."""
    with contextlib.ExitStack() as stack:
        yield fill_backlog(stack)


def fill_backlog(stack: contextlib.ExitStack) -> Target:
    server = stack.enter_context(socket.socket())
    server.bind((address(), 0))
    server.listen(0)
    for _ in range(3):
        caller = stack.enter_context(socket.socket())
        caller.setblocking(False)
        caller.connect_ex(server.getsockname())
    return Target(socket.AF_INET, server.getsockname())


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server((address(), 0)) as sock:
        yield sock


def at(sock: socket.socket) -> Target:
    return Target(socket.AF_INET, sock.getsockname())


def soon(seconds: float = 2.0) -> float:
    return time.monotonic() + seconds


def test_the_first_that_answers(server: socket.socket, waker: Waker) -> None:
    nobody = Target(socket.AF_INET, (address(), 9))
    with dial([nobody, at(server)], "", soon(), waker) as sock:
        assert sock.getpeername() == server.getsockname()
        assert not sock.getblocking()


def test_the_source(server: socket.socket, waker: Waker, loopback: str) -> None:
    with dial([at(server)], loopback, soon(), waker) as sock:
        assert sock.getsockname()[0] == loopback


def test_refused(waker: Waker, loopback: str) -> None:
    with pytest.raises(DialError, match="connection refused"):
        dial([Target(socket.AF_INET, (loopback, 9))], "", soon(), waker)


def test_a_silent_address_leaves_time_for_the_next(
    silent: Target, server: socket.socket, waker: Waker
) -> None:
    with dial([silent, at(server)], "", soon(3.0), waker) as sock:
        assert sock.getpeername() == server.getsockname()


def test_timed_out(silent: Target, waker: Waker) -> None:
    begun = time.monotonic()
    with pytest.raises(DialError, match="timed out"):
        dial([silent], "", soon(0.2), waker)
    assert 0.15 < time.monotonic() - begun < AT_ONCE


def test_called_off(silent: Target, waker: Waker) -> None:
    timer = threading.Timer(0.05, waker.wake)
    timer.start()
    begun = time.monotonic()
    with pytest.raises(CancelledError):
        dial([silent], "", soon(60.0), waker)
    assert time.monotonic() - begun < AT_ONCE
    timer.join()


def test_no_descriptor_is_left(silent: Target, waker: Waker) -> None:
    nobody = Target(socket.AF_INET, (address(), 9))
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(100):
        with pytest.raises(DialError):
            dial([nobody, silent], "", soon(0.001), waker)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_an_address_that_cannot_be_dialled(waker: Waker) -> None:
    with pytest.raises(DialError):
        dial([Target(socket.AF_INET, ("255.255.255.255", 9))], "", soon(), waker)
