"""The canary: beside the peers of every engine, and untouched by what is done to them."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from typing import Any

import psutil
import pytest

from orchestrator.engines.canary import canary as canary_module
from orchestrator.engines.canary.canary import MOST_SLOWNESS, SOURCE, Canary
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker.nxdomain import ECHO_PORT
from orchestrator.engines.sidecar.client import Carrier
from orchestrator.errors import EngineError, NetworkError
from orchestrator.faults.effect import Effect
from tests.orchestrator.harness import Harness, marks
from tests.orchestrator.support import client_behind, things_of, until


@pytest.fixture(autouse=True, scope="module")
def quiet_machine() -> None:
    """Take the machine as it is."""


class Script(Carrier):
    """The output of a canary that reports these round trips."""

    def __init__(self, *reports: dict[str, Any]) -> None:
        self._lines = [json.dumps(report).encode() + b"\n" for report in reports]
        self._closed = threading.Event()

    def send(self, data: bytes) -> None:
        raise AssertionError(data)

    def chunks(self) -> Iterator[bytes]:
        yield from self._lines
        self._closed.wait()

    def close(self) -> None:
        self._closed.set()

    def free(self) -> None:
        assert self._closed.is_set()


WAITS = "  - expect: {at: alice, line: never, within: 0.7, may_fail: true}\n"


def report(*took: float, held: float = 0.0, crowd: float = 1.0, why: str = "") -> dict[str, Any]:
    return {"took": took, "held": held, "crowd": crowd, "why": why}


@pytest.mark.parametrize(
    ("last", "slowness"),
    [
        (report(0.001), 1.0),
        (report(0.001, crowd=0.2), 1.0),
        (report(0.001, crowd=5.0), 1.0),
        (report(0.001, crowd=15.0), 3.0),
        (report(0.001, crowd=80.0), MOST_SLOWNESS),
        (report(held=0.2), 1.0),
        (report(held=0.9), MOST_SLOWNESS),
    ],
)
def test_how_slow_everything_is(last: dict[str, Any], slowness: float) -> None:
    canary = Canary(Script(report(0.001), last), "", "")
    until(lambda: len(canary.since(0.0)) == 2, "both reports")
    assert canary.slowness == slowness
    canary.close()


@pytest.mark.parametrize(
    ("reports", "says"),
    [
        ([report(held=20.0, why="timed out")], "got nothing back within 0 s (timed out)"),
        ([report(held=20.0)], "got nothing back within 0 s (no reply)"),
    ],
)
def test_a_network_that_carries_nothing(
    reports: list[dict[str, Any]], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(canary_module, "_CARRIES_WITHIN", 0.0)
    canary = Canary(Script(*reports), "from here to there", "look at the firewall")
    until(lambda: len(canary.since(0.0)) == len(reports), "the reports")
    with pytest.raises(NetworkError, match="from here to there") as raised:
        canary.require()
    assert says in raised.value.what
    assert raised.value.hint
    canary.close()


def test_a_canary_that_does_not_start_says_nothing_of_the_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(canary_module, "_STARTS_WITHIN", 0.0)
    canary = Canary(Script(), "from here to there", "look at the firewall")
    with pytest.raises(EngineError, match="from here to there, does not run") as raised:
        canary.require()
    assert not isinstance(raised.value, NetworkError)
    canary.close()


def pause(place: Harness, how: str) -> None:
    """Pause what answers the canary, or let it go on."""
    if place.engine.name == "process":
        (process,) = (p for p in psutil.process_iter(["cmdline"]) if is_canary_of(p, place.owner))
        process.suspend() if how == "pause" else process.resume()
    else:
        client: Any = client_behind(place.engine)
        names = things_of(client, lambda owner: owner.run == place.owner)
        (name,) = (name for name in names if name.endswith("-names"))
        getattr(client.api, how if how == "pause" else "unpause")(name[1:])


def is_canary_of(process: psutil.Process, run: str) -> bool:
    try:
        return str(SOURCE) in (process.info["cmdline"] or ()) and run in str(process.environ())
    except psutil.Error:
        return False


@pytest.fixture(scope="module")
def harness(
    request: pytest.FixtureRequest, docker_refusal: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Harness]:
    """Runs with a canary; it ends with their engine, and nothing is left."""
    if request.param == "docker" and docker_refusal:
        pytest.skip(docker_refusal)
    with Harness(request.param, tmp_path_factory.mktemp("canary")) as one:
        yield one
        canary = one.engine.canary
    assert canary
    assert canary.held == 0.0
    if request.param == "docker":
        with contextlib.closing(docker_client.connect()) as client:
            assert things_of(client, lambda owner: owner.run == one.owner) == []


BESIDE = "peers: [alice, bob]\nsteps: []\n"
DOCKER = pytest.param("docker", marks=pytest.mark.docker)


@pytest.mark.parametrize("harness", ["process", DOCKER], indirect=True)
def test_a_run_says_when_the_canary_was_held_up(harness: Harness) -> None:
    harness.run(BESIDE)
    canary = harness.engine.canary
    assert canary
    pause(harness, "pause")
    until(lambda: canary.held > 0.6, "a canary that is held up")
    assert canary.slowness == MOST_SLOWNESS
    pause(harness, "go on")
    until(lambda: not canary.held, "a canary that flies")
    worst = max(seconds for one in canary.since(0.0) for seconds in one.took)
    run = harness.run(f"peers: [alice, bob]\nsteps:\n{WAITS}")
    assert [mark["warm"] for mark in marks(run, "ready")] == [True, True], "peers serve again"
    assert worst > 0.5 or harness.engine.name == "process"  # whose two ends were paused together
    (machine,) = marks(run, "machine")
    assert machine["canary"]["trips"] > 0


@pytest.mark.parametrize("harness", [DOCKER], indirect=True)
def test_no_fault_touches_the_canary_and_no_peer_sees_it(harness: Harness) -> None:
    harness.run(BESIDE)
    peers = [session.peer for session in harness.runner.pool._idle.values()]
    network = harness.engine.network(peers)
    canary = harness.engine.canary
    assert canary
    canary.require()
    network.shape({(a, b): Effect(cut=True) for a, b in (("alice", "bob"), ("bob", "alice"))})
    before = len(canary.since(0.0))
    until(lambda: len(canary.since(0.0)) > before + 1, "two more reports")
    assert all(one.took for one in canary.since(0.0)[-2:])
    assert len(peers) == 2
    for peer in peers:
        sockets = peer.sockets()
        assert sockets is not None
        ports = [end[1] for one in sockets for end in (one.local, one.remote) if end]
        assert ECHO_PORT not in ports
    network.close()
