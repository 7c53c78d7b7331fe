"""An engine that stalls or ends in the middle: it is named, and nothing waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator import command, profile
from orchestrator.docker_host import health
from orchestrator.docker_host.endpoint import current
from orchestrator.docker_host.health import health_of
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker.client import EngineLostError
from orchestrator.errors import EngineError
from tests.docker_proxy import DockerProxy
from tests.orchestrator.support import LivePeers, until

pytestmark = pytest.mark.docker
SOON = 8.0  # seconds; an engine has ten, and a minute for a call


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DockerProxy]:
    """A way to Docker that can be held up; the lab notices within a second or two."""
    monkeypatch.setattr(health, "_EVERY", 0.1)
    monkeypatch.setattr(health, "_ANSWERS_WITHIN", 1.5)  # a busy engine must not look stalled
    with DockerProxy(tmp_path / "docker.sock") as one:
        monkeypatch.setenv("DOCKER_HOST", one.url)
        yield one


def test_a_call_to_a_stalled_engine_ends(proxy: DockerProxy) -> None:
    client = docker_client.connect()
    proxy.stall()
    began = time.monotonic()
    with pytest.raises(EngineLostError, match=r"Docker does not answer: .*has stalled") as caught:
        docker_client.engine_id(client)
    assert caught.value.hint == "once Docker answers, run the command again"
    with pytest.raises(EngineLostError, match="has stalled"):
        docker_client.sweep(client)
    assert time.monotonic() - began < SOON
    proxy.resume()
    health_of(current()).look()
    assert docker_client.engine_id(client)  # it answers again
    client.close()


def test_who_leaves_does_not_wait_for_a_ping_under_way(
    proxy: DockerProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_EVERY", 60.0)
    client = docker_client.connect()
    proxy.stall()
    patient = threading.Thread(target=health_of(current()).look, args=(20.0,))
    patient.start()
    until(health_of(current())._looking.locked, "its ping")
    began = time.monotonic()
    health.leave_stalled()
    with pytest.raises(EngineLostError, match="has stalled"):
        docker_client.engine_id(client)
    assert time.monotonic() - began < SOON
    proxy.resume()
    patient.join()
    client.close()


def test_a_command_for_a_stalled_engine_ends(proxy: DockerProxy) -> None:
    docker_client.connect().close()
    proxy.stall()
    wanted = r"`docker image`: Docker does not answer: .* stalled"
    with pytest.raises(EngineError, match=wanted) as caught:
        command.docker("docker", "image", "ls")
    assert caught.value.hint == "once Docker answers, run the command again"


def test_an_engine_that_is_stalled_from_the_start(proxy: DockerProxy) -> None:
    proxy.stall()
    began = time.monotonic()
    with pytest.raises(EngineLostError, match="has stalled") as caught:
        docker_client.connect()
    assert time.monotonic() - began < SOON
    assert caught.value.hint.startswith("restart Docker; ")


def test_a_stall_is_not_the_programs_fault(proxy: DockerProxy) -> None:
    with LivePeers("docker") as place:
        hasty = profile.load("peerlab").model_copy(update={"answer_within": 0.3})
        (alice,) = place.start(["alice"], hasty)
        proxy.stall()
        with pytest.raises(EngineLostError, match="alice cannot be inspected: Docker does not"):
            alice.ask("help")
        proxy.resume()
        health_of(current()).look()
        run, client = place.run, place.client
    docker_client.remove_run(client, run)


def test_an_engine_that_ends_while_peers_run(proxy: DockerProxy) -> None:
    place = LivePeers("docker")
    (alice,) = place.start(["alice"])
    proxy.end()
    with pytest.raises(EngineLostError, match="Docker does not answer"):
        alice.ask("help")
    with pytest.raises(EngineLostError, match="cannot clean up: Docker does not answer") as caught:
        place.close()
    assert "next peerlab command removes what is left" in caught.value.hint
    proxy.restart()
    docker_client.remove_run(place.client, place.run)
    assert place.left() == []
