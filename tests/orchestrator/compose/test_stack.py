"""The services of a Compose file as peers: names, order, and what cannot be one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.compose import stack
from orchestrator.compose.stack import Stack

FILE = Path("compose.yaml")


def of(*profiles: str, **services: dict[str, Any] | None) -> Stack:
    """Return a stack of these services, as Compose resolves them."""
    given = {name: {"image": "it", **(spec or {})} for name, spec in services.items()}
    return stack.of(FILE, {"services": given}, profiles)


def problems(found: Stack) -> list[tuple[tuple[Any, ...], str]]:
    return [(problem.place, problem.what) for problem in stack.problems(found)]


def test_each_container_is_a_peer() -> None:
    found = of(db=None, web={"scale": 3}, My_Job={"deploy": {"replicas": 1}}, off={"scale": 0})
    assert [*found.by_peer] == ["db", "web1", "web2", "web3", "my-job"]
    assert [service.key for service in found.services] == ["db", "web1", "web2", "web3", "My_Job"]
    assert found.members == {"web": ["web1", "web2", "web3"]}
    assert problems(found) == []


def test_replicas_of_both_spellings_and_a_global_service() -> None:
    assert stack.scale({"deploy": {"replicas": 2}}) == 2
    assert stack.scale({"scale": 3, "deploy": {"replicas": 2}}) == 3
    assert stack.scale({"deploy": {"mode": "global"}}) == 1
    assert stack.scale({}) == 1


def test_services_start_once_what_they_wait_for_has_started() -> None:
    found = of(
        web={"scale": 2, "depends_on": {"db": {"condition": "service_healthy"}, "job": {}}},
        job={"depends_on": ["db"]},
        proxy={"links": ["web:w"], "depends_on": {"gone": {"condition": "service_started"}}},
        db=None,
    )
    assert found.waves == [["db"], ["job"], ["web1", "web2"], ["proxy"]]
    web = found.by_peer["web2"]
    needed = {one.peer: how for one, how in found.needed_by(web)}
    assert needed == {"db": "service_healthy", "job": "service_started"}


def test_what_others_wait_for_to_be_done_is_a_job() -> None:
    found = of(
        migrate={"scale": 2},
        web={"depends_on": {"migrate": {"condition": stack.COMPLETED}}},
        db=None,
    )
    assert found.jobs == ["migrate1", "migrate2"]


def test_profiles_of_the_file_that_are_not_enabled_leave_services_out() -> None:
    services = {"db": None, "debug": {"profiles": ["dev", "test"]}}
    assert [*of(**services).by_peer] == ["db"]
    assert [*of("test", **services).by_peer] == ["db", "debug"]
    assert [*of("*", **services).by_peer] == ["db", "debug"]


@pytest.mark.parametrize(
    ("spec", "port"),
    [
        ({"ports": [{"published": 80, "target": 8080}, {"target": 9000}]}, 8080),
        ({"ports": ["127.0.0.1:80:8081/tcp"]}, 8081),
        ({"ports": ["8000-8002:9000-9002"]}, 9000),
        ({"ports": ["7000"], "expose": ["6379"]}, 7000),
        ({"expose": ["6379"]}, 6379),
        ({"expose": [6379]}, 6379),
        ({}, 0),
    ],
)
def test_the_port_is_the_first_of_the_container(spec: dict[str, Any], port: int) -> None:
    assert of(db=spec).services[0].port == port


@pytest.mark.parametrize(
    ("spec", "key", "says"),
    [
        ({"network_mode": "host"}, "network_mode", "this machine's, which a run never touches"),
        ({"network_mode": "service:web"}, "network_mode", "that of 'web'"),
        ({"network_mode": "other"}, "network_mode", "a run has networks of its own"),
        ({"networks": {"n": {"ipv4_address": "10.1.2.3"}}}, "ipv4_address", "10.1.2.3"),
    ],
)
def test_what_cannot_be_a_peer(spec: dict[str, Any], key: str, says: str) -> None:
    ((place, what),) = problems(of(db=spec))
    assert place[:2] == ("services", "db")
    assert place[-1] == key
    assert says in what


def test_two_services_are_not_one_peer() -> None:
    ((place, what),) = problems(of(web1=None, web={"scale": 2}))
    assert place == ("services", "web")
    assert what == "'web1' and 'web' would both have the peer 'web1'"


def test_a_file_without_services_and_one_with_a_volume_of_others() -> None:
    assert problems(of())[0][1] == "there is no service, and so no peer"
    external = {"services": {"db": {}}, "volumes": {"data": {"external": True}, "own": None}}
    ((place, what),) = problems(stack.of(FILE, external))
    assert place == ("volumes", "data")
    assert "external" in what


def test_services_that_share_no_network_have_no_link() -> None:
    found = of(
        proxy={"networks": ["front"]},
        web={"networks": {"front": None, "back": {}}, "scale": 2},
        db={"networks": ["back"]},
        job=None,
        alone={"network_mode": "none"},
    )
    apart = [("proxy", "db"), *((one, "job") for one in ("proxy", "web1", "web2", "db"))]
    apart += [(one, "alone") for one in ("proxy", "web1", "web2", "db", "job")]
    assert found.shut == {*apart, *((other, one) for one, other in apart)}
    assert of(one=None, other=None).shut == frozenset()
    assert problems(found) == []


def test_the_networks_that_services_are_on() -> None:
    services = {
        "web": {"networks": {"back": None, "front": {"priority": 10}, "also": {}}},
        "job": {},
        "alone": {"network_mode": "none"},
    }
    networks = {"back": {"internal": True}, "front": None, "unused": {}}
    found = stack.of(FILE, {"services": services, "networks": networks})
    assert found.networks == {"also": False, "back": True, "default": False, "front": False}
    order = {service.name: [*service.networks] for service in found.services}
    assert order == {"web": ["front", "also", "back"], "job": ["default"], "alone": []}
