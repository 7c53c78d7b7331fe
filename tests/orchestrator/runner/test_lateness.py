"""How late the machine was: measured by timers and by the kernel, kept in every history."""

from __future__ import annotations

import ctypes
import time
from pathlib import Path

import pytest

from orchestrator.runner.lateness import LatenessMeter
from tests.orchestrator.harness import Harness, marks


@pytest.fixture(autouse=True, scope="module")
def quiet_machine() -> None:
    """Take the machine as it is."""


def test_a_timer_that_fires_late_is_found() -> None:
    meter = LatenessMeter(time.monotonic())
    meter.start()
    ctypes.PyDLL(None).usleep(400_000)  # holds the interpreter's lock, so no timer can fire
    meter.stop()
    late = meter.found["late"]
    assert max(one["by"] for one in late) >= 0.3
    assert all(0 <= one["since"] < 60 for one in late)


def test_every_run_records_the_machine(tmp_path: Path) -> None:
    with Harness("process", tmp_path) as harness:
        run = harness.run("peers: [alice]\nsteps: []\n")
    (machine,) = marks(run, "machine")
    assert isinstance(machine["late"], list)
    assert 0 <= machine.get("waited", 0.0) <= 1
    assert machine["canary"]["trips"] >= 0
    assert [entry.verb for entry in run.entries][-2:] == ["machine", "over"]
