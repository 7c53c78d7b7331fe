"""Fixtures of every test: which engines there are, and places that leave nothing behind."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from orchestrator.cancel import CancelToken
from orchestrator.engines.docker import client as docker_client
from orchestrator.errors import EngineError
from orchestrator.runner.pool import Pool
from orchestrator.runner.run import Runner
from tests.orchestrator.support import LivePeers
from tests.repeats import ON_DOCKER, THOROUGH, times
from tests.trials import obey_ctrl_c

obey_ctrl_c()

# To look for garbage takes a seventh of the collection of tests, which leaves none.
gc.disable()

# Tests start hundreds of Pythons: none should compile its code again, as images for CI ask for.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The suite draws the same examples every time: it is green or red for a reason. `make thorough`
# draws others.
hypothesis.settings.register_profile(
    "suite", max_examples=times(30, 1_000), deadline=None, derandomize=not THOROUGH
)
hypothesis.settings.load_profile("suite")


def pytest_configure(config: pytest.Config) -> None:
    """Have each of several workers begin to collect with another folder.

    Pytest compiles each file of tests when it is first collected. Workers that all began with the
    same folder would all compile the same files at the same time.
    """
    worker = getattr(config, "workerinput", None)
    if worker and config.args == ["tests"]:
        here = Path(__file__).parent
        most = here / "orchestrator"
        found = sorted({*here.glob("[!_]*"), *most.glob("[!_]*")} - {most})
        parts = [str(one) for one in found if one.is_dir() or one.name.startswith("test_")]
        own = len(parts) * int(worker["workerid"].removeprefix("gw")) // worker["workercount"]
        config.args = parts[own:] + parts[:own]


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None]:
    """Leave out what is marked `thorough`, unless asked for; begin with the files that wait most.

    A file of half a minute that starts last would be all that one worker of several has to do.
    """
    items.sort(key=lambda item: item.path)  # workers collect in different orders
    yield
    if not THOROUGH:
        left_out = {item for item in items if item.get_closest_marker("thorough")}
        config.hook.pytest_deselected(items=[*left_out])
        items[:] = [item for item in items if item not in left_out]
    waits = {item.path for item in items if item.get_closest_marker("docker")}
    items.sort(key=lambda item: (item.path not in waits, _PEER not in item.path.parents))


def pytest_collection_finish() -> None:
    """Have `gc.collect` see what tests make, and not all that was imported for them each time."""
    gc.freeze()
    gc.enable()


_PEER = Path(__file__).with_name("peer")  # whose silences last seconds
ENGINES = ["process", ON_DOCKER]
MESH = ["alice", "bob", "carol", "dave"]


@pytest.fixture(scope="session")
def docker_refusal() -> str:
    """Return why no Docker engine answers; empty when one does."""
    try:
        docker_client.connect().close()
    except EngineError as error:
        return error.what
    return ""


@pytest.fixture(scope="module")
def client(docker_refusal: str) -> Iterator[Any]:
    """A client of the Docker engine."""
    if docker_refusal:
        pytest.skip(docker_refusal)
    one = docker_client.connect()
    yield one
    one.close()


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
