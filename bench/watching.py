"""What recording sockets and the canary cost, as parts of the time that runs take."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import psutil

from bench.measure import Ratio
from orchestrator.engines.base import Progress
from orchestrator.engines.canary.canary import Canary
from orchestrator.engines.docker.client import OWNER
from orchestrator.engines.docker.engine import DockerEngine
from orchestrator.paths import ROOT
from orchestrator.runner.pool import Pool
from orchestrator.runner.run import Runner, ScenarioSource
from orchestrator.runner.sockets import SocketRecorder

_SCENARIOS = (
    "hello", "churn", "reconnect", "everybody-dials-everybody", "stopped-and-started", "burst",
)  # fmt: skip
_SERVERS = ("-canary", "-names")  # ends of the names of the containers between which it runs


def measure(client: Any, say: Callable[[str], None]) -> list[Ratio]:
    """Return the ratios of the time that each takes to that of the runs.

    The canary takes what a run waits for it, and the processor that its two ends use.
    """
    readings, canaries, runs = [], [], []
    before = 0.0
    with TemporaryDirectory() as folder, DockerEngine(client) as engine:
        runner = Runner(Pool(engine, engine.cancel), Path(folder))
        for name in _SCENARIOS:
            say(f"watching: {name}")
            source = ScenarioSource.read(ROOT / f"scenarios/{name}.yaml")
            with _timed(SocketRecorder, "_record") as read, _timed(Canary, "require") as waited:
                run = runner.run(source, Progress(lambda _: None, lambda _: None))
            used = _processor(client, engine)
            readings.append(sum(read))
            canaries.append(sum(waited) + used - before)
            runs.append(sum(run.seconds.values()))
            before = used
    library = "six runs of the library"
    return [
        Ratio("reading sockets", readings, library, runs, "at most 0.03"),
        Ratio("the canary", canaries, library, runs, "at most 0.03"),
    ]


@contextlib.contextmanager
def _timed(owner: type, method: str) -> Iterator[list[float]]:
    """Collect the seconds that each call of a method takes."""
    took: list[float] = []
    right = getattr(owner, method)

    def timed(*given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return right(*given, **named)
        finally:
            took.append(time.perf_counter() - began)

    with patch.object(owner, method, timed):
        yield took


def _processor(client: Any, engine: DockerEngine) -> float:
    """Return the seconds of a processor that both ends of an engine's canary have used."""
    used = 0.0
    for one in client.api.containers(filters={"label": f"{OWNER}={engine._owner.mark}"}):
        if one["Names"][0].endswith(_SERVERS):
            pid = client.api.inspect_container(one["Id"])["State"]["Pid"]
            times = psutil.Process(pid).cpu_times()
            used += times.user + times.system
    return used
