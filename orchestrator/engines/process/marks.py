"""Finding a run's processes by a mark in their environment, even after their parents ended."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator

import psutil

from orchestrator.owner import Owner

OWNER = "PEERLAB_OWNER"  # the environment variable with the owner's mark
PEER = "PEERLAB_PEER"  # the environment variable with the peer's number in its engine
_POLL = 0.002  # seconds


def find(chosen: Callable[[Owner, str], bool]) -> Iterator[psutil.Process]:
    """Yield the marked processes for which `chosen` returns true, given owner and number."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied, OSError):
            environment = process.environ()
            owner = Owner.parse(environment.get(OWNER, ""))
            if owner and chosen(owner, environment.get(PEER, "")):
                yield process


def kill(chosen: Callable[[Owner, str], bool]) -> list[psutil.Process]:
    """Kill the marked processes for which `chosen` returns true, as in `find`; return them."""
    killed = []
    for process in find(chosen):
        with contextlib.suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            process.kill()
            killed.append(process)
    return killed


def await_end(processes: Iterable[psutil.Process], timeout: float) -> None:
    """Return once all have ended, or after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    waiting = list(processes)
    while waiting and time.monotonic() < deadline:
        waiting = [process for process in waiting if _runs(process)]
        time.sleep(_POLL if waiting else 0)


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
