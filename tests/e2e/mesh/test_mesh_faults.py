"""The mesh while faults are active: `up`, Ctrl-C, peers that end."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orchestrator.engines.docker import client as docker_client
from orchestrator.engines.docker.mesh_network import record_file
from orchestrator.engines.docker.sidecar import MESH_SIDECAR
from orchestrator.files import lock_file
from tests.e2e import support
from tests.e2e.support import SHORT, start
from tests.orchestrator.cli.support import peerlab_on_docker as peerlab
from tests.orchestrator.support import things_of, until

pytestmark = [
    # A command leaves its connection to Docker to the end of its process, which is this one.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.docker,
    pytest.mark.usefixtures("only_mesh"),
    pytest.mark.timeout(150, func_only=True),  # another test may have the mesh for long
]


@pytest.fixture
def mesh(client: Any) -> Iterator[Any]:
    """Return the client; three peers run, without faults."""
    if running(client) != ["alice", "bob", "carol"]:
        assert "note:" not in done("up", "--peers", "3")
    yield client
    if sidecars(client):
        peerlab("heal")


@pytest.fixture(scope="module", autouse=True)
def _down_at_the_end(client: Any) -> Iterator[None]:
    yield
    assert peerlab("down").returncode == 0


def active() -> dict[str, dict[str, Any]]:
    """Return the active faults, measured again, by name."""
    return {fault["fault"]: fault for fault in json.loads(peerlab("faults", "--json").stdout)}


def seen(fault: dict[str, Any], when: str) -> dict[tuple[str, str], int]:
    """Return the packets that arrived over each link of a fault."""
    return {tuple(row["link"]): row[when]["arrived"] for row in fault["proof"]}


def done(*words: str) -> str:
    """Run a command that does what it is asked; return what it prints."""
    one = peerlab(*words)
    assert one.returncode == 0, one.stdout + one.stderr
    return one.stdout + one.stderr


def is_locked(client: Any) -> bool:
    """Return whether a command is changing the faults of the mesh."""
    try:
        lock_file(record_file(client).with_suffix(".lock")).release()
    except TimeoutError:
        return True
    return False


def running(client: Any) -> list[str]:
    """Return the peers of the mesh that run."""
    found = client.api.containers(filters={"label": "peerlab.mesh=peerlab", "status": "running"})
    return sorted(container["Names"][0].removeprefix("/") for container in found)


def sidecars(client: Any) -> list[str]:
    found = client.api.containers(filters={"label": MESH_SIDECAR})
    names = [container["Names"][0].removeprefix("/") for container in found]
    return [name for name in names if name.partition("-")[0] in ("alice", "bob", "carol")]


def test_up_applies_faults_to_restarted_and_new_peers(mesh: Any) -> None:
    done("fault", "isolate", "alice", "--as", "lone")
    done("fault", "partition", "bob", "/", "carol", "--one-way", "--as", "half")
    done("fault", "kill", "alice")
    said = done("up", "--peers", "5")
    assert "note: lone now applies to dave, peer5 too" in said
    assert "half" not in said
    found = active()
    assert [found[name]["proven"] for name in ("lone", "half")] == [True, True]
    others = ["bob", "carol", "dave", "peer5"]
    links = {link for other in others for link in (("alice", other), (other, "alice"))}
    assert seen(found["lone"], "during") == dict.fromkeys(links, 0)
    assert seen(found["half"], "during") == {("bob", "carol"): 0}
    assert set(seen(found["lone"], "before").values()) == {20}
    assert "now applies" not in done("up", "--peers", "3"), "no peer is new"
    assert active()["lone"]["proven"]
    assert "✓ proven" in done("heal", "lone")
    assert active().keys() == {"half"}


def test_faults_stay_known_when_all_peers_have_ended(mesh: Any) -> None:
    assert mesh
    done("fault", "isolate", "alice", "--as", "lone")
    for name in ("alice", "bob", "carol"):
        done("fault", "kill", name)
    found = active()
    assert found["lone"]["doubts"] == ["both ends run on none of its links"]
    for name in ("alice", "bob", "carol"):
        done("fault", "start", name)
    found = active()
    assert found.keys() == {"lone"}
    assert found["lone"]["proven"]
    assert "✓ proven" in done("heal")


def test_faults_stay_known_when_all_sidecars_were_killed(mesh: Any) -> None:
    done("fault", "isolate", "alice", "--as", "lone")
    assert len(sidecars(mesh)) == 3
    for name in sidecars(mesh):
        mesh.api.kill(name)
    until(lambda: sidecars(mesh) == [], "their end")
    said = done("faults")
    assert "note: faults at alice had lapsed: its sidecar is gone" in said
    assert "✓ proven" in said


@pytest.mark.parametrize("words", [["fault", "impair", "all", "--loss", "20%"], ["heal"]])
def test_ctrl_c_says_which_faults_are_active(mesh: Any, words: list[str]) -> None:
    done("fault", "isolate", "carol", "--as", "lone")
    under_way = start(words)
    until(lambda: is_locked(mesh), "the middle", 30)
    under_way.send_signal(signal.SIGINT)
    _, said = under_way.communicate(timeout=60)
    assert under_way.returncode == 130
    assert "Traceback" not in said
    last = said.splitlines()[-1]
    found = active()
    assert not found.keys() - {"lone"}, "the interrupted fault is active"
    if words == ["heal"] and not found:
        assert last == "interrupted: no network fault is active"
    else:
        assert last in (
            "interrupted: lone is active: peerlab heal lifts it",
            "interrupted: nothing was changed",  # so early was it
        )
    assert all(fault["proven"] for fault in found.values())


def test_ctrl_c_lifts_the_fault_that_had_begun(mesh: Any) -> None:
    under_way = start(["fault", "impair", "all", "--loss", "20%"])
    until(lambda: len(sidecars(mesh)) == 3, "its measurements", 30)
    under_way.send_signal(signal.SIGINT)
    _, said = under_way.communicate(timeout=60)
    assert under_way.returncode == 130
    assert said.endswith("interrupted: no network fault is active\n")
    assert sidecars(mesh) == []
    assert active() == {}


def test_one_peer_alone_has_no_link(mesh: Any) -> None:
    assert mesh
    done("up", "--peers", "1")
    for words in (["isolate", "alice"], ["impair", "all", "--loss", "5%"]):
        one = peerlab("fault", *words)
        assert one.returncode == 2
        assert "there is no link: alice is the only peer" in one.stderr
    assert active() == {}


def test_down_kept_removes_kept_peers_and_leaves_the_mesh(mesh: Any, tmp_path: Path) -> None:
    def kept() -> list[str]:
        return things_of(mesh, lambda owner: owner.is_gone, docker_client.KEEP)

    if kept():
        pytest.fail("peers are kept, and this test would remove them: `peerlab down` first")
    path = tmp_path / "scenario.yaml"
    path.write_text(SHORT.replace('message: "hello"', 'message: "x", within: 0.1'))
    words = ["run", str(path), "--engine", "docker", "--keep", "--runs", str(tmp_path)]
    assert support.peerlab(*words).returncode == 1  # ended: its peers are kept
    assert kept()
    assert done("down", "--kept") == "removed 2 peers\n"
    assert kept() == []
    assert len(json.loads(peerlab("ps", "--json").stdout)) == 3
    assert done("down", "--kept") == "`run --keep` left nothing running\n"


def test_ctrl_c_while_a_mesh_starts_says_what_is_left(client: Any) -> None:
    done("down")
    under_way = start(["up", "--peers", "4"])
    wanted = {"label": "peerlab.mesh=peerlab"}
    until(lambda: client.api.containers(all=True, filters=wanted), "its first peer", 60)
    under_way.send_signal(signal.SIGINT)
    _, said = under_way.communicate(timeout=60)
    assert under_way.returncode == 130
    last = said.splitlines()[-1]
    assert re.search(r"of the mesh (is|are) left: peerlab ps shows (it|them), peerlab down", last)
