"""What recording the sockets of peers costs, as a part of the time that runs take."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from bench.measure import Ratio
from orchestrator.engines.base import Progress
from orchestrator.engines.docker.engine import DockerEngine
from orchestrator.paths import ROOT
from orchestrator.runner.pool import Pool
from orchestrator.runner.run import Runner, ScenarioSource
from orchestrator.runner.sockets import SocketRecorder

_SCENARIOS = (
    "hello", "churn", "reconnect", "everybody-dials-everybody", "stopped-and-started", "burst",
)  # fmt: skip


def measure(client: Any, say: Callable[[str], None]) -> list[Ratio]:
    """Return the ratio of the time in which sockets were read and recorded to that of the runs."""
    readings, runs = [], []
    right = SocketRecorder._record

    def timed(*given: Any, **named: Any) -> None:
        began = time.perf_counter()
        right(*given, **named)
        took.append(time.perf_counter() - began)

    with TemporaryDirectory() as folder, DockerEngine(client) as engine:
        runner = Runner(Pool(engine, engine.cancel), Path(folder))
        for name in _SCENARIOS:
            say(f"watching sockets: {name}")
            took = list[float]()
            source = ScenarioSource.read(ROOT / f"scenarios/{name}.yaml")
            with patch.object(SocketRecorder, "_record", timed):
                run = runner.run(source, Progress(lambda _: None, lambda _: None))
            readings.append(sum(took))
            runs.append(sum(run.seconds.values()))
    return [Ratio("reading sockets", readings, "six runs of the library", runs, "at most 0.03")]
