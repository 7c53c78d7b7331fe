"""Docker's conditions: the engine, what it can do, and what it needs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from orchestrator import command
from orchestrator.diagnosis.condition import Condition, State
from orchestrator.docker_host.endpoint import current
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker import sidecar, subnet
from orchestrator.engines.docker.client import Client, translated
from orchestrator.errors import LabError
from orchestrator.faults.effect import FEATURES
from orchestrator.image import missing_images
from orchestrator.paths import ROOT
from orchestrator.text import count

_GIB = 1 << 30
_LITTLE_DISK = 2 * _GIB  # the lab's images take half of it while they are built
_COMPOSE = (("docker", "compose", "version", "--short"), ("docker-compose", "version", "--short"))
_FAULTS = {
    "cut": "partition, isolate",
    "loss": "impair with loss",
    "bandwidth": "impair with bandwidth",
    "delay": "impair with delay or jitter",
    "stream": "stream",
}
"""The steps of scenarios that need each feature of a network."""

_NETEM = (
    "`sudo modprobe sch_netem` if this kernel has that module (Ubuntu: in the package"
    " linux-modules-extra)"
)
_LIMITS = {
    "MemoryLimit": "the memory", "SwapLimit": "the swap space", "PidsLimit": "the processes",
    "CpuCfsQuota": "the processor time",
}  # fmt: skip
"""What Docker says whether the kernel lets it limit, and what that is of a program."""


def of_client(client: Client) -> Iterator[Condition]:
    """Yield the conditions of an engine that answers.

    Raises:
        EngineError: it does not describe itself.
    """
    with translated("Docker does not describe itself"):
        info, version = client.info(), client.version()
    yield _of_engine(version)
    yield _attempt("docker command", _of_command, "nothing can be built or attached to")
    yield _of_compose()
    yield _of_limits(info)
    yield _attempt("networks", lambda: _of_networks(client), "no peers can be started")
    yield _of_disk(Path(info["DockerRootDir"]), is_here=docker_client.is_here(client))
    images = _attempt("images", _of_images, "they cannot be built when they are needed")
    yield images
    if images.state is State.WORKS:
        yield from _of_faults(client)
    else:
        yield Condition("faults", State.UNKNOWN, "to try them takes the lab's images")


def _attempt(part: str, find_out: Callable[[], Condition], means: str) -> Condition:
    try:
        return find_out()
    except LabError as error:
        return Condition.of_error(part, error, means)


def _of_engine(found: dict[str, object]) -> Condition:
    says = f"Docker Engine {found['Version']} answers at {current()}, API {found['ApiVersion']}"
    return Condition("engine", State.WORKS, says)


def _of_command() -> Condition:
    version = command.docker(
        "docker", "version", "--format", "{{.Client.Version}}",
        hint="install it: docker-ce-cli, or docker.io of Debian and Ubuntu",
    )  # fmt: skip
    return Condition("docker command", State.WORKS, f"version {version.strip()}")


def _of_compose() -> Condition:
    for words in _COMPOSE:
        try:
            version = command.docker(*words).strip()
        except LabError:
            continue
        return Condition("Compose", State.WORKS, f"{' '.join(words[:-2])}, version {version}")
    return Condition(
        "Compose",
        State.LIMITED,
        "there is none",
        "the services of a Compose file cannot be peers; everything else needs no Compose",
        "install docker-compose-plugin, or docker-compose of Debian and Ubuntu",
    )


def _of_limits(info: dict[str, object]) -> Condition:
    missing = [what for key, what in _LIMITS.items() if info.get(key) is False]
    if not missing:
        return Condition("sandbox", State.WORKS, "Docker can limit what programs take")
    return Condition(
        "sandbox",
        State.LIMITED,
        f"Docker cannot limit {', '.join(missing)} of a program",
        "a program can take more than docs/sandbox.md says and disturb others",
        "boot with `cgroup_enable=memory swapaccount=1`, or mount the control groups",
    )


def _of_networks(client: Client) -> Condition:
    """Have Docker choose a subnet, as each run does."""
    free = subnet.find_subnet(client, "peerlab-doctor")
    with translated("Docker does not list its networks"):
        there = len(client.api.networks(filters={"driver": "bridge"}))
    says = f"one more fits into Docker's address pools, as {free.range}; bridges so far: {there}"
    return Condition("networks", State.WORKS, says)


def _of_disk(folder: Path, *, is_here: bool) -> Condition:
    try:
        stats = os.statvfs(folder) if is_here else None
    except OSError:
        stats = None
    if stats is None:
        return Condition("disk of Docker", State.UNKNOWN, f"{folder} cannot be seen from here")
    free = stats.f_bavail * stats.f_frsize
    says = f"{free / _GIB:.1f} GiB free in {folder}"
    if free > _LITTLE_DISK:
        return Condition("disk of Docker", State.WORKS, says)
    means = "images may not be built, and Docker may stall"
    return Condition("disk of Docker", State.LIMITED, says, means, "docker system prune")


def _of_images() -> Condition:
    missing = missing_images(ROOT)
    if not missing:
        return Condition("images", State.WORKS, "all of the lab's own are built")
    return Condition(
        "images",
        State.LIMITED,
        f"{count(len(missing), 'image')} of the lab's own to be built",
        "the first run builds what it needs, which takes a minute and a network",
        "peerlab image",
    )


def _of_faults(client: Client) -> Iterator[Condition]:
    """Yield for each feature of a network whether sidecars can do it here, and how."""
    try:
        found = sidecar.capabilities(client)
    except LabError as error:
        yield Condition.of_error("faults", error, "no fault of the network can be injected")
        return
    for feature in FEATURES:
        part = f"fault: {_FAULTS[feature]}"
        if feature in found.unsupported:
            yield Condition(
                part, State.LIMITED, f"impossible: {found.unsupported[feature]}",
                "scenarios with it end as unknown",
            )  # fmt: skip
        elif feature in found.notes:
            means = "connections that were made before it are not delayed"
            yield Condition(part, State.LIMITED, found.notes[feature], means, _NETEM)
        else:
            yield Condition(part, State.WORKS, f"by {found.mechanisms[feature]}")
