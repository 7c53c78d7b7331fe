"""What it costs until sixteen peers are up and ready.

Compared with creating and starting sixteen such containers through the API with four
workers, without attaching to any or waiting for what is inside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.measure import Ratio, seconds
from orchestrator import definition, profile
from orchestrator.console.session import Session
from orchestrator.engines.docker.engine import DockerEngine
from orchestrator.engines.docker.sandbox import PeerImage
from orchestrator.image import ensure_image
from orchestrator.parallel import map_parallel
from orchestrator.paths import ROOT

_ROUNDS = 4
_PEERS = 16


def measure(client: Any, say: Callable[[str], None]) -> list[Ratio]:
    """Return the ratio of starting."""
    names = [f"peer{number}" for number in range(_PEERS)]
    ours, theirs = [], []
    for number in range(1, _ROUNDS + 1):
        say(f"starting: {_PEERS} peers on either side, round {number} of {_ROUNDS}")
        ours.append(_ready(client, names))
        theirs.append(_started(client, names))
    what = f"{_PEERS} peers ready"
    return [Ratio(what, ours, "API: create and start", theirs, "at most 1.25")]


def _ready(client: Any, names: list[str]) -> float:
    shipped = profile.load("peerlab")
    with DockerEngine(client) as engine:
        sessions: list[Session] = []

        def start() -> None:
            peers = engine.start(names, shipped, lambda _: None)
            sessions.extend(Session(peer, shipped) for peer in peers)
            for session in sessions:
                session.await_ready()

        took = seconds(start)
        for session in sessions:
            session.close()
    return took


def _started(client: Any, names: list[str]) -> float:
    """The same containers, by the same calls, and nothing more."""
    shipped, compose = profile.load("peerlab"), definition.load()
    name = ensure_image(lambda _: None, ROOT)
    image = PeerImage.of(name, client.api.inspect_image(name))
    with DockerEngine(client) as engine:

        def one(name: str) -> None:
            client.api.start(engine.create(name, shipped, compose.container, image).container)

        def start() -> None:
            engine.make_network(compose.network)
            map_parallel(one, names)

        return seconds(start)
