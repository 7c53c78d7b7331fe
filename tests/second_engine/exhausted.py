"""An engine without addresses, and a lab without file descriptors."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.second_engine.engine import SecondEngine, with_tls
from tests.second_engine.ways import PEERLAB, ROOT

_TWO_SUBNETS = "base=10.214.0.0/23,size=24"  # the default bridge takes one of them
_HELLO = str(ROOT / "scenarios/hello.yaml")
_FILES = 64  # that a process may have open
_MANY = 20  # peers, for which so few are too few


def refusal(words: Sequence[str], engine: SecondEngine) -> tuple[int, str]:
    """Run a command on an engine; return its status and what it printed."""
    done = subprocess.run(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, env={**os.environ, "DOCKER_HOST": engine.url}, timeout=300.0, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout


def no_addresses(engine: SecondEngine, folder: Path) -> tuple[str, str]:
    """Use up the address pool of an engine; return what was wrong, and what was said."""
    engine.stop()
    engine.start("--default-address-pool", _TWO_SUBNETS, *with_tls(folder))
    try:
        engine.docker("network", "create", "taken")
        runs = ["--engine", "docker", "--runs", str(folder / "runs")]
        for words in (["run", _HELLO, *runs], ["up", "--peers", "2"]):
            status, said = refusal([PEERLAB, *words], engine)
            wanted = r"one more network is needed.* (\d+) are there(?s:.*)`docker network prune`"
            if wrong := _wrong(status, said, wanted):
                return wrong, said
            if left := engine.docker("ps", "-aq"):
                return f"left: {left}", said
        engine.docker("network", "prune", "--force")
        status, said_then = refusal([PEERLAB, "run", _HELLO, *runs], engine)
        return "" if status == 0 else f"one is free, and it fails: {said_then}", said
    finally:
        engine.stop()
        engine.start(*with_tls(folder))


def no_files(engine: SecondEngine, folder: Path) -> tuple[str, str]:
    """Run with few file descriptors; return what was wrong, and what was said."""
    runs = f"--engine docker --runs {folder / 'runs'}"
    few = f"ulimit -n {_FILES}; exec {PEERLAB} run {_HELLO} {runs}"
    status, said = refusal(["sh", "-c", few], engine)
    if status:
        return f"a run of two peers fails with {_FILES} files: {said}", said
    many = folder / "many.yaml"
    names = ", ".join(f"p{number}" for number in range(_MANY))
    many.write_text(f"name: many\nwhy: few files\npeers: [{names}]\nsteps:\n  - list: p0\n")
    status, said = refusal(["sh", "-c", few.replace(_HELLO, str(many))], engine)
    wanted = r"need (\d+) open files, and (\d+) are free(?s:.*)`ulimit -n (\d+)` in this shell"
    if wrong := _wrong(status, said, wanted):
        return wrong, said
    enough = re.search(r"ulimit -n (\d+)", said)
    status, said_then = refusal(
        ["sh", "-c", few.replace(str(_FILES), enough.group(1) if enough else "")], engine
    )
    return "" if status == 0 else f"with the limit that it names it fails: {said_then}", said


def _wrong(status: int, said: str, wanted: str) -> str:
    if status == 0:
        return "it works"
    if "Traceback" in said:
        return "a traceback"
    return "" if re.search(wanted, " ".join(said.split())) else "need, supply or command is missing"
