"""Docker's conditions, with each of its parts missing in turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from orchestrator.diagnosis import docker
from orchestrator.diagnosis.condition import Condition, State
from orchestrator.engines.docker.sidecar import NetworkCapabilities
from orchestrator.errors import EngineError, LabError, ShortageError
from orchestrator.faults.effect import FEATURES

BY = dict.fromkeys(FEATURES, "nftables")


class Client:
    """Answers as Docker's client does, as far as conditions ask."""

    api = type("Api", (), {"networks": lambda self, **_: [1, 2]})()

    def info(self) -> dict[str, Any]:
        return {"DockerRootDir": "/", "MemoryLimit": True, "PidsLimit": True}

    def version(self) -> dict[str, str]:
        return {"Version": "27.1", "ApiVersion": "1.46"}


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine on which all works; a test changes one part of it."""
    subnet = type("Range", (), {"range": "172.18.0.0/16"})
    monkeypatch.setattr("orchestrator.diagnosis.docker.command.docker", lambda *_, **__: "2.0\n")
    monkeypatch.setattr("orchestrator.diagnosis.docker.subnet.find_subnet", lambda *_: subnet)
    monkeypatch.setattr("orchestrator.diagnosis.docker.docker_client.is_here", lambda _: True)
    monkeypatch.setattr("orchestrator.diagnosis.docker.missing_images", lambda _: [])
    monkeypatch.setattr(
        "orchestrator.diagnosis.docker.sidecar.capabilities",
        lambda _: NetworkCapabilities(BY, {}, {}),
    )
    monkeypatch.setattr(docker, "_LITTLE_DISK", 0)
    return monkeypatch


def found() -> dict[str, Condition]:
    client: Any = Client()
    return {one.part: one for one in docker.of_client(client)}


def flawed() -> list[Condition]:
    return [one for one in found().values() if one.state is not State.WORKS]


def fail(error: LabError) -> Any:
    def call(*_: object, **__: object) -> None:
        raise error

    return call


def test_all_works() -> None:
    assert flawed() == []
    assert found()["engine"].says.startswith("Docker Engine 27.1 answers at ")
    assert found()["Compose"].says == "docker compose, version 2.0"
    faults = [part for part in found() if part.startswith("fault: ")]
    assert len(faults) == len(FEATURES)


def test_no_command_and_no_compose(machine: pytest.MonkeyPatch) -> None:
    refusal = LabError("there is no docker command here", hint="install it")
    machine.setattr("orchestrator.diagnosis.docker.command.docker", fail(refusal))
    command, compose = flawed()
    assert (command.part, command.state, command.says, command.remedy) == (
        "docker command", State.FAILS, "there is no docker command here", "install it"
    )  # fmt: skip
    assert (compose.part, compose.state) == ("Compose", State.LIMITED)
    assert "needs no Compose" in compose.means


def test_compose_of_the_first_version_alone(machine: pytest.MonkeyPatch) -> None:
    def call(*words: str, **_: object) -> str:
        if words[:2] == ("docker", "compose"):
            raise LabError("`docker compose` failed")
        return "1.29.2\n"

    machine.setattr("orchestrator.diagnosis.docker.command.docker", call)
    assert found()["Compose"].says == "docker-compose, version 1.29.2"


def test_no_address_pool_is_left(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(
        "orchestrator.diagnosis.docker.subnet.find_subnet",
        fail(ShortageError("none is left", hint="prune")),
    )
    (networks,) = flawed()
    assert networks == Condition(
        "networks", State.FAILS, "none is left", "no peers can be started", "prune"
    )


def test_a_kernel_that_cannot_limit_memory(machine: pytest.MonkeyPatch) -> None:
    info = Client().info() | {"MemoryLimit": False, "SwapLimit": False}
    machine.setattr(Client, "info", lambda _: info)
    (sandbox,) = flawed()
    assert (sandbox.part, sandbox.state) == ("sandbox", State.LIMITED)
    assert sandbox.says == "Docker cannot limit the memory, the swap space of a program"


def test_little_disk_and_a_disk_elsewhere(machine: pytest.MonkeyPatch) -> None:
    machine.setattr(docker, "_LITTLE_DISK", 1 << 80)
    (disk,) = flawed()
    assert (disk.part, disk.state, disk.remedy) == (
        "disk of Docker", State.LIMITED, "docker system prune"
    )  # fmt: skip
    machine.setattr("orchestrator.diagnosis.docker.docker_client.is_here", lambda _: False)
    (disk,) = flawed()
    assert (disk.state, disk.says) == (State.UNKNOWN, "/ cannot be seen from here")
    assert docker._of_disk(Path("/none"), is_here=True).state is State.UNKNOWN


def test_images_that_are_not_built_yet(machine: pytest.MonkeyPatch) -> None:
    machine.setattr("orchestrator.diagnosis.docker.missing_images", lambda _: ["one", "two"])
    images, faults = flawed()
    assert (images.state, images.remedy) == (State.LIMITED, "peerlab image")
    assert images.says == "2 images of the lab's own to be built"
    assert (faults.part, faults.state) == ("faults", State.UNKNOWN)


def test_faults_that_are_impossible_or_done_otherwise(machine: pytest.MonkeyPatch) -> None:
    able = NetworkCapabilities(
        {name: how for name, how in BY.items() if name != "loss"},
        {"loss": "nft: no"},
        {"delay": "no netem here: the relay delays instead"},
    )
    machine.setattr("orchestrator.diagnosis.docker.sidecar.capabilities", lambda _: able)
    loss, delay = flawed()
    assert (loss.part, loss.says) == ("fault: impair with loss", "impossible: nft: no")
    assert (delay.part, delay.says) == (
        "fault: impair with delay or jitter", "no netem here: the relay delays instead"
    )  # fmt: skip
    assert "modprobe sch_netem" in delay.remedy


def test_no_sidecar_may_start(machine: pytest.MonkeyPatch) -> None:
    refusal = EngineError("no sidecar", hint="check that containers may have NET_ADMIN here")
    machine.setattr("orchestrator.diagnosis.docker.sidecar.capabilities", fail(refusal))
    (faults,) = flawed()
    assert (faults.part, faults.state, faults.says) == ("faults", State.FAILS, "no sidecar")
    assert faults.remedy == "check that containers may have NET_ADMIN here"
