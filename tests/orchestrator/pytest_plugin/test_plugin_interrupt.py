"""Ctrl-C in a session of the plugin: it ends soon, and leaves no peer behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from orchestrator.engines.docker import client as docker_client
from tests import interrupt_clock
from tests.docker_proxy import DockerProxy
from tests.orchestrator.support import ROOT, marked_processes, things_of, until


@pytest.mark.parametrize(
    "words", [pytest.param([], id="alone"), pytest.param(["-n", "2"], marks=pytest.mark.thorough)]
)
def test_ctrl_c_leaves_nothing(pytester: pytest.Pytester, words: list[str]) -> None:
    pytester.makeini("[pytest]\npeerlab_engine = process\n")
    pytester.makepyfile(
        """
        def test_waits(lab):
            lab.peer("alice").expect_line("never", within=50)
        """
    )
    session, history = interruptible(pytester, "runs", *words)
    until(lambda: is_waiting(history), "the wait")
    assert ours(session.pid)
    os.killpg(session.pid, signal.SIGINT)  # as a terminal does at Ctrl-C
    said, _ = session.communicate(timeout=25)
    assert session.returncode == 2
    assert "KeyboardInterrupt" in said
    until(lambda: not ours(session.pid), "every peer to be gone")


def test_ctrl_c_while_peers_are_removed(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\npeerlab_engine = process\n")
    pytester.makeconftest(
        """
        import os, signal
        from orchestrator.runner.pool import Pool

        close = Pool.close

        def interrupted(pool):
            os.kill(os.getpid(), signal.SIGINT)
            close(pool)

        Pool.close = interrupted
        """
    )
    pytester.makepyfile("def test_hello(lab): lab.peer('alice')")
    session = subprocess.run(
        [sys.executable, "-m", "pytest"], capture_output=True, text=True, timeout=60, check=False
    )
    assert session.returncode == pytest.ExitCode.INTERRUPTED
    assert "interrupted while removing peers\nhint: the next peerlab command" in session.stdout
    assert "Traceback" not in session.stdout + session.stderr
    assert "1 passed" in session.stdout


SCENARIO = """
name: test-waits
why: It waits.
peers: [alice]
steps:
  - expect: {at: alice, line: "never", within: 50}
"""


@pytest.mark.docker
@pytest.mark.thorough  # tests/e2e has it for the command
@pytest.mark.parametrize("by_lab", [True, False], ids=["lab", "scenario"])
def test_ctrl_c_while_docker_stalls(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, *, by_lab: bool
) -> None:
    pytester.makeini("[pytest]\npeerlab_engine = docker\n")
    pytester.makepyfile(
        test_it="""
        def test_waits(lab):
            lab.peer("alice").expect_line("never", within=50)
        """
    )
    pytester.path.joinpath("it.scenario.yaml").write_text(SCENARIO)
    monkeypatch.setenv("CLOCK", str(pytester.path / "clock"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with DockerProxy(pytester.path / "docker.sock") as proxy:
        monkeypatch.setenv("DOCKER_HOST", proxy.url)
        which = "test_it.py" if by_lab else "it.scenario.yaml"
        session, history = interruptible(pytester, "runs", "-p", interrupt_clock.NAME, which)
        until(lambda: is_waiting(history), "the wait")
        proxy.stall()
        began = time.monotonic()
        os.killpg(session.pid, signal.SIGINT)
        said, _ = session.communicate(timeout=60)
    assert session.returncode == 2
    assert "KeyboardInterrupt" in said
    assert "\ncannot clean up: Docker does not answer: " in said
    assert "\nhint: once Docker answers, the next peerlab command removes what is left" in said
    assert "Traceback" not in said
    took = interrupt_clock.seconds(pytester.path / "clock", began)
    assert took < 8  # Docker would have ten to answer
    monkeypatch.delenv("DOCKER_HOST")
    client = docker_client.connect()
    docker_client.sweep(client)
    assert things_of(client, lambda owner: owner.pid == session.pid) == []
    client.close()


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


def ours(pid: int) -> list[int]:
    """Return the peers that a process or one of its workers has started."""
    try:
        family = {pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))}
    except psutil.NoSuchProcess:
        family = {pid}
    return [number for number, owner in marked_processes() if owner.pid in family]
