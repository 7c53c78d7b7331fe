"""However a run ends, nothing of it stays; nothing of anybody else's is touched."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engines import docker
from orchestrator.owner import Owner
from tests.e2e.support import LONG, SHORT, peerlab, start
from tests.orchestrator.support import marked_processes, things_of, until

Run = subprocess.Popen[str]


@pytest.fixture
def client() -> Iterator[Any]:
    """A client of the Docker engine."""
    one = docker.connect()
    yield one
    one.close()


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[[str], Run]]:
    """Start runs that wait in the middle; none may outlive the test."""
    runs: list[Run] = []
    (tmp_path / "long.yaml").write_text(LONG)

    def one(engine: str) -> Run:
        folder = tmp_path / f"{len(runs)}"
        words = ["run", str(tmp_path / "long.yaml"), "--engine", engine, "--runs", str(folder)]
        runs.append(start(words))
        history = folder / "long/latest/history.jsonl"
        until(lambda: history.exists() and '"expect"' in history.read_text(), "the middle")
        return runs[-1]

    yield one
    for run in runs:
        with contextlib.suppress(ProcessLookupError):
            os.kill(run.pid, signal.SIGTERM)
        run.communicate(timeout=20)


def left_of(pid: int, client: Any = None) -> list[object]:
    """Return the processes, containers and networks that a process has made."""

    def made(owner: Owner) -> bool:
        return owner.pid == pid

    processes: list[object] = [number for number, owner in marked_processes() if made(owner)]
    return processes + (things_of(client, made) if client else [])


def entries(tmp_path: Path, number: int) -> list[dict[str, Any]]:
    path = tmp_path / f"{number}/long/latest/history.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("engine", ["process", pytest.param("docker", marks=pytest.mark.docker)])
def test_a_signal_ends_a_run_cleanly(
    begin: Callable[[str], Run], tmp_path: Path, engine: str, number: int, request: Any
) -> None:
    client = request.getfixturevalue("client") if engine == "docker" else None
    run = begin(engine)
    assert left_of(run.pid, client)
    began = time.monotonic()
    run.send_signal(number)
    _, said = run.communicate(timeout=20)
    assert time.monotonic() - began < 15
    assert run.returncode == 130
    assert "Traceback" not in said
    assert "interrupted: nothing was left running" in said
    assert left_of(run.pid, client) == []
    kinds = {(each["type"], each["verb"]) for each in entries(tmp_path, 0)}
    assert {("invoke", "connect"), ("ok", "connect"), ("invoke", "expect")} <= kinds
    assert "listening on" in (tmp_path / "0/long/latest/alice.transcript").read_text()


def test_two_runs_and_what_a_killed_one_left_on_processes(
    begin: Callable[[str], Run], tmp_path: Path
) -> None:
    dead, alive = begin("process"), begin("process")
    before = left_of(alive.pid)
    dead.kill()
    dead.wait()
    (tmp_path / "short.yaml").write_text(SHORT)
    words = ["run", str(tmp_path / "short.yaml"), "--engine", "process", "--runs", str(tmp_path)]
    done = peerlab(*words)
    assert done.returncode == 0, done.stderr
    assert left_of(dead.pid) == []
    assert left_of(alive.pid) == before
    assert len(before) == 2
    assert alive.poll() is None
    assert entries(tmp_path, 0)


@pytest.mark.docker
def test_what_a_killed_run_left_on_docker(begin: Callable[[str], Run], client: Any) -> None:
    stranger = client.api.create_container(
        "peerlab-peer:latest", name="peerlab-somebody-elses", labels={"owner": "me"}
    )
    odd = client.api.create_container("peerlab-peer:latest", labels={docker.OWNER: "no mark"})
    try:
        dead, alive = begin("docker"), begin("docker")
        before = left_of(alive.pid, client)
        dead.kill()
        dead.wait()
        assert len(left_of(dead.pid, client)) == 3
        done = peerlab("ps")
        assert done.returncode == 0, done.stderr
        assert left_of(dead.pid, client) == []
        assert sorted(map(str, left_of(alive.pid, client))) == sorted(map(str, before))
        assert alive.poll() is None
        for each in (stranger, odd):
            assert client.api.inspect_container(each["Id"])["State"]["Status"] == "created"
    finally:
        for each in (stranger, odd):
            client.api.remove_container(each["Id"], force=True)


@pytest.mark.docker
def test_a_network_that_somebody_uses_holds_nothing_up(client: Any) -> None:
    gone = Owner("0" * 8, Owner.this().host, 2**22 - 1, 1.0)
    assert gone.is_gone
    network = client.api.create_network("peerlab-00000000", labels={docker.OWNER: gone.mark})
    guest = client.api.create_container(
        "peerlab-peer:latest",
        tty=True,
        stdin_open=True,
        host_config=client.api.create_host_config(network_mode="peerlab-00000000"),
    )
    try:
        client.api.start(guest["Id"])
        assert peerlab("ps").returncode == 0
        assert client.api.inspect_container(guest["Id"])["State"]["Running"]
    finally:
        client.api.remove_container(guest["Id"], force=True)
        client.api.remove_network(network["Id"])
