"""The Compose file from which a run is started: the user's, in networks and volumes of the run.

Pure. Compose merges lists when it is given several files, so that a second one could not take away
a published port. This is therefore the whole file, as Compose has resolved it, with each container
as a service of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from orchestrator.compose.stack import Service, Stack

REPOSITORY = "peerlab-compose"  # of the images that are built
BUILT = "peerlab.compose"  # label of these images: the file that says how

_LEFT_OUT = (
    "build",  # done before: see `to_build`
    "container_name", "ports",  # two runs at a time would both want them
    "depends_on", "profiles", "restart", "scale",  # the lab starts what is there
    "network_mode", "networks", "external_links",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class RunPlace:
    """Where the containers of a stack are created for one run.

    Attributes:
        networks: the names of the run's networks, by those of the file's.
        addresses: the peers' addresses, by the run's network.
        dns: the address of each network's name server, by the file's network.
        labels: of all that is created.
        own_labels: of each peer's container.
        attached: the peers whose console is the program's own terminal.
    """

    networks: Mapping[str, str]
    addresses: Mapping[str, Mapping[str, str]]
    dns: Mapping[str, str]
    labels: Mapping[str, str]
    own_labels: Mapping[str, Mapping[str, str]]
    attached: Collection[str]


def image(stack: Stack, service: Service) -> str:
    """Return the name of the image that is built for a service.

    It is no name of the user's own, the same in every run, and that of services built alike.
    """
    facts = repr((str(stack.path), _build(stack, service)))
    return f"{REPOSITORY}:{hashlib.sha256(facts.encode()).hexdigest()[:12]}"


def to_build(stack: Stack) -> dict[str, Any]:
    """Return a file with a service for each image to build; it is empty if there is none."""
    built: dict[str, Service] = {}
    for service in stack.services:
        if service.is_built:
            built.setdefault(image(stack, service), service)
    services = {
        one.name: {"build": _build(stack, one), "image": name} for name, one in built.items()
    }
    return {**_kept(stack, "version", "secrets"), "services": services} if services else {}


def _build(stack: Stack, service: Service) -> dict[str, Any]:
    given = service.spec["build"]
    spelt_out = dict(given) if isinstance(given, Mapping) else {"context": given}
    labels = _mapping(spelt_out.get("labels")) | _literal({BUILT: str(stack.path)})
    return {key: one for key, one in spelt_out.items() if key != "tags"} | {"labels": labels}


def to_run(stack: Stack, place: RunPlace) -> dict[str, Any]:
    """Return the file whose project is a run's."""
    labels = _literal(place.labels)
    services = {one.key: _service(stack, one, place) for one in stack.services}
    volumes = {
        name: {key: it for key, it in (given or {}).items() if key != "name"}
        | {"labels": _mapping((given or {}).get("labels")) | labels}
        for name, given in (stack.content.get("volumes") or {}).items()
    }
    networks = {name: {"external": True, "name": its} for name, its in place.networks.items()}
    kept = _kept(stack, "version", "secrets", "configs")
    return {**kept, "services": services, "volumes": volumes, "networks": networks}


def _kept(stack: Stack, *keys: str) -> dict[str, Any]:
    return {key: stack.content[key] for key in keys if stack.content.get(key)}


def _service(stack: Stack, service: Service, place: RunPlace) -> dict[str, Any]:
    spec = {key: one for key, one in service.spec.items() if key not in _LEFT_OUT}
    spec |= _in_networks(service, place)
    own = _literal({**place.labels, **place.own_labels[service.peer]})
    spec["labels"] = _mapping(spec.get("labels")) | own
    spec["restart"] = "no"  # only a scenario restarts peers
    if service.is_built:
        spec["image"] = image(stack, service)
        spec.pop("pull_policy", None)
    if service.peer in place.attached:
        spec |= {"tty": True, "stdin_open": True}
    for key in ("links", "volumes_from"):
        if key in spec:
            spec[key] = [name for one in spec[key] for name in _renamed(stack, str(one))]
    if "deploy" in spec:
        left_out = ("replicas", "mode", "restart_policy")
        spec["deploy"] = {key: it for key, it in spec["deploy"].items() if key not in left_out}
    return spec


def _in_networks(service: Service, place: RunPlace) -> dict[str, Any]:
    """Return what a service asks for in its networks, and the name servers that it has there."""
    if not service.networks:
        return {"network_mode": "none"}
    asked = {}
    for name, given in service.networks.items():
        names = [service.name, service.peer, *(given.get("aliases") or ())]
        asked[name] = {
            "ipv4_address": place.addresses[service.peer][place.networks[name]],
            "aliases": [*dict.fromkeys(names)],
            **{key: given[key] for key in ("priority",) if given.get(key)},
        }
    servers = [place.dns[name] for name in service.networks if name in place.dns]
    return {"networks": asked} | ({} if "dns" in service.spec or not servers else {"dns": servers})


def _renamed(stack: Stack, reference: str) -> list[str]:
    """Return `db:alias` for each container of the service that it names."""
    name, colon, rest = reference.partition(":")
    return [f"{one.key}{colon}{rest}" for one in stack.services if one.name == name] or [reference]


def _literal(labels: Mapping[str, str]) -> dict[str, Any]:
    """Return labels in which Compose will fill in nothing."""
    return {name: text.replace("$", "$$") for name, text in labels.items()}


def _mapping(given: Any) -> dict[str, Any]:
    """Return labels as a mapping, which they may also be a list of."""
    if isinstance(given, Mapping):
        return dict(given)
    return dict(str(one).partition("=")[::2] for one in given or ())
