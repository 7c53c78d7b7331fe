"""Scenarios that need one engine, and the engine that is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.support import SHORT
from tests.orchestrator.cli.support import peerlab

pytestmark = pytest.mark.timeout(150)  # on a busy machine

DOCKER = SHORT.replace("name: short", "name: picky\nengine: docker")
PROCESS = SHORT.replace("name: short", "name: plain\nengine: process")
CUT = SHORT.replace("name: short", "name: cut").rstrip() + "\n  - partition: [[alice], [bob]]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one scenario for any engine, one for Docker and one that cuts."""
    scenarios = tmp_path / "scenarios"
    scenarios.mkdir()
    for name, text in {"short": SHORT, "picky": DOCKER, "cut": CUT}.items():
        (scenarios / f"{name}.yaml").write_text(text)
    return scenarios


@pytest.mark.parametrize(
    "how", [pytest.param(["--engine", "process"], marks=pytest.mark.thorough), []]
)
def test_scenarios_of_a_folder_that_do_not_fit_are_left_out(folder: Path, how: list[str]) -> None:
    done = peerlab("run", str(folder), *how, "--runs", str(folder.parent))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "left out: picky runs on the engine docker alone" in done.stderr
    assert "left out: cut needs `partition alice | bob`, but processes share" in done.stderr
    assert "✓ short: valid" in done.stdout
    assert not (folder.parent / "cut").exists()


@pytest.mark.parametrize("name", ["picky", "cut"])
def test_a_named_file_that_does_not_fit_is_refused(folder: Path, name: str) -> None:
    words = [str(folder / f"{name}.yaml"), "--engine", "process", "--runs", str(folder.parent)]
    done = peerlab("run", *words)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {name} ")
    assert "hint: choose another --engine" in done.stderr
    assert not (folder.parent / name).exists()


def test_a_scenario_for_processes_needs_no_option(tmp_path: Path) -> None:
    (tmp_path / "plain.yaml").write_text(PROCESS)
    done = peerlab("run", str(tmp_path / "plain.yaml"), "--runs", str(tmp_path), "-v")
    assert done.returncode == 0, done.stderr
    assert "process Python" in done.stdout
