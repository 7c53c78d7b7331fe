"""A relay without a kernel shapes streams, and changes nothing else."""

from __future__ import annotations

import contextlib
import errno
import random
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from sidecar import tcp
from tests.orchestrator.support import until
from tests.repeats import times
from tests.sidecar.support import SECONDS, SidecarProcess

FROM, TO = "127.0.0.4", "127.0.0.5"


class RelayedLink:
    """A listener of one process, and the relay to which another is pointed."""

    def __init__(self, sidecar: SidecarProcess) -> None:
        self.sidecar = sidecar
        self.listener = socket.create_server((TO, 0), backlog=256)
        self.listener.settimeout(SECONDS)
        self.port = self.listener.getsockname()[1]
        self.open: list[socket.socket] = []

    def shape(self, out: dict[str, Any] | None = None, back: dict[str, Any] | None = None) -> int:
        """Set these shapes. Returns the port to dial."""
        ends = {"to": TO, "port": self.port, "from": FROM}
        answer = self.sidecar.set_rules(relay=[ends | {"out": out or {}, "back": back or {}}])
        assert list(answer["listening"]) == [f"{FROM}>{TO}:{self.port}"]
        return int(answer["listening"][f"{FROM}>{TO}:{self.port}"])

    def dial(self, port: int) -> socket.socket:
        dialler = socket.create_connection(("127.0.0.1", port), SECONDS)
        dialler.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.open.append(dialler)
        return dialler

    def accept(self) -> socket.socket:
        acceptor, (address, _) = self.listener.accept()
        assert address == FROM
        acceptor.settimeout(SECONDS)
        self.open.append(acceptor)
        return acceptor

    def connect(self, port: int) -> tuple[socket.socket, socket.socket]:
        dialler = self.dial(port)
        return dialler, self.accept()

    def close(self) -> None:
        for one in (self.listener, *self.open):
            one.close()


@pytest.fixture
def link(sidecar: SidecarProcess) -> Iterator[RelayedLink]:
    one = RelayedLink(sidecar)
    yield one
    one.close()


def read_all(stream: socket.socket) -> bytes:
    return b"".join(iter(lambda: stream.recv(1 << 16), b""))


def exactly(stream: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        data = stream.recv(size - len(found))
        assert data, "an early end"
        found += data
    return found


def is_reset(stream: socket.socket) -> bool:
    """Tell whether a connection ends by a reset, whatever comes before."""
    try:
        while stream.recv(1 << 16):
            pass
    except ConnectionResetError:
        return True
    return False


def reset(stream: socket.socket) -> None:
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stream.close()


def packets_in(stream: socket.socket) -> int:
    """Return how many packets with bytes came in: tcpi_data_segs_in of linux/tcp.h."""
    return int(
        struct.unpack_from("I", stream.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 160), 152)[0]
    )


def in_turn(sender: socket.socket, data: bytes) -> Thread:
    def send() -> None:
        sender.sendall(data)
        sender.shutdown(socket.SHUT_WR)

    thread = Thread(target=send)
    thread.start()
    return thread


SHAPES = [{}, {"lag": 0.05, "jitter": 0.05}, {"hold": 0.05}, {"pieces": 4000}]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_bytes_come_unchanged_both_ways_at_once(link: RelayedLink, shape: dict[str, Any]) -> None:
    size = 400_000 if shape.get("pieces") else 4_000_000
    there, back = (random.Random(seed).randbytes(size) for seed in (1, 2))
    dialler, acceptor = link.connect(link.shape(shape, shape))
    senders = [in_turn(dialler, there)]
    found: list[bytes] = []
    reader = Thread(target=lambda: found.append(read_all(dialler)))
    reader.start()
    senders.append(in_turn(acceptor, back))
    assert read_all(acceptor) == there
    for thread in (*senders, reader):
        thread.join(SECONDS)
    assert found == [back]
    until(lambda: link.sidecar.ask("state")["carried"] == 0, "the end of all connections")


def test_one_direction_ends_before_the_other(link: RelayedLink) -> None:
    dialler, acceptor = link.connect(link.shape())
    dialler.sendall(b"question")
    dialler.shutdown(socket.SHUT_WR)
    assert read_all(acceptor) == b"question"
    acceptor.sendall(b"answer")
    assert exactly(dialler, 6) == b"answer"
    assert link.sidecar.ask("state")["carried"] == 1
    acceptor.close()
    assert read_all(dialler) == b""


@pytest.mark.parametrize("first", [0, 1])
def test_a_reset_at_one_end_is_one_at_the_other(link: RelayedLink, first: int) -> None:
    ends = link.connect(link.shape())
    ends[0].sendall(b"x")
    assert exactly(ends[1], 1) == b"x"
    reset(ends[first])
    assert is_reset(ends[1 - first])


def test_a_refused_connection_resets_the_dialler(link: RelayedLink) -> None:
    port = link.shape()
    link.listener.close()
    try:
        dialler = link.dial(port)
    except ConnectionResetError:  # before it knew that it was connected
        return
    assert is_reset(dialler)


def test_pieces_come_one_by_one(link: RelayedLink) -> None:
    dialler, acceptor = link.connect(link.shape({"pieces": 1}))
    dialler.sendall(b"x" * 100)
    assert exactly(acceptor, 100) == b"x" * 100
    # A reader that was asleep may have read some in one go; a busy kernel sends one again.
    assert 100 <= packets_in(acceptor) < 150
    acceptor.sendall(b"y" * 100)
    assert exactly(dialler, 100) == b"y" * 100


def test_hold_glues_what_was_written_apart(link: RelayedLink) -> None:
    dialler, acceptor = link.connect(link.shape({"hold": 0.3}))
    begun = time.monotonic()
    for _ in range(5):
        dialler.sendall(b"abc")
        time.sleep(0.02)
    assert acceptor.recv(100) == b"abc" * 5
    assert time.monotonic() - begun >= 0.3


def test_lag_delays_one_direction(link: RelayedLink) -> None:
    dialler, acceptor = link.connect(link.shape({"lag": 1.0}))
    begun = time.monotonic()
    dialler.sendall(b"x")
    assert acceptor.recv(1) == b"x"
    there = time.monotonic()
    acceptor.sendall(b"y")
    assert dialler.recv(1) == b"y"
    assert there - begun >= 1.0
    assert time.monotonic() - there < 0.9


def test_a_reset_comes_after_that_many_bytes_at_both_ends(link: RelayedLink) -> None:
    dialler, acceptor = link.connect(link.shape({"reset": 500}))
    dialler.sendall(b"x" * 499)
    assert exactly(acceptor, 499)
    acceptor.sendall(b"still there")
    assert exactly(dialler, 11)
    dialler.sendall(b"yz")
    assert exactly(acceptor, 1) == b"y"
    assert is_reset(acceptor)
    assert is_reset(dialler)


def test_open_connections_follow_new_shapes_at_the_same_port(link: RelayedLink) -> None:
    port = link.shape()
    dialler, acceptor = link.connect(port)
    assert link.shape({"lag": 60}) == port
    dialler.sendall(b"one")
    assert link.shape({"hold": 0.2}) == port
    assert exactly(acceptor, 3) == b"one"
    dialler.sendall(b"two")
    assert link.shape() == port
    assert exactly(acceptor, 3) == b"two"


def test_open_connections_are_clear_once_the_shape_is_lifted(link: RelayedLink) -> None:
    port = link.shape({}, {"lag": 60})
    dialler, acceptor = link.connect(port)
    link.shape({"lag": 60}, {"lag": 60})
    dialler.sendall(b"one")
    assert link.sidecar.set_rules() == {}
    assert exactly(acceptor, 3) == b"one"
    acceptor.sendall(b"two")
    assert exactly(dialler, 3) == b"two"
    with pytest.raises(ConnectionRefusedError):
        link.dial(port)


def test_a_dial_is_delayed_as_what_is_said_at_once(link: RelayedLink) -> None:
    port, began = link.shape({"lag": 0.2}), time.monotonic()
    dialler = link.dial(port)
    dialler.sendall(b"hello")
    acceptor = link.accept()
    assert time.monotonic() - began >= 0.2
    assert exactly(acceptor, 5) == b"hello"


def test_a_dial_is_not_held_back(link: RelayedLink) -> None:
    dialler = link.dial(link.shape({"hold": 60}))
    dialler.sendall(b"hello")
    acceptor = link.accept()
    link.shape()
    assert exactly(acceptor, 5) == b"hello"


def test_a_dial_under_way_arrives_once_the_shape_is_lifted(link: RelayedLink) -> None:
    dialler = link.dial(link.shape({"lag": 60}))
    dialler.sendall(b"hello")
    link.shape()
    assert exactly(link.accept(), 5) == b"hello"


def test_giving_up_a_dial_under_way_is_seen_at_once(link: RelayedLink) -> None:
    port = link.shape({"lag": 60})
    dialler = link.dial(port)
    until(lambda: link.sidecar.ask("state")["carried"] == 1, "the relay to accept")
    tcp.reset(dialler)
    until(lambda: link.sidecar.ask("state")["carried"] == 0, "the relay to give up")


def test_a_reader_that_stalls_stalls_the_sender(link: RelayedLink) -> None:
    dialler, acceptor = link.connect(link.shape({"lag": 0.01}))
    dialler.settimeout(0.4)
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < 1 << 28:
            sent += dialler.send(b"x" * 65536)
    assert sent < 1 << 27  # the relay's megabyte, and what the kernel buffers
    dialler.shutdown(socket.SHUT_WR)
    assert len(read_all(acceptor)) == sent


def test_short_connections_leave_no_descriptor_behind(link: RelayedLink) -> None:
    descriptors = Path(f"/proc/{link.sidecar.process.pid}/fd")
    port = link.shape({"lag": 0.001})
    link.connect(port)
    before = len(list(descriptors.iterdir()))
    for number in range(times(300, 1500)):
        with socket.create_connection(("127.0.0.1", port), SECONDS) as dialler:
            dialler.sendall(b"x")
            with link.listener.accept()[0] as acceptor:
                assert acceptor.recv(1) == b"x"
                if number % 3 == 0:
                    reset(acceptor)
    until(lambda: link.sidecar.ask("state")["carried"] <= 1, "the end of all connections")
    until(lambda: len(list(descriptors.iterdir())) <= before, "descriptors to be given back")


def test_the_relay_stops_to_dial_for_a_dialler_that_gives_up(sidecar: SidecarProcess) -> None:
    ends = {"to": "127.0.0.5", "port": 1, "from": "127.0.0.4"}
    with socket.create_server((TO, 0), backlog=0) as full:
        ends["port"] = full.getsockname()[1]
        filling = []
        for _ in range(3):  # connections beyond these get no answer
            one = socket.socket()
            one.setblocking(False)
            assert one.connect_ex(full.getsockname()) in {0, errno.EINPROGRESS}
            filling.append(one)
        (port,) = sidecar.set_rules(relay=[ends])["listening"].values()
        dialler = socket.create_connection(("127.0.0.1", port), SECONDS)
        until(lambda: sidecar.ask("state")["carried"] == 1, "the relay to dial")
        reset(dialler)
        until(lambda: sidecar.ask("state")["carried"] == 0, "the relay to give up")
        for one in filling:
            one.close()


def test_end_of_input_resets_open_connections(link: RelayedLink) -> None:
    dialler, acceptor = link.connect(link.shape())
    link.sidecar.close_input()
    assert is_reset(dialler)
    assert is_reset(acceptor)
    assert link.sidecar.process.wait(SECONDS) == 0


def test_no_socket_is_left_of_an_address_that_is_not_here() -> None:
    before = sum(1 for _ in Path("/proc/self/fd").iterdir())
    with pytest.raises(OSError, match="Cannot assign requested address"):
        tcp.socket_to_dial("203.0.113.1", mark=False)
    assert sum(1 for _ in Path("/proc/self/fd").iterdir()) == before
