"""Peers that print without end because of what was done at another one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.discovery import trio as trios
from orchestrator.discovery.raw_console import FloodError
from orchestrator.discovery.trio import Trio
from orchestrator.discovery.typist import Typist
from orchestrator.discovery.wording import Wording
from tests.orchestrator.discovery.learning import running

BAD_EAR = """\
import socket, sys, threading, time

def hear(server):
    while True:
        it = server.accept()[0]
        threading.Thread(target=listen, args=[it], daemon=True).start()

def listen(it):
    while True:
        time.sleep({pause})
        print("peer says:", it.recv(100).decode(), "x" * {width}, flush=True)

server = socket.create_server((sys.argv[1], int(sys.argv[2])))
threading.Thread(target=hear, args=[server], daemon=True).start()
links = []
print("ready", flush=True)
for line in sys.stdin:
    word, *rest = line.split()
    if word == "connect":
        links.append(socket.create_connection((rest[0], int(rest[1]))))
        print("connected", flush=True)
    elif word == "terminate":
        links.pop().close()
        print("terminated", flush=True)
"""


@pytest.fixture(params=[(0.0, 1000), (0.005, 1)], ids=["at once", "line by line"])
def trio(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Trio]:
    """Start peers that print what a closed connection says, again and again."""
    monkeypatch.setattr(trios, "_BUSY", 1.0)  # seconds; what never ends is known by then
    pause, width = request.param
    program = BAD_EAR.replace("{pause}", str(pause)).replace("{width}", str(width))
    with running(tmp_path, program, "{address}", "{port}", names=["alice", "bob"]) as trio:
        yield trio


def test_what_made_another_peer_flood_is_recorded(trio: Trio) -> None:
    typist, bob = Typist(trio), trio.peer("bob")
    there = {"address": bob.address, "port": bob.port}
    typist.enter("connect", Wording(("connect {address} {port}",)), "alice", there, to="bob")
    ended, _ = typist.enter("terminate", Wording(("terminate",)), "alice", to="bob")
    assert (ended.lines, ended.fact) == (("terminated",), True)
    assert ended.others["bob"].lines == ()
    with pytest.raises(FloodError, match="bob"):
        typist.enter("list", Wording(("list",)), "alice")
    trio.restart("bob")
    assert typist.enter("list", Wording(("list",)), "alice")[0].lines == ()
