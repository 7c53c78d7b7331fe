"""What people do to the mesh by hand while faults hold there: `up`, Ctrl-C, ends of peers."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker.sidecar import MESH_SIDECAR
from tests.e2e.support import SHORT, peerlab, start
from tests.orchestrator.support import things_of, until

pytestmark = [
    pytest.mark.docker,
    pytest.mark.usefixtures("only_mesh"),
    pytest.mark.timeout(150, func_only=True),  # whoever has the mesh may take long
]


@pytest.fixture(scope="module")
def client(docker_refusal: str, only_mesh: None) -> Iterator[Any]:
    """A client of the Docker engine, while nobody else has a mesh."""
    if docker_refusal:
        pytest.skip(docker_refusal)
    one = docker_client.connect()
    if one.api.containers(all=True, filters={"label": "peerlab.mesh=peerlab"}):
        pytest.fail("a mesh is up, and this test would remove it: `peerlab down` first")
    yield one
    one.close()


@pytest.fixture
def mesh(client: Any) -> Iterator[Any]:
    """Return the client; three peers are up, between which nothing is broken."""
    up = peerlab("up", "--peers", "3", "--json")
    assert up.returncode == 0, up.stderr
    assert up.stderr.count("note:") == 0, up.stderr
    yield client
    peerlab("heal")


@pytest.fixture(scope="module", autouse=True)
def _down_at_last(client: Any) -> Iterator[None]:
    yield
    assert peerlab("down").returncode == 0


def held() -> dict[str, dict[str, Any]]:
    """Return what holds, measured anew, by name."""
    return {each["fault"]: each for each in json.loads(peerlab("faults", "--json").stdout)}


def seen(fault: dict[str, Any], when: str) -> dict[tuple[str, str], int]:
    """Return how much arrived over each link of a fault."""
    return {tuple(row["link"]): row[when]["arrived"] for row in fault["proof"]}


def done(*words: str) -> str:
    """Run a command that does what it is asked; return what it prints."""
    one = peerlab(*words)
    assert one.returncode == 0, one.stdout + one.stderr
    return one.stdout + one.stderr


def is_at_it(client: Any) -> bool:
    """Tell whether a command is at the mesh's faults."""
    return f"@peerlab {docker_client.engine_id(client)}" in Path("/proc/net/unix").read_text()


def sidecars(client: Any) -> list[str]:
    found = client.api.containers(filters={"label": MESH_SIDECAR})
    names = [each["Names"][0].removeprefix("/") for each in found]
    return [name for name in names if name.partition("-")[0] in ("alice", "bob", "carol")]


def test_up_lets_what_holds_do_so_at_who_was_killed_and_at_who_is_new(mesh: Any) -> None:
    done("fault", "isolate", "alice", "--as", "lone")
    done("fault", "partition", "bob", "/", "carol", "--one-way", "--as", "half")
    done("fault", "kill", "alice")
    said = done("up", "--peers", "5")
    assert "note: lone now applies to dave, peer5 too" in said
    assert "half" not in said
    found = held()
    assert [found[name]["proven"] for name in ("lone", "half")] == [True, True]
    others = ["bob", "carol", "dave", "peer5"]
    links = {link for other in others for link in (("alice", other), (other, "alice"))}
    assert seen(found["lone"], "during") == dict.fromkeys(links, 0)
    assert seen(found["half"], "during") == {("bob", "carol"): 0}
    assert set(seen(found["lone"], "before").values()) == {20}
    assert "as well" not in done("up", "--peers", "3"), "nobody is new"
    assert held()["lone"]["proven"]
    assert "✓ proven" in done("heal", "lone")
    assert held().keys() == {"half"}


def test_what_holds_is_known_still_when_all_peers_have_ended(mesh: Any) -> None:
    assert mesh
    done("fault", "isolate", "alice", "--as", "lone")
    for name in ("alice", "bob", "carol"):
        done("fault", "kill", name)
    found = held()
    assert found["lone"]["doubts"] == ["both ends run on none of its links"]
    for name in ("alice", "bob", "carol"):
        done("fault", "start", name)
    found = held()
    assert found.keys() == {"lone"}
    assert found["lone"]["proven"]
    assert "✓ proven" in done("heal")


def test_what_holds_is_known_still_when_all_sidecars_were_killed(mesh: Any) -> None:
    done("fault", "isolate", "alice", "--as", "lone")
    assert len(sidecars(mesh)) == 3
    for name in sidecars(mesh):
        mesh.api.kill(name)
    until(lambda: sidecars(mesh) == [], "their end")
    said = done("faults")
    assert "note: what held at alice had lapsed: it has no sidecar any more" in said
    assert "✓ proven" in said


@pytest.mark.parametrize("words", [["fault", "impair", "all", "--loss", "20%"], ["heal"]])
def test_ctrl_c_says_what_holds(mesh: Any, words: list[str]) -> None:
    done("fault", "isolate", "carol", "--as", "lone")
    under_way = start(words)
    until(lambda: is_at_it(mesh), "the middle", 30)
    under_way.send_signal(signal.SIGINT)
    _, said = under_way.communicate(timeout=60)
    assert under_way.returncode == 130
    assert "Traceback" not in said
    last = said.splitlines()[-1]
    found = held()
    assert not found.keys() - {"lone"}, "what was broken off holds"
    if words == ["heal"] and not found:
        assert last == "interrupted: no network fault is active"
    else:
        assert last in (
            "interrupted: lone is active: peerlab heal lifts it",
            "interrupted: nothing was changed",  # so early was it
        )
    assert all(each["proven"] for each in found.values())


def test_ctrl_c_lifts_the_fault_that_was_begun(mesh: Any) -> None:
    under_way = start(["fault", "impair", "all", "--loss", "20%"])
    until(lambda: len(sidecars(mesh)) == 3, "its measurements", 30)
    under_way.send_signal(signal.SIGINT)
    _, said = under_way.communicate(timeout=60)
    assert under_way.returncode == 130
    assert said.endswith("interrupted: no network fault is active\n")
    assert sidecars(mesh) == []
    assert held() == {}


def test_one_peer_alone_has_no_link(mesh: Any) -> None:
    assert mesh
    done("up", "--peers", "1")
    for words in (["isolate", "alice"], ["impair", "all", "--loss", "5%"]):
        one = peerlab("fault", *words)
        assert one.returncode == 2
        assert "there is no link: alice is the only peer" in one.stderr
    assert held() == {}


def test_what_a_run_has_kept_goes_and_the_mesh_stays(mesh: Any, tmp_path: Path) -> None:
    def kept() -> list[str]:
        return things_of(mesh, lambda owner: owner.is_gone, docker_client.KEEP)

    if kept():
        pytest.fail("peers are kept, and this test would remove them: `peerlab down` first")
    path = tmp_path / "scenario.yaml"
    path.write_text(SHORT.replace('message: "hello"', 'message: "x", within: 0.1'))
    words = ["run", str(path), "--engine", "docker", "--keep", "--runs", str(tmp_path)]
    assert peerlab(*words).returncode == 1
    assert kept()
    assert done("down", "--kept") == "removed 2 peers\n"
    assert kept() == []
    assert len(json.loads(peerlab("ps", "--json").stdout)) == 3
    assert done("down", "--kept") == "nothing was left running by `run --keep`\n"


def test_ctrl_c_while_a_mesh_starts_says_what_is_there(client: Any) -> None:
    done("down")
    under_way = start(["up", "--peers", "4"])
    wanted = {"label": "peerlab.mesh=peerlab"}
    until(lambda: client.api.containers(all=True, filters=wanted), "its first peer", 60)
    under_way.send_signal(signal.SIGINT)
    _, said = under_way.communicate(timeout=60)
    assert under_way.returncode == 130
    assert "of the mesh" in said.splitlines()[-1]
    assert said.splitlines()[-1].endswith("left: peerlab ps shows, peerlab down removes")
