"""`python -m tests.killed --runs 100`: runs with faults, half of them killed at any moment.

Each run is a command of its own. The killed ones get SIGKILL at a random moment between their
first line and their usual end. Then one last command runs. Exit status 0 only if it leaves nothing
of the lab, and everything else as it was before; 2 if the lab itself failed.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from tests import trials
from tests.killed.machine import Machine, changed

PEERLAB = str(Path(sys.executable).with_name("peerlab"))
ROOT = Path(__file__).parents[2]
SCENARIO = Path(__file__).with_name("faults.yaml")
_KILLED = -9
_USUAL = 12.0  # seconds that a run takes on the test machine


def main(
    runs: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    jobs: Annotated[int, typer.Option(min=1, max=8)] = 2,
    seed: int = 1,
) -> None:
    """Run, kill, and see what is left."""
    console = trials.console()
    dice = random.Random(seed)
    before, began = Machine.at_rest(), time.monotonic()
    moments = [dice.uniform(0.3, _USUAL) if n % 2 else None for n in range(runs)]
    with TemporaryDirectory() as folder, ThreadPoolExecutor(jobs) as threads:
        ends = Counter(threads.map(lambda moment: one(Path(folder), moment), moments))
    took = time.monotonic() - began
    last = peerlab("run", str(ROOT / "scenarios/hello.yaml"), "--runs", folder)
    last.wait()
    after = Machine.at_rest()
    console.print(f"{runs} runs in {took:.0f} s: {_counted(ends)}")
    left = changed(before, after)
    for difference in left:
        console.print(difference, soft_wrap=True)
    console.print("something is left" if left else "nothing is left, nothing else was touched")
    sys.exit(1 if left or last.returncode else 0)


def one(folder: Path, moment: float | None) -> int:
    """Run the scenario, killed at a moment in seconds if one is given; return its status."""
    run = peerlab("run", str(SCENARIO), "--engine", "docker", "--runs", str(folder))
    if moment is not None:
        try:
            run.wait(moment)
        except subprocess.TimeoutExpired:
            run.kill()
    return run.wait()


def peerlab(*words: str) -> subprocess.Popen[bytes]:
    """Start a command without its output."""
    return subprocess.Popen(
        [PEERLAB, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT
    )


def _counted(ends: Counter[int]) -> str:
    killed = ends.pop(_KILLED, 0)
    rest = ", ".join(f"{count} ended with status {status}" for status, count in ends.items())
    return f"{killed} killed, {rest}"


if __name__ == "__main__":
    trials.run(main)
