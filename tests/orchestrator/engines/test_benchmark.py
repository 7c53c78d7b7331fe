"""Every kind of container meets section 5 of the CIS Docker Benchmark: see docs/sandbox.md."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from docker.errors import APIError

from orchestrator import profile
from orchestrator.engines.docker import client as docker_client
from orchestrator.errors import LabError
from orchestrator.faults.effect import Effect
from orchestrator.image import ensure_image
from orchestrator.image.program import ProgramRecipe, ensure_program_image
from orchestrator.paths import ROOT
from orchestrator.profile import Start
from tests.orchestrator.support import LivePeers, things_of, until

KINDS = ("alice", "bob", "names", "canary", "sidecar", "kept")
Part = dict[str, Any]


def is_in_memory(mount: Part) -> bool:
    """Return whether a mount is a volume that has no name and is not on the host's disk."""
    local = mount.get("VolumeOptions", {}).get("DriverConfig", {})
    is_volume = (mount["Type"], local.get("Name"), mount.get("Source")) == ("volume", "local", None)
    return is_volume and local["Options"]["type"] == "tmpfs"


RULES: dict[str, Callable[[Part], bool]] = {
    "5.1 AppArmor is on": lambda host: "unconfined" not in str(host["SecurityOpt"]),
    "5.3 no capabilities": lambda host: host["CapDrop"] == ["ALL"],
    "5.4 not privileged": lambda host: not host["Privileged"],
    "5.5 nothing of the host is mounted": lambda host: (
        not host["Binds"] and all(map(is_in_memory, host.get("Mounts") or ()))
    ),
    "5.7 no port is published": lambda host: not (host["PortBindings"] or host["PublishAllPorts"]),
    "5.9 not the host's network": lambda host: host["NetworkMode"] != "host",
    "5.10 memory": lambda host: 0 < host["Memory"] == host["MemorySwap"] <= 128 << 20,
    "5.11 processor": lambda host: 0 < host["NanoCpus"] <= 10**9,
    "5.12 read-only": lambda host: host["ReadonlyRootfs"],
    "5.14 not started again": lambda host: host["RestartPolicy"]["Name"] in ("", "no"),
    "5.15 processes of its own": lambda host: not host["PidMode"],
    "5.16 memory of its own": lambda host: host["IpcMode"] != "host",
    "5.17 no devices": lambda host: not host["Devices"],
    "5.18 files": lambda host: _limited(host) >= {"core", "nofile"},
    "5.20 a host name of its own": lambda host: host["UTSMode"] != "host",
    "5.21 seccomp is on": lambda host: "seccomp" not in str(host["SecurityOpt"]),
    "5.24 its own control group": lambda host: not host["CgroupParent"],
    "5.25 no new privileges": lambda host: "no-new-privileges:true" in (host["SecurityOpt"] or ()),
    "5.28 processes": lambda host: 0 < (host["PidsLimit"] or 0) <= 320,
    "5.29 not the common bridge": lambda host: host["NetworkMode"] not in ("default", "bridge"),
    "5.30 not the host's users": lambda host: host["UsernsMode"] != "host",
    "5.31 no socket of Docker": lambda host: "docker.sock" not in str(host),
}


def _limited(host: Part) -> set[str]:
    return {limit["Name"] for limit in host["Ulimits"] or ()}


@pytest.mark.docker
def test_every_kind_of_container_meets_the_benchmark() -> None:
    with LivePeers("docker", canary=True) as place:
        plain = profile.load("peerlab")
        start = plain.start.model_copy(update={"keep": ["/srv/data"]})
        keeps = plain.model_copy(update={"start": start})
        sessions = [*place.start(["alice"]), *place.start(["bob"], keeps)]
        peers = [session.peer for session in sessions]
        network = place.engine.network(peers)
        network.shape({("alice", "bob"): Effect(cut=True)})
        names = things_of(place.client, lambda owner: owner.run == place.run)
        inspect: Any = place.client.api.inspect_container
        found = {name: inspect(name[1:]) for name in names if name.startswith("/")}
        kinds = {kind: one for kind in KINDS for name, one in found.items() if kind in name}
        assert set(kinds) == set(KINDS)
        for name, one in found.items():
            host, user = one["HostConfig"], one["Config"]["User"]
            assert [rule for rule, holds in RULES.items() if not holds(host)] == [], name
            # It changes packet rules in a peer's network: root, with this capability alone.
            is_sidecar = "sidecar" in name
            assert host["CapAdd"] == (["NET_ADMIN"] if is_sidecar else None), name
            assert is_sidecar or user.partition(":")[0] not in ("", "0", "root"), name


BUILDS_LACK = {
    "5.3 no capabilities", "5.12 read-only", "5.25 no new privileges", "5.28 processes",
    "5.10 memory", "5.11 processor",
}  # fmt: skip
"""Rules that a build's container cannot meet in these words: Docker has no option for them."""

READ_STATUS = (
    "import pathlib\n"
    "for p in pathlib.Path('/proc').glob('[0-9]*'):\n"
    " if 'signal' '.pause' in (p / 'cmdline').read_text():\n"
    "  print((p / 'status').read_text(), (p / 'limits').read_text())\n"
)


@pytest.mark.docker
def test_a_build_meets_what_docker_can_limit(tmp_path: Path) -> None:
    pauses = [["python3", "-c", "import signal; signal.pause()"]]
    start = Start.model_validate({"folder": str(tmp_path), "command": ["x"], "build": pauses})
    base = ensure_image(lambda _: None, ROOT)
    recipe = ProgramRecipe(tmp_path, base, "", start)
    client: Any = docker_client.connect()
    wanted = {"label": f"peerlab.folder={tmp_path}"}
    with ThreadPoolExecutor(1) as threads:
        build = threads.submit(ensure_program_image, lambda _: None, recipe)
        try:
            until(lambda: "CapEff" in status_of(client, wanted), "the build")
            (found,) = client.api.containers(filters=wanted)
            host = client.api.inspect_container(found["Id"])["HostConfig"]
            seen = status_of(client, wanted)
        finally:
            for one in client.api.containers(filters=wanted):
                client.api.kill(one["Id"])
        with pytest.raises(LabError):
            build.result()
    client.close()
    assert {rule for rule, holds in RULES.items() if not holds(host)} == BUILDS_LACK
    assert host["Memory"] == host["MemorySwap"] == 1 << 30
    assert (host["CpuQuota"], host["CpuPeriod"], host["NetworkMode"]) == (100_000, 100_000, "none")
    assert _limited(host) == {"core", "nofile", "nproc"}
    assert "Uid:\t10001\t10001" in seen
    assert "CapEff:\t0000000000000000" in seen
    assert "NoNewPrivs:\t1" in seen
    assert re.search(r"Max processes +2048 +2048 ", seen)
    assert re.search(r"Max open files +1024 +4096 ", seen)


def status_of(client: Any, wanted: dict[str, str]) -> str:
    """Return the kernel's status of the program's own command in a build; empty before it runs."""
    for one in client.api.containers(filters=wanted):
        with contextlib.suppress(APIError):
            call = client.api.exec_create(one["Id"], ["python3", "-c", READ_STATUS])
            return str(client.api.exec_start(call["Id"]).decode())
    return ""
