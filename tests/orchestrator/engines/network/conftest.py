"""Peers in containers, and the network between them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.engines.docker.network import DockerNetwork
from tests.orchestrator.engines.network.places import NAMES, network_of, sidecars_of
from tests.orchestrator.support import LivePeers


@pytest.fixture(scope="module")
def shared() -> Iterator[LivePeers]:
    """Three peers for all tests of a module, which leave them running."""
    with LivePeers("docker") as place:
        place.start(NAMES)
        yield place


@pytest.fixture(scope="module")
def warm(shared: LivePeers) -> DockerNetwork:
    """Their network, whose sidecars stay from test to test."""
    return network_of(shared)


@pytest.fixture
def network(warm: DockerNetwork) -> Iterator[DockerNetwork]:
    yield warm
    warm.shape({})
    assert warm.lapses() == []


@pytest.fixture(scope="module")
def spare() -> Iterator[LivePeers]:
    """Two more peers, without a sidecar between tests."""
    with LivePeers("docker") as place:
        place.start(NAMES[:2])
        yield place


@pytest.fixture
def cold(spare: LivePeers) -> Iterator[DockerNetwork]:
    """Their network, without sidecars at first."""
    one = network_of(spare)
    yield one
    one.close()
    assert sidecars_of(spare) == []


@pytest.fixture
def own() -> Iterator[LivePeers]:
    """An engine of the test's own."""
    with LivePeers("docker") as place:
        yield place
