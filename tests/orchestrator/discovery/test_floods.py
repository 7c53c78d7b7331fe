"""Peers that print without end once a connection has ended, at either end of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.discovery import trio as trios
from orchestrator.discovery.evidence import ConsoleOutput
from orchestrator.discovery.raw_console import FloodError
from orchestrator.discovery.trio import Trio
from orchestrator.discovery.typist import Typist
from orchestrator.discovery.wording import Wording
from tests.orchestrator.discovery.learning import running

# At the `end` that floods, another thread prints what a closed connection says, again and again.
BAD_EAR = """\
import socket, sys, threading, time

def hear():
    while True:
        it = server.accept()[0]
        if END == "dialled":
            threading.Thread(target=listen, args=[it], daemon=True).start()

def listen(it):
    while True:
        said = it.recv(100).decode()
        time.sleep(PAUSE)
        print("peer says:", said, "x" * WIDTH, flush=True)

server = socket.create_server((sys.argv[1], int(sys.argv[2])))
threading.Thread(target=hear, daemon=True).start()
print("ready", flush=True)
for line in sys.stdin:
    word, *rest = line.split()
    if word == "connect":
        link = socket.create_connection((rest[0], int(rest[1])))
        print("connected", flush=True)
    elif word == "terminate":
        print("terminated", flush=True)
        if END == "dialler":
            threading.Thread(target=listen, args=[link], daemon=True).start()
        link.shutdown(socket.SHUT_RDWR)
"""

AT_ONCE, LINE_BY_LINE = {"PAUSE": 0.0, "WIDTH": 1000}, {"PAUSE": 0.005, "WIDTH": 1}


@pytest.fixture(params=[AT_ONCE, LINE_BY_LINE], ids=["at once", "line by line"])
def speed(request: pytest.FixtureRequest) -> dict[str, float]:
    found: dict[str, float] = request.param
    return found


@pytest.fixture
def trio(
    request: pytest.FixtureRequest,
    speed: dict[str, float],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Trio]:
    """Start two peers, of which one floods once the other end of its connection is closed."""
    monkeypatch.setattr(trios, "_BUSY", 1.0)  # seconds; what never ends is known by then
    values = "\n".join(f"{name} = {value!r}" for name, value in speed.items())
    program = f"END = {request.param!r}\n{values}\n{BAD_EAR}"
    with running(tmp_path, program, "{address}", "{port}", names=["alice", "bob"]) as trio:
        yield trio


@pytest.mark.parametrize(
    ("trio", "flooded"), [("dialled", "bob"), ("dialler", "alice")], indirect=["trio"]
)
def test_what_made_a_peer_flood_is_recorded(trio: Trio, flooded: str) -> None:
    typist, bob = Typist(trio), trio.peer("bob")
    there = {"address": bob.address, "port": bob.port}
    typist.enter("connect", Wording(("connect {address} {port}",)), "alice", there, to="bob")
    ended, _ = typist.enter("terminate", Wording(("terminate",)), "alice", to="bob")
    assert ended.lines[:1] == ("terminated",)
    assert len(ended.lines) <= 2, "what is printed again and again is no reply"
    assert ended.fact
    assert flooded not in ended.others
    with pytest.raises(FloodError, match=flooded):
        typist.enter("list", Wording(("list",)), "alice")
    trio.restart(flooded)
    assert typist.enter("list", Wording(("list",)), "alice")[0].lines == ()


def test_a_flood_is_left_out_of_what_was_shown() -> None:
    shown = ConsoleOutput(("ended 3", *["from 1: "] * 50, "bye"))
    assert shown.without_flood().lines == ("ended 3", "bye")
    counting = ConsoleOutput(("ended 3", *(f"from 1: {number}" for number in range(50))))
    assert counting.without_flood().lines[0] == "ended 3"
    assert len(counting.without_flood().lines) == 10
