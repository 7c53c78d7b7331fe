"""Ctrl-C in a session of the plugin: it ends soon, and leaves no peer behind."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.orchestrator.support import marked_processes, until


def test_ctrl_c_leaves_nothing(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\npeerlab_engine = process\n")
    pytester.makepyfile(
        """
        def test_waits(lab):
            lab.peer("alice").expect_line("never", within=50)
        """
    )
    waiting = [interruptible(pytester, "alone"), interruptible(pytester, "parallel", "-n", "2")]
    for session, history in waiting:
        until(functools.partial(is_waiting, history), "the wait")
        assert ours(session.pid)
        os.killpg(session.pid, signal.SIGINT)  # as a terminal does at Ctrl-C
    for session, _ in waiting:
        said, _ = session.communicate(timeout=25)
        assert session.returncode == 2
        assert "KeyboardInterrupt" in said
        until(functools.partial(has_no_peers, session.pid), "every peer to be gone")


def interruptible(
    pytester: pytest.Pytester, runs: str, *words: str
) -> tuple[subprocess.Popen[str], Path]:
    """Start pytest in a process group of its own; return it and the history of its run."""
    command = [sys.executable, "-m", "pytest", "-q", "--peerlab-runs", runs, *words]
    session = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    return session, pytester.path / runs / "test-waits/latest/history.jsonl"


def is_waiting(history: Path) -> bool:
    """Return whether a run has come to its `expect`."""
    return history.exists() and '"expect"' in history.read_text()


def has_no_peers(pid: int) -> bool:
    """Return whether a session has left no peers."""
    return not ours(pid)


def ours(pid: int) -> list[int]:
    """Return the peers that a process or one of its workers has started."""
    try:
        family = {pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))}
    except psutil.NoSuchProcess:
        family = {pid}
    return [number for number, owner in marked_processes() if owner.pid in family]
