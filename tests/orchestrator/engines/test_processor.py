"""Processor time, of programs that wait and of one that does not; what counts as doubtful."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest

from orchestrator.engines.processor import ProcessorTime, processor_time
from tests.waiting import let_pass

SPIN = "import threading\nprint(flush=True)\nwhile True: pass\n"
CHILD = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {SPIN!r}])\n"
WAIT = "import time\nprint(flush=True)\ntime.sleep(60)\n"


def shares(code: str) -> tuple[float, float]:
    """Return what a program uses and wants over a tenth of a second, once it has printed."""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as program:
        assert program.stdout
        program.stdout.readline()
        before, began = processor_time(program.pid), time.monotonic()
        let_pass(0.1)
        after, took = processor_time(program.pid), time.monotonic() - began
        whole = psutil.Process(program.pid)
        for one in [*whole.children(recursive=True), whole]:
            one.kill()
    assert before
    assert after
    return after.shares(before, took)


@pytest.mark.parametrize("code", [SPIN, CHILD])
def test_a_program_that_spins_wants_a_whole_processor(code: str) -> None:
    # On a busy machine the kernel counts a wait when it is over.
    assert any(shares(code)[1] > 0.7 for _ in range(20))


def test_a_program_that_waits_wants_nothing() -> None:
    assert shares(WAIT)[0] < 0.2


def test_a_program_that_is_gone() -> None:
    program = subprocess.Popen([sys.executable, "-c", ""])
    program.wait()
    assert processor_time(program.pid) is None


@pytest.mark.parametrize(
    ("threads", "used", "wanted"),
    [
        ({1: (0.02, 0.01)}, 0.02, 0.03),
        ({1: (0.9, 0.1)}, 0.9, 1.0),
        ({1: (0.1, 0.88)}, 0.1, 0.98),  # always ready: a busy machine gave it a tenth
        (dict.fromkeys(range(9), (0.01, 0.1)), 0.09, 0.11),  # many threads, each idle
    ],
)
def test_what_a_program_wants_on_a_busy_machine(
    threads: dict[int, tuple[float, float]], used: float, wanted: float
) -> None:
    found = ProcessorTime(threads).shares(ProcessorTime({}), 1.0)
    assert found == pytest.approx((used, wanted))
