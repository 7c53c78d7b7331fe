"""Sidecars on this machine's loopback, and in containers."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from orchestrator.image import ensure_sidecar_image
from orchestrator.paths import ROOT
from tests.sidecar.support import Host, Sidecar, docker, without_kernel


@pytest.fixture
def sidecar() -> Iterator[Sidecar]:
    """A sidecar on this machine, which touches no packet."""
    one = without_kernel()
    yield one
    one.close()


@pytest.fixture(scope="module")
def network(docker_refusal: str) -> Iterator[str]:
    """A network for containers."""
    if docker_refusal:
        pytest.skip(docker_refusal)
    name = f"peerlab-test-{uuid4().hex[:8]}"
    docker("network", "create", name)
    yield name
    docker("network", "rm", name)


@pytest.fixture(scope="module")
def shared(network: str) -> Iterator[tuple[Host, Host]]:
    """Two hosts that the tests of a module share."""
    image = ensure_sidecar_image(lambda _: None, ROOT)
    hosts = [Host(image, network) for _ in range(2)]
    yield hosts[0], hosts[1]
    for host in hosts:
        host.close()


@pytest.fixture
def hosts(shared: tuple[Host, Host]) -> Iterator[tuple[Host, Host]]:
    """Two hosts without rules, before and afterwards."""
    yield shared
    for host in shared:
        if host.sidecar.process.poll() is not None:
            host.start_sidecar()
        host.sidecar.set_rules()
