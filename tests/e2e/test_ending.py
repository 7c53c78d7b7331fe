"""However a run ends, it leaves nothing running, and touches nothing that is not its own."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from docker.errors import NotFound

from orchestrator.checks import judged_run
from orchestrator.cli import interrupted
from orchestrator.engines.docker import client as docker_client
from orchestrator.history import runs, transcript
from orchestrator.image.recipe import PEER
from orchestrator.owner import Owner
from orchestrator.paths import ROOT
from tests.docker_proxy import DockerProxy
from tests.e2e.support import BUSY, LONG, SHORT, start
from tests.orchestrator.cli.support import peerlab, peerlab_on_docker
from tests.orchestrator.support import LivePeers, marked_processes, things_of, until
from tests.repeats import ON_DOCKER_IF_THOROUGH
from tests.waiting import let_pass

pytestmark = pytest.mark.timeout(150)  # on a busy machine

ALONE = """
name: long
why: One peer waits for what never comes.
peers: [alice]
steps:
  - expect: {at: alice, line: "never", within: 60}
"""
Run = subprocess.Popen[str]


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    """Start runs that wait in the middle; none may outlive the test."""
    begun: list[Run] = []

    def one(engine: str, text: str = LONG, **changes: str) -> Run:
        (tmp_path / "long.yaml").write_text(text)
        folder = tmp_path / f"{len(begun)}"
        words = ["run", str(tmp_path / "long.yaml"), "--engine", engine, "--runs", str(folder)]
        begun.append(start(words, **changes))
        history = folder / "long/latest/history.jsonl"
        verbs = ["connected", "expect"] if text is LONG else ["expect"]

        def is_in_the_middle() -> bool:
            kept = history.read_text() if history.exists() else ""
            return all(f'"verb": "{verb}"' in kept for verb in verbs)

        until(is_in_the_middle, "the middle", BUSY)
        return begun[-1]

    yield one
    for run in begun:
        with contextlib.suppress(ProcessLookupError):
            os.kill(run.pid, signal.SIGTERM)
        run.communicate(timeout=60)


def left_of(pid: int, client: Any = None) -> list[object]:
    """Return the processes, containers and networks that a process has made."""

    def made(owner: Owner) -> bool:
        return owner.pid == pid

    processes: list[object] = [number for number, owner in marked_processes() if made(owner)]
    return processes + (things_of(client, made) if client else [])


def entries(tmp_path: Path, number: int) -> list[dict[str, Any]]:
    path = tmp_path / f"{number}/long/latest/history.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    ("engine", "number"),
    [
        ("process", signal.SIGTERM),
        pytest.param("process", signal.SIGQUIT, marks=pytest.mark.thorough),
        pytest.param("process", signal.SIGINT, marks=pytest.mark.thorough),
        # test_faults.py has Ctrl-C on Docker, while a fault is active.
        pytest.param("docker", signal.SIGINT, marks=[pytest.mark.docker, pytest.mark.thorough]),
        pytest.param("docker", signal.SIGTERM, marks=[pytest.mark.docker, pytest.mark.thorough]),
    ],
)
def test_a_signal_ends_a_run_cleanly(
    begin: Callable[[str], Run], tmp_path: Path, engine: str, number: int, request: Any
) -> None:
    client = request.getfixturevalue("client") if engine == "docker" else None
    run = begin(engine)
    assert left_of(run.pid, client)
    began = time.monotonic()
    run.send_signal(number)
    _, said = run.communicate(timeout=60)
    assert time.monotonic() - began < 40  # less than the 60 s that its step waits for
    assert run.returncode == 128 + number
    assert "Traceback" not in said
    assert "interrupted: nothing was left running" in said
    assert left_of(run.pid, client) == []
    kinds = {(entry["type"], entry["verb"]) for entry in entries(tmp_path, 0)}
    assert {("invoke", "connect"), ("ok", "connect"), ("invoke", "expect")} <= kinds
    assert "listening on" in (tmp_path / "0/long/latest/alice.transcript").read_text()


def test_the_next_command_removes_what_a_killed_run_left_and_no_more(
    begin: Callable[[str], Run], tmp_path: Path
) -> None:
    dead, alive = begin("process"), begin("process")
    before = left_of(alive.pid)
    assert left_of(dead.pid)
    dead.kill()  # from now on any command removes what it left
    dead.wait()
    assert_readable(tmp_path / "0/long/latest")
    (tmp_path / "short.yaml").write_text(SHORT)
    words = ["run", str(tmp_path / "short.yaml"), "--engine", "process", "--runs", str(tmp_path)]
    done = peerlab(*words)
    assert done.returncode == 0, done.stderr
    until(lambda: not left_of(dead.pid), "the end of what another command may be at, too")
    assert left_of(alive.pid) == before
    assert len(before) == 3  # two peers and the canary
    assert alive.poll() is None


def assert_readable(folder: Path) -> None:
    """See that a run whose lab was killed can be judged and read."""
    judged = peerlab("check", str(folder))
    assert judged.returncode == 2
    assert "unknown" in judged.stdout
    assert not (folder / "run.json").exists()
    run = judged_run.load(folder)
    assert run.broke_off == "its lab was ended before it could end the run"
    assert {verdict.judgement.word for verdict in run.verdicts} == {"unknown"}
    kinds = {(entry.type, entry.verb) for entry in run.entries}
    assert {("ok", "connect"), ("notice", "connected"), ("invoke", "expect")} <= kinds
    for name in ("alice", "bob"):
        shown = transcript.screen(transcript.read(runs.transcript(folder, name)))
        assert shown[0].text.startswith("* peerlab ")


@pytest.mark.parametrize("engine", ["process", ON_DOCKER_IF_THOROUGH])
def test_ctrl_c_ends_parallel_runs(tmp_path: Path, engine: str, request: Any) -> None:
    client = request.getfixturevalue("client") if engine == "docker" else None
    (tmp_path / "long.yaml").write_text(LONG)
    words = ["--engine", engine, "--jobs", "2", "--times", "3", "--runs", str(tmp_path / "runs")]
    run = start(["run", str(tmp_path / "long.yaml"), *words])
    active: list[Path] = []

    def both_wait() -> bool:
        active[:] = [
            path.parent
            for path in (tmp_path / "runs/long").glob("2*/history.jsonl")
            if '"expect"' in path.read_text()
        ]
        return len(active) == 2

    try:
        until(both_wait, "both to be in the middle", BUSY)
        # Of each run two peers and the canary; on Docker the names and the network too.
        assert len(left_of(run.pid, client)) == (10 if client else 6)
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=60)
    finally:
        run.kill()
        run.communicate()
    assert run.returncode == 130
    assert time.monotonic() - began < 40  # less than the 60 s that a step waits for
    assert "Traceback" not in said
    assert left_of(run.pid, client) == []
    assert sorted((tmp_path / "runs/long").glob("2*")) == sorted(active), "the third never began"
    for folder in active:
        one = judged_run.load(folder)
        assert one.record
        assert one.record.error == one.broke_off == "the run was stopped"
        assert one.judgement.word == "unknown"
        assert [e.type for e in one.entries if e.verb == "expect"] == ["invoke", "info"]


@pytest.mark.docker
def test_the_next_command_removes_what_a_killed_run_left_on_docker_and_no_more(
    begin: Callable[[str], Run], tmp_path: Path, client: Any
) -> None:
    stranger = client.api.create_container(
        PEER.image(ROOT),
        name=f"peerlab-another-program-{secrets.token_hex(4)}",
        labels={"owner": "me"},
    )
    odd = client.api.create_container(PEER.image(ROOT), labels={docker_client.OWNER: "no mark"})
    try:
        with LivePeers("docker") as alive:
            alive.start(["carol"])
            before = alive.left()
            dead = begin("docker")
            assert len(left_of(dead.pid, client)) == 5  # two peers, names, canary, network
            dead.kill()  # from now on any command removes what it left
            dead.wait()
            assert_readable(tmp_path / "0/long/latest")
            done = peerlab_on_docker("ps")
            assert (done.returncode, done.stderr) == (0, ""), "what it removes matters to no one"
            until(
                lambda: not left_of(dead.pid, client), "what another command may be at, too, to go"
            )
            assert sorted(map(str, alive.left())) == sorted(map(str, before))
            alive.sessions["carol"].synchronise()
        for container in (stranger, odd):
            assert client.api.inspect_container(container["Id"])["State"]["Status"] == "created"
    finally:
        for container in (stranger, odd):
            client.api.remove_container(container["Id"], force=True)


@pytest.mark.docker
def test_a_network_in_use_does_not_hold_up_a_command(client: Any) -> None:
    # Its owner ends only when the guest is in: any other command would remove the network.
    owner = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    one = Owner.of(str(owner.pid), owner.pid)
    name = f"peerlab-{one.run}"
    network = client.api.create_network(name, labels={docker_client.OWNER: one.mark})
    guest = client.api.create_container(
        PEER.image(ROOT),
        tty=True,
        stdin_open=True,
        host_config=client.api.create_host_config(network_mode=name),
    )
    try:
        client.api.start(guest["Id"])
        owner.communicate(b"\n", timeout=20)
        assert peerlab_on_docker("ps").returncode == 0
        assert client.api.inspect_container(guest["Id"])["State"]["Running"]
    finally:
        owner.kill()
        client.api.remove_container(guest["Id"], force=True)
        with contextlib.suppress(NotFound):  # another command was quicker, once the guest was out
            client.api.remove_network(network["Id"])


@pytest.mark.docker
def test_ctrl_c_while_docker_stalls(begin: Callable[..., Run], tmp_path: Path) -> None:
    with DockerProxy(tmp_path / "docker.sock") as proxy:
        run = begin("docker", ALONE, DOCKER_HOST=proxy.url)
        proxy.stall()
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=60)
        assert time.monotonic() - began < 8  # Docker would have ten to answer
    assert run.returncode == 130
    assert "ending what this command has started; press Ctrl-C again" in said
    assert "interrupted: cannot clean up: Docker does not answer: " in said
    assert "the next peerlab command removes what is left" in said
    assert peerlab_on_docker("ps").returncode == 0


@pytest.mark.docker
def test_a_run_whose_docker_dies(begin: Callable[..., Run], tmp_path: Path) -> None:
    with DockerProxy(tmp_path / "docker.sock") as proxy:
        run = begin("docker", ALONE, DOCKER_HOST=proxy.url)
        proxy.end()
        _, said = run.communicate(timeout=60)
    assert run.returncode == 2
    assert "Docker does not answer" in said
    assert "the next peerlab command removes what is left" in said
    assert peerlab_on_docker("ps").returncode == 0


CLEANS_UP = """
import time
from orchestrator.cli import interrupted
interrupted.install()
try:
    print("ready", flush=True)
    time.sleep(60)
except interrupted.Interrupted:
    time.sleep(60)
"""


def test_a_second_ctrl_c_ends_at_once() -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", CLEANS_UP], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert run.stdout
    assert run.stderr
    run.stdout.readline()
    run.send_signal(signal.SIGINT)
    run.send_signal(signal.SIGINT)  # so soon that it counts as the same request
    assert "press Ctrl-C again" in run.stderr.readline()
    let_pass(interrupted._DELIBERATE_AFTER)
    assert run.poll() is None
    run.send_signal(signal.SIGINT)
    _, said = run.communicate(timeout=10)
    assert run.returncode == 130
    assert "ended at once: the next peerlab command removes what is left" in said
