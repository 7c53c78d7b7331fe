"""The file from which a run is started: what it has of the user's, and what not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.compose import run_file, stack
from orchestrator.compose.run_file import RunPlace

CONTENT: dict[str, Any] = {
    "version": "3.9",
    "services": {
        "db": {
            "image": "db",
            "container_name": "the-db",
            "ports": [{"published": 5432, "target": 5432}],
            "restart": "always",
            "labels": ["a=b", "c"],
            "networks": {"back": {"aliases": ["database"]}},
            "volumes": ["data:/data"],
            "dns": ["1.1.1.1"],
        },
        "my_web": {
            "build": {"context": "/src", "tags": ["mine"]},
            "image": "mine",
            "pull_policy": "always",
            "deploy": {"replicas": 2, "restart_policy": {}, "resources": {"limits": {}}},
            "depends_on": {"db": {"condition": "service_healthy"}},
            "tty": False,
            "networks": {"back": {}, "front": {"aliases": ["www"], "priority": 10}},
        },
        "job": {
            "build": "/job",
            "network_mode": "none",
            "links": ["my_web:w", "db"],
            "volumes_from": ["my_web:ro"],
        },
    },
    "networks": {"back": {"name": "backend"}},
    "volumes": {"data": {"name": "precious", "labels": {"x": "y"}}, "more": None},
    "secrets": {"key": {"file": "/key"}},
}
STACK = stack.of(Path("/stack/compose.yaml"), CONTENT)
ADDRESSES = {
    "db": {"run-1": "10.1.0.2"},
    "my-web1": {"run-1": "10.1.0.3", "run-2": "10.2.0.3"},
    "my-web2": {"run-1": "10.1.0.4", "run-2": "10.2.0.4"},
    "job": {},
}
PLACE = RunPlace(
    {"back": "run-1", "front": "run-2"},
    ADDRESSES,
    {"back": "10.1.0.9", "front": "10.2.0.9"},
    {"owner": "me", "kept": "/a$b"},
    {name: {"peer": name} for name in ADDRESSES},
    ["my-web2"],
)


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    """The file of a run."""
    return run_file.to_run(STACK, PLACE)


def test_what_would_reach_out_of_the_run_is_left_out(made: dict[str, Any]) -> None:
    db = made["services"]["db"]
    assert not {"container_name", "ports", "profiles", "depends_on", "build"} & {*db}
    assert db["restart"] == "no"
    assert db["volumes"] == ["data:/data"]
    assert "name" not in made["volumes"]["data"]
    assert made["networks"] == {
        "back": {"external": True, "name": "run-1"}, "front": {"external": True, "name": "run-2"}
    }  # fmt: skip
    assert made["secrets"] == CONTENT["secrets"]
    assert made["version"] == "3.9"


def test_everything_is_marked_as_the_labs(made: dict[str, Any]) -> None:
    marks = {"owner": "me", "kept": "/a$$b"}  # in which Compose must fill in nothing
    assert made["services"]["db"]["labels"] == {"a": "b", "c": "", "peer": "db", **marks}
    assert made["services"]["my_web2"]["labels"] == {"peer": "my-web2", **marks}
    assert made["volumes"] == {"data": {"labels": {"x": "y", **marks}}, "more": {"labels": marks}}


def test_services_keep_their_networks_with_their_names_there(made: dict[str, Any]) -> None:
    db, web = made["services"]["db"], made["services"]["my_web1"]
    assert db["networks"] == {
        "back": {"ipv4_address": "10.1.0.2", "aliases": ["db", "database"]}
    }  # fmt: skip
    front = {"ipv4_address": "10.2.0.3", "aliases": ["my_web", "my-web1", "www"], "priority": 10}
    assert web["networks"] == {
        "front": front,
        "back": {"ipv4_address": "10.1.0.3", "aliases": ["my_web", "my-web1"]},
    }
    assert (db["dns"], web["dns"]) == (["1.1.1.1"], ["10.2.0.9", "10.1.0.9"])


def test_a_service_without_a_network_stays_so(made: dict[str, Any]) -> None:
    job = made["services"]["job"]
    assert job["network_mode"] == "none"
    assert not {"networks", "dns"} & {*job}


def test_several_containers_are_services_of_their_own(made: dict[str, Any]) -> None:
    assert [*made["services"]] == ["db", "my_web1", "my_web2", "job"]
    assert made["services"]["my_web2"]["deploy"] == {"resources": {"limits": {}}}
    job = made["services"]["job"]
    assert job["links"] == ["my_web1:w", "my_web2:w", "db"]
    assert job["volumes_from"] == ["my_web1:ro", "my_web2:ro"]


def test_a_console_that_is_attached_gets_a_terminal(made: dict[str, Any]) -> None:
    own, other = made["services"]["my_web2"], made["services"]["my_web1"]
    assert (own["tty"], own["stdin_open"]) == (True, True)
    assert other["tty"] is False  # as the user's file has it
    assert "stdin_open" not in other


def test_images_are_built_under_names_of_the_lab(made: dict[str, Any]) -> None:
    built = run_file.to_build(STACK)
    assert [*built["services"]] == ["my_web", "job"]
    web = built["services"]["my_web"]
    assert web["build"] == {
        "context": "/src",
        "labels": {"peerlab.compose": "/stack/compose.yaml"},
    }
    assert web["image"].startswith("peerlab-compose:")
    assert made["services"]["my_web1"]["image"] == web["image"] != "mine"
    assert "pull_policy" not in made["services"]["my_web1"]


def test_services_that_are_built_alike_share_an_image() -> None:
    alike = {name: {"build": {"context": "/src"}} for name in ("one", "two")}
    other = {"build": {"context": "/src", "args": {"A": "1"}}}
    found = stack.of(Path("f"), {"services": {**alike, "three": other}})
    one, two, three = (run_file.image(found, service) for service in found.services)
    assert one == two != three
    assert len(run_file.to_build(found)["services"]) == 2
    assert run_file.to_build(stack.of(Path("f"), {"services": {"db": {"image": "db"}}})) == {}


def test_the_users_file_is_not_changed() -> None:
    before = repr(CONTENT)
    run_file.to_run(STACK, PLACE)
    run_file.to_build(STACK)
    assert repr(CONTENT) == before
