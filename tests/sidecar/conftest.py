"""Sidecars on this machine's loopback, and in containers."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from orchestrator.image import ensure_sidecar_image
from orchestrator.paths import ROOT
from tests.orchestrator.support import until
from tests.sidecar.support import Host, SidecarProcess, docker, without_kernel


@pytest.fixture(scope="module")
def local_sidecars() -> Iterator[list[SidecarProcess]]:
    """The sidecars that a module's tests have started on this machine; they share the last."""
    started = [without_kernel()]
    yield started
    for sidecar in started:
        sidecar.close()


@pytest.fixture
def sidecar(local_sidecars: list[SidecarProcess]) -> Iterator[SidecarProcess]:
    """A sidecar on this machine, which touches no packet and has no rules."""
    if local_sidecars[-1].process.poll() is not None:
        local_sidecars.append(without_kernel())
    one = local_sidecars[-1]
    yield one
    if one.is_open:
        one.set_rules()
        until(lambda: one.ask("state")["carried"] == 0, "the end of all connections")


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
