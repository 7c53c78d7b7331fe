"""`peerlab doctor`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from orchestrator import image
from orchestrator.diagnosis import examination
from orchestrator.diagnosis.condition import Condition, Diagnosis, State
from orchestrator.engines.docker import client as docker_client
from orchestrator.errors import EngineError
from tests.orchestrator.cli.support import peerlab, peerlab_on_docker
from tests.orchestrator.support import ROOT


def examined(*words: str, on_docker: bool = False) -> tuple[int, dict[str, dict[str, str]]]:
    done = (peerlab_on_docker if on_docker else peerlab)("doctor", "--json", *words)
    data = json.loads(done.stdout)
    assert data["can_run"] == (done.returncode == 0)
    return done.returncode, {one["part"]: one for one in data["conditions"]}


def test_without_docker_scenarios_run_on_processes() -> None:
    status, found = examined()
    assert status == 0
    assert found["engine"]["state"] == "fails"
    assert found["engine"]["says"] == "Docker does not answer: no such file or directory"
    assert "scenarios run on processes" in found["engine"]["means"]
    assert found["trial"]["state"] == "works"
    assert {"open files", "disk", "memory", "loopback addresses", "leftovers"} <= found.keys()
    _, alone = examined("--engine", "process")
    assert "engine" not in alone


def test_on_docker_alone_without_docker() -> None:
    status, found = examined("--engine", "docker")
    assert (status, found["trial"]["state"]) == (2, "fails")
    assert found["engine"]["means"] == "no scenario can run there"
    assert found["trial"]["remedy"].startswith("start Docker")


@pytest.mark.docker
def test_on_docker() -> None:
    image.ensure_image(lambda _: None, ROOT)
    image.ensure_sidecar_image(lambda _: None, ROOT)
    status, found = examined("--engine", "docker", on_docker=True)
    assert (status, found["trial"]["state"]) == (0, "works")
    assert found["engine"]["says"].startswith("Docker Engine ")
    assert found["networks"]["state"] == "works"
    assert found["fault: partition, isolate"]["says"] == "by nftables"
    assert "entries in the kernel's neighbour table" in found


def test_a_machine_with_flaws_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Diagnosis(
        "docker",
        can_run=False,
        conditions=(
            Condition("engine", State.WORKS, "answers"),
            Condition("disk", State.LIMITED, "full \x1b[31m", "no runs", "rm [it]"),
            Condition("trial", State.UNKNOWN, "not tried"),
        ),
    )
    monkeypatch.setattr("orchestrator.cli.doctor.examine", lambda *_: found)
    done = peerlab("doctor", columns=40)
    assert done.returncode == 2
    assert done.stdout == (
        "✓ engine: answers\n"
        "! disk: full �[31m\n"
        "  which means: no runs\n"
        "  what helps: rm [it]\n"
        "? trial: not tried\n"
        "scenarios cannot run here on the engine docker\n"
    )


@pytest.mark.parametrize(
    ("before", "after", "kept", "state", "says"),
    [
        (0, 0, 0, State.WORKS, "none"),
        (3, 0, 0, State.WORKS, "removed what killed runs had left: 3 things"),
        (0, 0, 2, State.WORKS,
         "none; 2 peers kept by `run --keep`, which `peerlab down --kept` removes"),
        (3, 1, 0, State.LIMITED, "1 thing of killed runs cannot be removed"),
    ],
)  # fmt: skip
def test_leftovers(
    monkeypatch: pytest.MonkeyPatch, before: int, after: int, kept: int, state: State, says: str
) -> None:
    client: Any = object()
    monkeypatch.setattr(examination, "_leftovers", lambda _: after)
    monkeypatch.setattr("orchestrator.engines.docker.client.kept", lambda _: kept)
    found = examination._of_leftovers(before, client)
    assert (found.state, found.says) == (state, says)


def test_a_kernel_that_counts_no_pressure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("orchestrator.diagnosis.examination.PRESSURE", tmp_path / "cpu")
    assert examination._of_pressure().state is State.LIMITED
    (tmp_path / "cpu").write_text("some avg10=0.00\n")
    assert examination._of_pressure().state is State.WORKS


def test_a_user_who_may_not_use_docker(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("orchestrator.docker_host.health.dial", refuse)
    with pytest.raises(EngineError, match="Docker does not answer: permission denied") as caught:
        docker_client.connect()
    assert "usermod -aG docker" in caught.value.hint
