"""Subnets and addresses that the lab chooses."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from docker.errors import APIError

from orchestrator import definition
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker import subnet as docker_subnet
from orchestrator.engines.docker.subnet import Addresses, Subnet
from orchestrator.errors import EngineError, ShortageError
from orchestrator.owner import Owner

SMALL = Subnet("10.1.2.0/29", "10.1.2.1")


def described(*configs: dict[str, str]) -> dict[str, Any]:
    return {"Name": "mesh", "IPAM": {"Config": list(configs)}}


def test_the_ipv4_subnet_of_a_network_is_found() -> None:
    six, four = {"Subnet": "fd00::/64"}, {"Subnet": "10.1.2.0/29", "Gateway": "10.1.2.1"}
    assert Subnet.of(described(six, four)) == SMALL
    assert Subnet.of(described({"Subnet": "10.1.2.0/29"})) == SMALL
    assert Subnet.of(described(four | {"Gateway": "10.1.2.1/29"})) == SMALL
    for nothing in (described(six), {"Name": "mesh", "IPAM": {"Config": None}}):
        with pytest.raises(EngineError, match="gave the network mesh no IPv4 subnet"):
            Subnet.of(nothing)


def test_the_first_addresses() -> None:
    assert SMALL.first(2) == ["10.1.2.2", "10.1.2.3"]
    assert Subnet("10.1.2.0/29", "10.1.2.3").first(2) == ["10.1.2.1", "10.1.2.2"]
    with pytest.raises(EngineError, match=r"10\.1\.2\.0/29 has 3 addresses, 4 are needed"):
        SMALL.first(4)


def test_no_peer_gets_the_last_two_addresses() -> None:
    assert SMALL.last == "10.1.2.6"
    assert Subnet("10.1.2.0/29", "10.1.2.6").last == "10.1.2.5"
    for subnet in (SMALL, Subnet("10.1.2.0/29", "10.1.2.6")):
        assert not {subnet.last, subnet.canary, subnet.gateway} & set(subnet.hosts())
    assert SMALL.canary == "10.1.2.5"


def test_a_returned_address_is_reused_last() -> None:
    addresses = Addresses(SMALL)
    assert [addresses.take() for _ in range(2)] == ["10.1.2.2", "10.1.2.3"]
    addresses.give_back(["10.1.2.3", "10.1.2.2"])
    assert [addresses.take()[-1] for _ in range(3)] == ["4", "3", "2"]
    with pytest.raises(EngineError, match=r"no address is left in 10\.1\.2\.0/29"):
        addresses.take()


def test_no_two_threads_get_the_same_address() -> None:
    addresses = Addresses(Subnet("10.0.0.0/16", "10.0.0.1"))
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: addresses.take(), range(2_000)))
    assert len(set(taken)) == len(taken)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of the Docker engine, in a process that has had no network yet."""
    monkeypatch.setattr(docker_subnet, "_spare", [])
    one = docker_client.connect()
    yield one
    one.close()


@pytest.fixture
def owner(client: Any) -> Iterator[Owner]:
    """The owner of networks that are removed after the test."""
    one = Owner.this()
    yield one
    docker_client.remove_run(client, one.run)


def make(client: Any, owner: Owner, name: str) -> Subnet:
    labels = {docker_client.OWNER: owner.mark}
    full = f"peerlab-{owner.run}-{name}"
    return docker_subnet.make_network(client, full, definition.load().network, labels)


@pytest.mark.docker
def test_a_subnet_of_this_process_is_reused_without_asking(
    client: Any, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    # From a range that Docker never chooses by itself, so that no other test has it: RFC 2544.
    place = f"198.18.{secrets.randbelow(256)}.{16 * secrets.randbelow(16)}"
    range_ = ipaddress.ip_network(f"{place}/28")
    first = Subnet(str(range_), str(range_[1]))
    docker_subnet.spare(first)
    assert make(client, owner, "one") == first
    docker_client.remove_run(client, owner.run)
    docker_subnet.spare(first)
    with monkeypatch.context() as patch:
        patch.setattr(docker_subnet, "find_subnet", lambda *_: pytest.fail("asked"))
        assert make(client, owner, "two") == first


@pytest.mark.docker
def test_a_taken_subnet_is_skipped(
    client: Any, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = make(client, owner, "one")
    docker_subnet.spare(taken)
    assert make(client, owner, "two") != taken
    monkeypatch.setattr(docker_subnet, "find_subnet", lambda *_: taken)
    with pytest.raises(EngineError, match="others took each of 10 subnets"):
        make(client, owner, "three")


@pytest.mark.docker
def test_another_refusal_is_raised_at_once(client: Any, owner: Owner) -> None:
    docker_subnet.spare(Subnet("10.1.2.0/29", "10.99.0.1"))
    with pytest.raises(EngineError, match=r"^no network for this run: "):
        make(client, owner, "one")


@pytest.mark.docker
def test_finding_a_subnet_leaves_no_network(client: Any, owner: Owner) -> None:
    name = f"peerlab-{owner.run}"
    docker_subnet.find_subnet(client, name)
    assert client.api.networks(names=[name]) == []


class UsedUp:
    """A Docker engine with 31 networks and no addresses for another."""

    def __init__(self, says: str) -> None:
        self.api, self._says = self, says

    def create_network(self, *_: object, **__: object) -> None:
        raise APIError("500", explanation=self._says)

    def networks(self) -> list[dict[str, str]]:
        return [{"Driver": driver} for driver in ["host", "null", *["bridge"] * 31]]


@pytest.mark.parametrize(
    "says",
    [  # Docker 20.10 and 28
        "could not find an available, non-overlapping IPv4 address pool among the defaults",
        "all predefined address pools have been fully subnetted",
    ],
)
def test_address_pools_that_are_used_up(says: str) -> None:
    with pytest.raises(ShortageError, match="no addresses left for it: 31 are there") as caught:
        docker_subnet.find_subnet(UsedUp(says), "any")  # type: ignore[arg-type]
    assert "docker network prune" in caught.value.hint
    assert "--jobs" in caught.value.hint
