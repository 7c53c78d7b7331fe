"""What builds left behind on Docker goes, and nothing else."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator import command
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker.build_leftovers import sweep_builds
from orchestrator.engines.docker.client import OWNER, Client

pytestmark = pytest.mark.docker


@pytest.fixture
def client() -> Iterator[Client]:
    found = docker_client.connect()
    yield found
    found.close()


@pytest.fixture
def label() -> Iterator[str]:
    """A label of this test's objects alone, which go with it."""
    made = f"peerlab.test={secrets.token_hex(6)}"
    yield made
    for name in created(made):
        command.docker("docker", "rm", "--force", name)
    words = ("docker", "image", "ls", "--all", "--quiet", "--filter", f"label={made}")
    for name in command.docker(*words).split():
        command.docker("docker", "image", "rm", "--force", name)


def created(label: str) -> list[str]:
    words = ("--all", "--quiet", "--filter", f"label={label}", "--filter", "status=created")
    return command.docker("docker", "ps", *words).split()


def build_in_vain(folder: Path, label: str, more: str = "") -> None:
    """Build an image whose only step cannot be started, with the engine's own builder."""
    (folder / "Dockerfile").write_text(f'FROM scratch\nLABEL {label} {more}\nRUN ["/nowhere"]\n')
    words = ("docker", "build", "--no-cache", "--network", "none", "--force-rm=false", str(folder))
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    done = subprocess.run(words, capture_output=True, check=False, env=environment)
    assert done.returncode


def test_a_step_that_never_started_goes(tmp_path: Path, label: str, client: Client) -> None:
    build_in_vain(tmp_path, label)
    assert len(created(label)) == 1
    assert sweep_builds(client, [label], older=3600) == 0  # it may be about to start
    assert sweep_builds(client, [label], older=-5) == 1
    assert created(label) == []


def test_what_has_an_owner_stays(tmp_path: Path, label: str, client: Client) -> None:
    build_in_vain(tmp_path, label, f"{OWNER}=somebody")
    assert sweep_builds(client, [label], older=-5) == 0
    assert len(created(label)) == 1
