"""What a command's round trip through a session costs.

Compared with the same exchange on the bare attached socket (type the line, read until
its reply is whole), and with one `docker exec` of a program that does nothing.
"""

from __future__ import annotations

import os
import select
from collections.abc import Callable
from typing import Any

from bench.measure import Ratio, seconds
from orchestrator import profile
from orchestrator.console.session import Session
from orchestrator.engines.docker.engine import DockerEngine
from orchestrator.engines.docker.peer import DockerPeer

_ROUNDS = 40
_ASKS = 50  # a round, on either side
_VERB = "myport"


def measure(client: Any, say: Callable[[str], None]) -> list[Ratio]:
    """Return the ratios of driving, measured on a container of its own."""
    shipped = profile.load("peerlab")
    with DockerEngine(client) as engine:
        (peer,) = engine.start(["alice"], shipped, say)
        say(f"driving: {_ROUNDS} rounds of {_ASKS} commands on either side")
        session = Session(peer, shipped)
        session.await_ready()
        session.close()
        ours, bare = [], []
        for _ in range(_ROUNDS):
            ours.append(_through_session(peer, shipped))
            bare.append(_on_the_bare_socket(peer.attach(), f" {shipped.port}\r\n".encode()))
        # Not in between: Docker still cleans up after an exec when that has returned.
        execs = [seconds(lambda: _exec(client, peer)) for _ in range(_ROUNDS)]
    what = f"one command ({_VERB})"
    return [
        Ratio(what, ours, "bare attached socket", bare, "at most 1.5"),
        Ratio(what, ours, "one docker exec", execs, "at most 1/50 = 0.02"),
    ]


def _through_session(peer: DockerPeer | Any, shipped: profile.Profile) -> float:
    session = Session(peer, shipped)
    session.synchronise()
    took = seconds(lambda: [session.ask(_VERB) for _ in range(_ASKS)])
    session.close()
    return took / _ASKS


def _on_the_bare_socket(fd: int, reply: bytes) -> float:
    """Measure the least that is possible: write the line, read until its reply has come.

    Args:
        fd: the console.
        reply: how the reply ends; what comes before may have colours.
    """
    poll = select.poll()
    poll.register(fd, select.POLLIN)

    def exchange() -> None:
        os.write(fd, f"{_VERB}\n".encode())
        seen = b""
        while reply not in seen:
            poll.poll()
            seen += os.read(fd, 65_536)

    def exchanges() -> None:
        for _ in range(_ASKS):
            exchange()

    exchange()
    return seconds(exchanges) / _ASKS


def _exec(client: Any, peer: Any) -> None:
    call = client.api.exec_create(peer.container, ["python3", "-S", "-c", ""])
    client.api.exec_start(call["Id"])
