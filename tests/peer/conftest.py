"""Fixtures of the peer's tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.peer.support import LabNode, Peer, Screen, address, until


@pytest.fixture
def node() -> Iterator[Callable[..., LabNode]]:
    """Make nodes on loopback addresses of their own; close them, and see every thread end."""
    before = set(threading.enumerate())
    nodes: list[LabNode] = []

    def make(**settings: Any) -> LabNode:
        nodes.append(LabNode(**settings))
        return nodes[-1]

    yield make
    for one in nodes:
        one.close()
    until(lambda: set(threading.enumerate()) <= before, what="every thread to end")


@pytest.fixture
def peer() -> Iterator[Callable[..., Peer]]:
    """Start peers on pipes; none may outlive the test, or print a traceback."""
    peers: list[Peer] = []

    def start(*arguments: str, **options: Any) -> Peer:
        peers.append(Peer(*arguments, **options))
        return peers[-1]

    yield start
    for one in peers:
        one.clean_up()
    for one in peers:
        assert "Traceback" not in one.errors
        assert "Fatal" not in one.errors
        assert not [line for line in one.lines if "internal:" in line]


@pytest.fixture
def screen() -> Iterator[Callable[..., Screen]]:
    """Start peers on a pty each; none may outlive the test."""
    screens: list[Screen] = []

    def start(*arguments: str, **options: Any) -> Screen:
        screens.append(Screen(*arguments, **options))
        return screens[-1]

    yield start
    for one in screens:
        one.clean_up()
        assert "Traceback" not in one.raw
        assert "internal:" not in one.raw


@pytest.fixture
def loopback() -> str:
    """Return a loopback address that no other test uses."""
    return address()
