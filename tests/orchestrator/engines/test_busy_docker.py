"""What Docker refuses for a moment, on a busy machine, is asked for again."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from docker.errors import APIError

from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker.peer import DockerPeer
from orchestrator.errors import EngineError

LATE_END = "tried to kill container, but did not receive an exit event"
IN_USE = "network mesh id 1a2b has active endpoints"
UNFROZEN = "OCI runtime pause failed: unable to freeze"


class BusyDocker:
    """An engine that refuses everything three times.

    Args:
        says: how it refuses.
        status: with which HTTP status.
        is_running: whether its container runs.
    """

    def __init__(self, says: str, status: int = 500, *, is_running: bool = True) -> None:
        self.api, self.asked = self, 0
        self._says, self._status, self._is_running = says, status, is_running

    def _ask(self, *_: object, **__: object) -> None:
        self.asked += 1
        if self.asked <= 3:
            response: Any = SimpleNamespace(status_code=self._status, url="", reason="")
            raise APIError(self._says, response, self._says)

    pause = remove_container = remove_network = _ask

    def inspect_container(self, _: str) -> dict[str, Any]:
        return {"State": {"Running": self._is_running, "Paused": False, "ExitCode": 0}}

    def inspect_network(self, _: str) -> dict[str, Any]:
        return {"Containers": {"1a2b": {}}}


def freeze(engine: Any) -> None:
    DockerPeer(engine, "alice", "1a2b", "alice").pause()


def remove_container(engine: Any) -> None:
    docker_client.remove_container(engine, "1a2b")


def remove_network(engine: Any) -> None:
    docker_client.remove_network(engine, "1a2b")


@pytest.mark.parametrize(
    ("act", "says", "status"),
    [(freeze, UNFROZEN, 500), (remove_container, LATE_END, 500), (remove_network, IN_USE, 403)],
)
def test_a_refusal_that_passes_is_no_error(
    act: Callable[[Any], None], says: str, status: int
) -> None:
    engine = BusyDocker(says, status)
    act(engine)
    assert engine.asked == 4


@pytest.mark.parametrize("act", [remove_container, remove_network])
def test_another_refusal_is_an_error_at_once(act: Callable[[Any], None]) -> None:
    engine = BusyDocker("the disk is full")
    with pytest.raises(APIError, match="the disk is full"):
        act(engine)
    assert engine.asked == 1


def test_a_peer_that_has_ended_is_not_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = BusyDocker(UNFROZEN, is_running=False)
    monkeypatch.setattr("orchestrator.engines.docker.peer.require", lambda *_: None)  # a moment ago
    with pytest.raises(EngineError, match="alice cannot be paused"):
        freeze(engine)
    assert engine.asked == 1


@pytest.mark.parametrize(
    ("config", "slowness", "grace"),
    [
        ({"StopTimeout": 2}, 1.0, None),  # Docker knows it
        ({"StopTimeout": 2}, 2.2, 5),
        ({}, 1.0, None),
        ({}, 1.5, 15),  # ten seconds, if the container says nothing
    ],
)
def test_a_slow_machine_gets_more_time_to_stop(
    config: dict[str, int], slowness: float, grace: int | None
) -> None:
    asked: list[int | None] = []
    api = SimpleNamespace(
        inspect_container=lambda _: {"Config": config},
        stop=lambda _, timeout: asked.append(timeout),
    )
    engine: Any = SimpleNamespace(api=api)
    DockerPeer(engine, "alice", "1a2b", "alice").stop(slowness)
    assert asked == [grace]
