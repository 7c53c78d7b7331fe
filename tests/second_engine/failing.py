"""An engine that is stopped or killed in the middle of a command."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.orchestrator.support import until
from tests.second_engine.engine import SecondEngine, call
from tests.second_engine.ways import PEERLAB, ROOT

_ENDS_WITHIN = 45.0  # seconds, by itself
_OBEYS_WITHIN = 2.0 + 1.0  # seconds after Ctrl-C; the third one is for a busy machine
_BEGINS_WITHIN = 60.0  # seconds
_RUN = [str(ROOT / "scenarios/partition-of-a-pair.yaml"), "--engine", "docker", "--runs"]
_PEERS = 3  # of the mesh


@dataclass(frozen=True, slots=True)
class Command:
    """A command that the engine fails in.

    Attributes:
        words: its arguments.
        begun: whether it has got to its middle; takes its process, too.
        with_mesh: whether there is a mesh when it begins.
    """

    words: list[str]
    begun: Callable[[SecondEngine, int], bool]
    with_mesh: bool = False


def _containers(engine: SecondEngine) -> int:
    return len(engine.docker("ps", "-q", seconds=10.0).split())


def _has_socket(process: int) -> bool:
    """Return whether a process has begun to talk to anything."""
    with contextlib.suppress(OSError):
        files = Path(f"/proc/{process}/fd").iterdir()
        return any(str(file.readlink()).startswith("socket:") for file in files)
    return False


def commands(folder: Path) -> dict[str, Command]:
    """Return the commands by name."""
    runs = str(folder / "runs")
    return {
        "run": Command(["run", *_RUN, runs], lambda engine, _: _containers(engine) > 0),
        "up": Command(["up", "--peers", str(_PEERS)], lambda engine, _: _containers(engine) > 0),
        "ps": Command(["ps"], lambda _, process: _has_socket(process), with_mesh=True),
        "down": Command(["down"], lambda engine, _: _containers(engine) < _PEERS, with_mesh=True),
    }


FAILURES = {"SIGSTOP": signal.SIGSTOP, "SIGKILL": signal.SIGKILL}


def trouble(
    engine: SecondEngine, command: Command, failure: signal.Signals, *, interrupted: bool
) -> tuple[str, str]:
    """Fail the engine in the middle of a command; return what was wrong, and what was said.

    Args:
        engine: the engine, which runs again afterwards.
        command: the command.
        failure: the signal that the engine's daemon gets.
        interrupted: whether a Ctrl-C follows.
    """
    way = {"DOCKER_HOST": engine.url}
    call(PEERLAB, "down", environment=way)  # what a trial that failed has left
    if command.with_mesh:
        call(PEERLAB, "up", "--peers", str(_PEERS), environment=way)
    child = subprocess.Popen(
        [PEERLAB, *command.words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, env={**os.environ, **way},
    )  # fmt: skip
    try:
        until(
            lambda: child.poll() is not None or command.begun(engine, child.pid),
            "it",
            _BEGINS_WITHIN,
        )
        engine.signal(failure)
        if interrupted:
            _ask_to_end(child)
        began = time.monotonic()
        said, _ = child.communicate(timeout=_ENDS_WITHIN)
        took = time.monotonic() - began
    except subprocess.TimeoutExpired:
        child.kill()
        return f"still there after {_ENDS_WITHIN:g} s", child.communicate()[0]
    finally:
        _bring_back(engine, failure)
    wrong = _wrong(child.returncode, said, took, interrupted=interrupted)
    return wrong or _untrue(engine, said), f"{took:.1f} s: {said.strip()}"


def _ask_to_end(child: subprocess.Popen[str]) -> None:
    """Send Ctrl-C once the command waits for Docker, as it would."""
    time.sleep(0.3)
    child.send_signal(signal.SIGINT)


def _bring_back(engine: SecondEngine, failure: signal.Signals) -> None:
    if failure is signal.SIGKILL:
        engine.start()
    else:
        engine.signal(signal.SIGCONT)
        until(engine.answers, "the engine to go on", _BEGINS_WITHIN)


def _wrong(status: int, said: str, took: float, *, interrupted: bool) -> str:
    if interrupted and took > _OBEYS_WITHIN:
        return f"ended only {took:.1f} s after Ctrl-C"
    if "Traceback" in said:
        return "a traceback"
    if status in (0, 130):  # done before it could notice, or ended as it was asked to
        return ""
    return "" if "Docker" in said else f"status {status}, and Docker is not named"


def _untrue(engine: SecondEngine, said: str) -> str:
    """Do what the message says about what is left; return what was not so, if anything."""
    way = {"DOCKER_HOST": engine.url}
    shown = json.loads(call(PEERLAB, "ps", "--json", environment=way))["peers"]
    if "the next peerlab command removes" in said and (left := engine.docker("ps", "-aq").split()):
        return f"left after the next command: {left}"
    if "there is no mesh" in said and shown:
        return f"there is no mesh, it says, and there is {shown}"
    found = re.search(r"(\d+) peers? of the mesh (?:is|are) left", said)
    if found and len(shown) != int(found.group(1)):
        return f"{found.group()}, it says, and there are {len(shown)}"
    call(PEERLAB, "up", "--peers", str(_PEERS), environment=way)  # completes what is left
    states = [
        one["state"] for one in json.loads(call(PEERLAB, "ps", "--json", environment=way))["peers"]
    ]
    if states != ["running"] * _PEERS:
        return f"after the next `up`: {states}"
    call(PEERLAB, "down", environment=way)
    left = (
        engine.docker("ps", "-aq").split()
        + engine.docker("network", "ls", "-q", "--filter", "type=custom").split()
    )
    return f"left after the next two commands: {left}" if left else ""
