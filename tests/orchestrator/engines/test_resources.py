"""A run for which the machine has too little is refused before a peer starts."""

from __future__ import annotations

import contextlib
import resource
import subprocess
from pathlib import Path

import pytest

from orchestrator.engines import resources
from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.resources import Demand, Resource
from orchestrator.errors import ShortageError
from orchestrator.scenario import Scenario
from tests.e2e.support import PEERLAB, environment
from tests.orchestrator.support import make_engine


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A kernel's files about a table of neighbours that has room for a thousand and 20 in it."""
    limit = tmp_path / "sys/net/ipv4/neigh/default/gc_thresh3"
    for file, text in (
        (limit, "1020\n"),
        (
            tmp_path / "net/stat/arp_cache",
            "entries  allocs\n00000014 00000001\n00000014 0\n",
        ),
    ):
        file.parent.mkdir(parents=True)
        file.write_text(text)
    monkeypatch.setattr(resources, "_PROC", tmp_path)
    return limit


def refusal(demand: Demand, found: list[Resource]) -> tuple[str, str]:
    with pytest.raises(ShortageError) as caught:
        resources.require(demand, found)
    return caught.value.what, caught.value.hint


def test_a_mesh_that_overflows_the_neighbour_table(table: Path, tmp_path: Path) -> None:
    wide = Demand(36, 630, tmp_path)
    what, hint = refusal(wide, [*resources.of_containers(wide)])
    assert what == (
        "36 peers need 1,260 entries in the kernel's neighbour table, and 1,000 are free"
    )
    assert hint == (
        "`sudo sysctl -w net.ipv4.neigh.default.gc_thresh3=2048` on this machine allows more"
    )
    table.write_text("2048\n")
    resources.require(wide, resources.of_containers(wide))
    ring = Demand(200, 200, tmp_path)
    table.write_text("1020\n")
    resources.require(ring, resources.of_containers(ring))


@pytest.mark.parametrize("missing", ["sys/net/ipv4/neigh/default/gc_thresh3", "net/stat/arp_cache"])
def test_what_cannot_be_counted_is_not_refused(table: Path, tmp_path: Path, missing: str) -> None:
    (tmp_path / missing).unlink()
    wide = Demand(60, 1_770, tmp_path)
    resources.require(wide, resources.of_containers(wide))


@pytest.mark.docker
@pytest.mark.parametrize("is_here", [True, False])
def test_containers_are_counted_if_they_run_on_this_machine(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_here: bool
) -> None:
    assert table.exists()
    monkeypatch.setattr(docker_client, "is_here", lambda _: is_here)
    refused = pytest.raises(ShortageError, match="entries in the kernel's neighbour table")
    with make_engine("docker") as engine, refused if is_here else contextlib.nullcontext():
        engine.require(Demand(36, 630, tmp_path))


def test_several_shortages_are_named_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resources, "_open_files", lambda: 10)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (30, 30))
    monkeypatch.setattr(resources, "_DISK_OF_A_PEER", 1 << 49)
    alone = Demand(1, 0, tmp_path)
    what, hint = refusal(alone, [*resources.of_the_lab(alone)])
    assert what.startswith("1 peer needs 26 open files, and 20 are free; 512 TiB of disk, and ")
    assert hint == (
        "`ulimit -n 64` in this shell allows more;"
        f" make room on the disk of {tmp_path}, or choose another with --output"
    )


def test_memory_and_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_MEMORY_OF_A_PEER", 1 << 49)
    monkeypatch.setattr("os.geteuid", lambda: 54321)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (2, 2))
    many = Demand(3, 0, tmp_path)
    what, hint = refusal(many, [*resources.of_processes(many)])
    assert " of memory, and " in what
    assert what.endswith("; 3 processes, and 2 are free")
    assert hint.endswith("; `ulimit -u 8` in this shell allows more")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)
    assert len([*resources.of_processes(many)]) == 1


def test_a_command_with_too_few_files(tmp_path: Path) -> None:
    names = ", ".join(f"p{number}" for number in range(30))
    path = tmp_path / "many.yaml"
    path.write_text(f"name: many\nwhy: Many peers.\npeers: [{names}]\nsteps: []\n")
    words = f"{PEERLAB} run {path} --engine process --runs {tmp_path}"
    done = subprocess.run(
        ["bash", "-c", f"ulimit -n 64; exec {words}"], capture_output=True, text=True,
        env=environment(), timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "the run broke off: 30 peers need 84 open files, and " in done.stderr
    assert "hint: `ulimit -n 128` in this shell allows more" in done.stderr
    assert "failed" not in done.stderr


def test_the_links_of_a_scenario() -> None:
    steps = [
        {"connect": {"at": "a", "to": "all"}},
        {"repeat": {"times": 2, "steps": [{"connect": {"at": "b", "to": "c"}}]}},
        {"connect": {"at": "c", "to": "c", "refused": ""}},
        {"connect": {"at": "c", "address": "10.0.0.1", "port": 1, "refused": ""}},
    ]
    given = {"name": "n", "why": "W.", "peers": ["a", "b", "c", "d"], "steps": steps}
    found = Scenario.model_validate(given | {"connections": [["b", "a"]]}).links
    assert sorted("".join(sorted(pair)) for pair in found) == ["ab", "ac", "ad", "bc"]
