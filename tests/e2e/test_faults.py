"""`peerlab run` of scenarios with faults, and what is kept of such runs."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from orchestrator.checks import judged_run
from orchestrator.owner import Owner
from tests.e2e.support import BUSY, start
from tests.orchestrator.cli.support import Done, peerlab, peerlab_on_docker
from tests.orchestrator.support import marked_processes, things_of, until

pytestmark = pytest.mark.timeout(150)  # on a busy machine

STREAMS = """
name: streams
why: Bytes come one by one, and a peer is killed and comes back.
peers: [alice, bob]
steps:
  - stream: {between: [alice, bob], pieces: 1, as: crumbs}
  - connect: {at: alice, to: bob}
  - send: {at: alice, to: bob, text: "hello"}
  - expect: {at: bob, from: alice, message: "hello"}
  - restore: crumbs
  - kill: {at: bob, for: 0.1}
  - expect: {at: alice, from: bob, closed: true}
"""
PARTITION = """
name: partition
why: A message that is sent while nothing gets through arrives when something does.
engine: docker
peers: [alice, bob]
connections: line
steps:
  - partition:
      groups: [[alice], [bob]]
      during:
        - send: {at: alice, to: bob, text: "hello"}
  - expect: {at: bob, from: alice, message: "hello", within: 20}
"""
ENDLESS = """
name: endless
why: A fault stays active while a message is expected.
engine: {engine}
peers: [alice, bob]
connections: line
steps:
  - {fault}
  - expect: {{at: bob, from: alice, message: "never", within: 100}}
"""


def run(folder: Path, text: str, *words: str, docker: bool = False) -> Done:
    path = folder / "scenario.yaml"
    path.write_text(text)
    command = peerlab_on_docker if docker else peerlab
    return command("run", str(path), "--runs", str(folder / "runs"), "--details", *words)


def rows_of_the_table(shown: str) -> list[str]:
    """Return the rows of the table of faults."""
    lines = shown.splitlines()
    titles = [number for number, line in enumerate(lines) if line.startswith("Faults")]
    assert len(titles) == 1, shown
    return [line for line in lines[titles[0] + 1 :] if "proven" in line]


def test_stream_and_kill_on_processes(tmp_path: Path) -> None:
    done = run(tmp_path, STREAMS, "--engine", "process")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ streams: valid" in done.stdout
    assert "a relay shapes streams" in done.stderr
    stream, kill = rows_of_the_table(done.stdout)
    assert "alice and bob: in" in stream
    assert "bob" in kill
    for words in ("crumbs", "by relay", "before 900 bytes in 3 reads", "exited with status 137"):
        assert words in done.stdout
    assert "not proven" not in done.stdout
    kept = str(tmp_path / "runs/streams/latest")
    for verb in ("check", "report"):
        again = peerlab(verb, kept)
        assert again.returncode == 0, again.stderr
        assert "streams: valid" in again.stdout
    assert rows_of_the_table(again.stdout) == [stream, kill]


@pytest.mark.docker
@pytest.mark.thorough  # the library of scenarios has partitions
def test_a_partition_on_docker_as_json(tmp_path: Path) -> None:
    done = run(tmp_path, PARTITION, "--json", docker=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (only,) = json.loads(done.stdout)["runs"]
    (fault,) = only["faults"]
    assert (fault["fault"], fault["name"], fault["peer"]) == ("partition", "partition 1", None)
    assert (fault["says"], fault["proven"], fault["outcome"]) == ("alice | bob", True, "ok")
    assert fault["links"] == [["alice", "bob"], ["bob", "alice"]]
    assert fault["means"] == {"cut": "nftables"}
    assert fault["from"] < fault["to"]
    for row in fault["proof"]:
        assert row["during"]["arrived"] == 0
        assert row["before"]["arrived"] > 0
        assert row["after"]["arrived"] > 0
    check = peerlab("check", only["folder"], "--json")
    assert check.returncode == 0
    (kept,) = json.loads(check.stdout)["runs"]
    times = {"from": pytest.approx(fault["from"]), "to": pytest.approx(fault["to"])}
    assert kept["faults"] == [{**fault, **times}]
    report = peerlab("report", only["folder"])
    assert report.returncode == 0
    (row,) = rows_of_the_table(report.stdout)
    assert "alice | bob" in row


def test_an_unsupported_fault_is_refused_before_the_run(tmp_path: Path) -> None:
    text = PARTITION.replace("engine: docker\n", "")
    done = run(tmp_path, text, "--engine", "process")
    assert done.returncode == 2
    assert "partition needs `partition alice | bob`, but processes share" in done.stderr
    assert "hint: choose another --engine" in done.stderr
    assert not (tmp_path / "runs").exists()


ON_PROCESSES = ("process", "stream: {at: all, reset: 0}", signal.SIGTERM, 2)
ON_DOCKER = ("docker", "partition: [[alice], [bob]]", signal.SIGINT, 6)


@pytest.mark.parametrize(
    ("engine", "step", "number", "things"),
    [ON_PROCESSES, pytest.param(*ON_DOCKER, marks=pytest.mark.docker)],
)
def test_a_signal_during_a_fault_leaves_nothing(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    engine: str,
    step: str,
    number: int,
    things: int,
) -> None:
    path = tmp_path / "endless.yaml"
    path.write_text(ENDLESS.format(engine=engine, fault=step))
    client = request.getfixturevalue("client") if engine == "docker" else None
    process = start(["run", str(path), "--runs", str(tmp_path)])
    history = tmp_path / "endless/latest/history.jsonl"

    def made(owner: Owner) -> bool:
        return owner.pid == process.pid

    def left() -> list[object]:
        processes = [pid for pid, owner in marked_processes() if made(owner)]
        return [*processes, *(things_of(client, made) if client else ())]

    try:
        until(lambda: history.exists() and '"expect"' in history.read_text(), "the middle", BUSY)
        there = left()
        assert len(there) >= things, "peers; on Docker their sidecars, a name server, a network"
        assert sum("sidecar" in str(one) for one in there) == (2 if client else 0)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 128 + number
    assert "Traceback" not in said
    assert "interrupted: nothing was left running" in said
    assert left() == []
    kept = judged_run.load(history.parent)
    assert (kept.broke_off, kept.judgement.word) == ("the run was stopped", "unknown")
    (fault,) = kept.index.faults
    assert fault.until is None or fault.until >= fault.began
    shown = peerlab("report", str(history.parent))
    assert shown.returncode == 2
    assert len(rows_of_the_table(shown.stdout)) == 1
