"""Fixtures of every test: which engines there are, and labs that leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from orchestrator.engines import docker
from orchestrator.errors import EngineError
from tests.orchestrator.support import Lab

ENGINES = ["process", pytest.param("docker", marks=pytest.mark.docker)]
MESH = ["alice", "bob", "carol", "dave"]


@pytest.fixture(scope="session")
def docker_refusal() -> str:
    """Return why no Docker engine answers; empty when one does."""
    try:
        docker.connect().close()
    except EngineError as error:
        return error.what
    return ""


@pytest.fixture(autouse=True)
def _needs_docker(request: pytest.FixtureRequest) -> None:
    """Skip what is marked for Docker where no engine answers."""
    if request.node.get_closest_marker("docker"):
        refusal = request.getfixturevalue("docker_refusal")
        if refusal:
            pytest.skip(refusal)


@pytest.fixture(scope="session", params=ENGINES)
def mesh(request: pytest.FixtureRequest, docker_refusal: str) -> Iterator[Lab]:
    """Four peers that every test of an engine shares: leave them running, unconnected."""
    if request.param == "docker" and docker_refusal:
        pytest.skip(docker_refusal)
    with Lab(request.param) as lab:
        lab.start(MESH)
        yield lab


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Return the name of each engine in turn."""
    return str(request.param)


@pytest.fixture
def lab(engine: str) -> Iterator[Lab]:
    """An engine of the test's own, for whatever ends or harms peers."""
    with Lab(engine) as one:
        yield one


@pytest.fixture
def process_lab() -> Iterator[Callable[..., Lab]]:
    """Make labs on the process engine."""
    labs: list[Lab] = []

    def make() -> Lab:
        labs.append(Lab("process"))
        return labs[-1]

    yield make
    for one in labs:
        one.close()
