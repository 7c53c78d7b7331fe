"""The machine has one mesh, which these tests start and remove."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from orchestrator.engines.docker import client as docker_client


@pytest.fixture(scope="module")
def client(docker_refusal: str, only_mesh: None) -> Iterator[Any]:
    """A client of the Docker engine, while no other test uses the mesh."""
    if docker_refusal:
        pytest.skip(docker_refusal)
    one = docker_client.connect()
    if one.api.containers(all=True, filters={"label": "peerlab.mesh=peerlab"}):
        pytest.fail("a mesh is up, and this test would remove it: `peerlab down` first")
    yield one
    one.close()
