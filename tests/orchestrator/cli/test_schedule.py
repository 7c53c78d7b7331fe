"""`peerlab schedule`: what chaos did can be repeated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.orchestrator.cli.support import peerlab

HEAD = """
name: {name}
why: Faults at random, and the same ones once more.
peers: [alice, bob, carol]
connections: mesh
"""
CHAOS = HEAD + "steps:\n  - chaos: {{seed: 4, for: 3, faults: [kill, pause, stream]}}\n"


def history(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


def faults_of(folder: Path) -> list[tuple[str, str]]:
    """Return the faults of a run, in order: what, and at whom or where."""
    lines = (line for line in history(folder) if line["type"] == "invoke")
    verbs = ("kill", "start", "pause", "resume", "stream", "restore")
    return [(line["verb"], line["peer"] or line["says"]) for line in lines if line["verb"] in verbs]


@pytest.mark.timeout(120)
def test_the_same_seed_and_the_recorded_schedule_do_the_same(tmp_path: Path) -> None:
    runs = ["--engine", "process", "--runs", str(tmp_path)]
    for name in ("first", "second"):
        (tmp_path / f"{name}.yaml").write_text(CHAOS.format(name=name))
    done = peerlab(
        "run", str(tmp_path / "first.yaml"), str(tmp_path / "second.yaml"), "--jobs", "2", *runs
    )
    assert done.returncode == 0, done.stdout + done.stderr
    first = tmp_path / "first/latest"
    assert "seed 4, for 3.0 s" in peerlab("report", str(first)).stdout
    again = peerlab("schedule", str(first))
    assert again.returncode == 0
    steps = "\n".join(f"  {line}" for line in again.stdout.splitlines())
    (tmp_path / "third.yaml").write_text(f"{HEAD.format(name='third')}steps:\n{steps}\n")
    done = peerlab("run", str(tmp_path / "third.yaml"), *runs)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        faults_of(first)
        == faults_of(tmp_path / "second/latest")
        == faults_of(tmp_path / "third/latest")
    )
    drawn = next(line["entries"] for line in history(first) if line["verb"] == "chaos")
    assert YAML(typ="safe").load(again.stdout) == [{"schedule": drawn}]
