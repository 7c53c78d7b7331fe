"""This host's address, and what a destination stands for."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from peer import addresses
from peer.addresses import DestinationError
from peer.waker import Waker
from tests.peer.support import AT_ONCE


@pytest.fixture
def waker() -> Iterator[Waker]:
    one = Waker()
    yield one
    one.close()


def test_own_address_is_the_one_bound_to() -> None:
    assert addresses.own_address("127.9.9.9") == "127.9.9.9"


@pytest.mark.parametrize("bound", ["", "0.0.0.0", "::"])
def test_own_address_is_never_loopback(bound: str) -> None:
    address = addresses.own_address(bound)
    assert address is None or not ipaddress.ip_address(address).is_loopback


@pytest.mark.parametrize(
    ("given", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("::ffff:10.1.2.3", "10.1.2.3"), ("0:0::1", "::1")],
)
def test_normal(given: str, shown: str) -> None:
    assert addresses.normal(given) == shown


@pytest.mark.parametrize(
    ("destination", "family", "host"),
    [("127.0.0.3", socket.AF_INET, "127.0.0.3"), ("::1", socket.AF_INET6, "::1")],
)
def test_literals(destination: str, family: int, host: str, waker: Waker) -> None:
    (target,) = addresses.resolve(destination, 5000, 1.0, waker)
    assert (target.family, target.sockaddr[:2]) == (family, (host, 5000))


def test_names(waker: Waker) -> None:
    targets = addresses.resolve("localhost", 5000, 3.0, waker)
    assert {target.sockaddr[0] for target in targets} & {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    "destination",
    ["999.1.1.1", "1.2.3", "1", "127.0.0.1.", "-a", "a..b", "b\xfccher", "a/b", "a:b", "[::1]",
     "x" * 64, "a." * 130, "\udcff", "a\x00b", ""],
)  # fmt: skip
def test_malformed(destination: str, waker: Waker) -> None:
    begun = time.monotonic()
    with pytest.raises(DestinationError, match="malformed"):
        addresses.resolve(destination, 5000, 60.0, waker)
    assert time.monotonic() - begun < AT_ONCE


@pytest.mark.parametrize("zone", ["no-such-zone", "\x00", "\udcff", "x" * 300, "\x1b[31m"])
def test_a_zone_that_does_not_exist(zone: str, waker: Waker) -> None:
    with pytest.raises(DestinationError):
        addresses.resolve(f"fe80::1%{zone}", 5000, 1.0, waker)


@pytest.mark.parametrize(("call_off", "why"), [(False, "timed out"), (True, "called off")])
def test_a_silent_name_service(
    call_off: bool, why: str, waker: Waker, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: silent.wait(60.0) and [])
    if call_off:
        waker.wake()
    begun = time.monotonic()
    with pytest.raises(DestinationError, match=why):
        addresses.resolve("nobody.example", 5000, 60.0 if call_off else 0.1, waker)
    assert time.monotonic() - begun < AT_ONCE
    silent.set()


def test_an_unknown_name(waker: Waker, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(DestinationError, match="unknown host nobody"):
        addresses.resolve("nobody.example", 5000, 3.0, waker)
