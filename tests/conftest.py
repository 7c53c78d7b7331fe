"""Fixtures of every test: which engines there are, and places that leave nothing behind."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

from orchestrator.cancel import CancelToken
from orchestrator.engines.docker import client as docker_client
from orchestrator.errors import EngineError
from orchestrator.files import lock_file
from orchestrator.runner.pool import Pool
from orchestrator.runner.run import Runner
from tests.orchestrator.support import LivePeers
from tests.repeats import times

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job inherits it ignored, and so would every program that a test starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("suite", max_examples=times(30, 1_000), deadline=None)
hypothesis.settings.load_profile("suite")

_MESH_TESTS = "tests/e2e/mesh"


class OneMeshScheduling(LoadFileScheduling):  # type: ignore[misc]
    """Hands files to workers, and all that use the mesh to one: a machine has one mesh."""

    def _split_scope(self, nodeid: str) -> str:
        scope = str(super()._split_scope(nodeid))
        return _MESH_TESTS if scope.startswith(_MESH_TESTS) else scope


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneMeshScheduling | None:
    """Schedule the tests of `make test`, which asks for whole files."""
    is_by_file = config.getoption("dist") == "loadfile"
    return OneMeshScheduling(config, log) if is_by_file else None


ENGINES = ["process", pytest.param("docker", marks=pytest.mark.docker)]
MESH = ["alice", "bob", "carol", "dave"]
_MESH_WITHIN = 600.0  # seconds for other tests to let go of the mesh


@pytest.fixture(scope="session")
def docker_refusal() -> str:
    """Return why no Docker engine answers; empty when one does."""
    try:
        docker_client.connect().close()
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
def mesh(request: pytest.FixtureRequest, docker_refusal: str) -> Iterator[LivePeers]:
    """Four peers that every test of an engine shares: leave them running, unconnected."""
    if request.param == "docker" and docker_refusal:
        pytest.skip(docker_refusal)
    with LivePeers(request.param) as place:
        place.start(MESH)
        yield place


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """Return the name of each engine in turn."""
    return str(request.param)


@pytest.fixture
def place(engine: str) -> Iterator[LivePeers]:
    """An engine of the test's own, which may end or harm its peers."""
    with LivePeers(engine) as one:
        yield one


@pytest.fixture(scope="module", params=ENGINES)
def one_engine(request: pytest.FixtureRequest, docker_refusal: str) -> Iterator[LivePeers]:
    """An engine for all tests of a module; see `shared_engine`."""
    if request.param == "docker" and docker_refusal:
        pytest.skip(docker_refusal)
    with LivePeers(request.param) as place:
        yield place


@pytest.fixture
def shared_engine(one_engine: LivePeers) -> Iterator[LivePeers]:
    """The engine of a module, on which each test starts peers that are gone after it."""
    yield one_engine
    one_engine.discard_all()


@pytest.fixture
def process_place() -> Iterator[Callable[..., LivePeers]]:
    """Make places on the process engine."""
    places: list[LivePeers] = []

    def make() -> LivePeers:
        places.append(LivePeers("process"))
        return places[-1]

    yield make
    for one in places:
        one.close()


@pytest.fixture(scope="module", params=ENGINES)
def runner(
    request: pytest.FixtureRequest,
    docker_refusal: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Runner]:
    """One engine for all scenarios of a module, as for those of one `peerlab run`."""
    if request.param == "docker" and docker_refusal:
        pytest.skip(docker_refusal)
    with LivePeers(request.param) as place:
        pool = Pool(place.engine, CancelToken())
        yield Runner(pool, tmp_path_factory.mktemp("runs"))
        pool.close()


@pytest.fixture(scope="module")
def only_mesh() -> Iterator[None]:
    """Wait until no other test uses the mesh, which is one for the whole machine."""
    lock = lock_file(Path(tempfile.gettempdir(), "peerlab-tests-mesh.lock"), _MESH_WITHIN)
    yield
    lock.release()
