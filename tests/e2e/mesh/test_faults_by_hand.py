"""`peerlab fault`, `heal` and `faults`, as a person uses them on the mesh."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.e2e.mesh.own_mesh import OwnMesh
from tests.orchestrator.cli.support import peerlab_on_docker as peerlab

pytestmark = [
    # A command leaves its connection to Docker to the end of its process, which is this one.
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.docker,
    pytest.mark.timeout(120, func_only=True),
]
NONSENSE = {
    "fault isolate alcie": "no peer 'alcie' here; did you mean 'alice'?",
    "fault partition all / bob": "one peer is expected here, not 'all'",
    "fault impair alice bob --loss much": "error: impair: ",
    "fault stream all --pieces 1 --hold 1": "one effect on a stream",
    "fault kill all": "there is no peer 'all': there are alice, bob, carol",
    "fault resume alice": "alice cannot be resumed: it is running",
    "heal nothing": "there is no active fault called 'nothing'",
}


@pytest.fixture(scope="module")
def mesh(own: OwnMesh) -> Iterator[dict[str, str]]:
    """Return the address of each of three peers. `down` must remove their sidecars with them."""
    up = peerlab("up", "--peers", "3", "--json")
    assert up.returncode == 0, up.stderr
    yield {row["peer"]: row["address"] for row in json.loads(up.stdout)["peers"]}
    if not own.sidecars():
        held = peerlab("fault", "isolate", "bob")
        assert held.returncode == 0, held.stderr
    assert own.sidecars()


@pytest.fixture
def clear(mesh: dict[str, str]) -> Iterator[dict[str, str]]:
    """Return the same; no fault is active before and after."""
    yield mesh
    for name, state in states().items():
        if state.startswith("exited"):
            assert peerlab("fault", "start", name).returncode == 0
    peerlab("heal")
    assert faults() == []


def faults() -> list[dict[str, Any]]:
    done = peerlab("faults", "--json")
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["faults"]
    return found


def states() -> dict[str, str]:
    rows = json.loads(peerlab("ps", "--json").stdout)["peers"]
    return {row["peer"]: row["state"] for row in rows}


def refused(*words: str) -> str:
    """Run a command that must be refused; return what it says."""
    done = peerlab(*words)
    assert done.returncode == 2, done.stdout
    assert done.stdout == ""
    return done.stderr


def test_faults_need_a_mesh(own: OwnMesh) -> None:
    # The first of all: then there is one.
    for words in (["fault", "isolate", "alice"], ["fault", "kill", "alice"], ["heal"], ["faults"]):
        said = refused(*words)
        assert "error: there is no mesh" in said
        assert "hint: peerlab up starts one" in said
    assert own.sidecars() == []


def test_faults_stay_active_after_their_command(clear: dict[str, str]) -> None:
    assert clear
    given = [
        ["partition", "alice", "/", "bob", "--as", "split"],
        ["impair", "alice", "carol", "--loss", "20%"],
        ["stream", "carol", "bob", "--pieces", "1"],
    ]
    for words in given:
        done = peerlab("fault", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "✓ proven" in done.stdout
        noted = "note: existing connections stay as they are\n" in done.stderr
        assert noted == (words[0] == "stream")
    found = faults()
    assert [(fault["fault"], fault["says"], fault["proven"]) for fault in found] == [
        ("split", "alice | bob", True),
        ("impair 1", "alice to carol: loss 20%", True),
        ("stream 1", "carol to bob: in pieces of 1 byte", True),
    ]
    assert found[0]["means"] == {"cut": "nftables"}
    assert {row["during"]["arrived"] for row in found[0]["proof"]} == {0}
    taken = refused("fault", "impair", "bob", "carol", "--loss", "5%", "--as", "split")
    assert "a fault called 'split' is active already" in taken
    one = peerlab("heal", "impair", "1")
    assert one.returncode == 0, one.stdout + one.stderr
    assert "after" in one.stdout
    again = peerlab("fault", "partition", "alice", "/", "bob", "--json")
    assert [fault["fault"] for fault in json.loads(again.stdout)["faults"]] == ["partition 1"]
    rest = peerlab("heal", "--json")
    assert rest.returncode == 0, rest.stdout + rest.stderr
    lifted = [(fault["fault"], fault["proven"]) for fault in json.loads(rest.stdout)["faults"]]
    assert lifted == [(name, True) for name in ("partition 1", "stream 1", "split")], "last first"
    assert "no network fault is active" in peerlab("faults").stdout


def test_pause_and_stop(clear: dict[str, str]) -> None:
    assert clear
    assert peerlab("fault", "pause", "bob").stdout == "bob: running → paused\n"
    shown = peerlab("faults").stdout
    assert "no network fault is active" in shown
    assert re.search(r"│ paused │ bob +│ +│ during paused +│ ✓ proven │", shown)
    assert "cannot be paused: it is paused" in refused("fault", "pause", "bob")
    healed = peerlab("heal")
    assert (healed.returncode, healed.stdout) == (0, "bob: paused → running\n")
    assert peerlab("fault", "pause", "bob").returncode == 0
    (row,) = json.loads(peerlab("heal", "--json").stdout)["faults"]
    assert (row["says"], row["proof"]) == ("bob", [{"before": "paused", "after": "running"}])
    assert peerlab("fault", "stop", "bob").stdout == "bob: running → exited with status 0\n"
    assert "there was nothing to heal" in peerlab("heal").stdout
    assert states()["bob"] == "exited with status 0", "a stopped peer stays stopped"
    assert "bob cannot be stopped: it exited with status 0" in refused("fault", "stop", "bob")
    started = json.loads(peerlab("fault", "start", "bob", "--json").stdout)
    assert started == {
        "format": 1,
        "peer": "bob",
        "before": "exited with status 0",
        "now": "running",
    }
    assert "bob cannot be started: it is running" in refused("fault", "start", "bob")


def test_nonsense_is_refused(mesh: dict[str, str]) -> None:
    assert mesh
    for words, says in NONSENSE.items():
        assert says in refused(*words.split()), words
    assert faults() == []


def test_a_restarted_peer_gets_the_active_faults(mesh: dict[str, str]) -> None:
    # The last of all: `down` has its sidecars to remove.
    assert peerlab("fault", "isolate", "alice").returncode == 0
    killed = peerlab("fault", "kill", "alice")
    assert killed.stdout == "alice: running → exited with status 137 (killed)\n"
    held, down = json.loads(peerlab("faults", "--json").stdout)["faults"]
    assert (held["fault"], held["proven"]) == ("isolate 1", False)
    assert held["doubts"] == ["both ends run on none of its links"]
    assert (down["fault"], down["says"], down["proven"]) == ("exited", "alice", True)
    assert down["proof"] == [{"during": "exited with status 137 (killed)"}]
    said = refused("fault", "kill", "alice")
    assert "alice cannot be killed: it exited with status 137" in said
    assert "hint: start or resume it first" in said
    started = peerlab("fault", "start", "alice")
    assert started.stdout == "alice: exited with status 137 (killed) → running\n"
    rows = json.loads(peerlab("ps", "--json").stdout)["peers"]
    assert {row["peer"]: row["address"] for row in rows} == mesh
    (held,) = faults()
    assert (held["proven"], len(held["proof"])) == (True, 4)
    assert {row["during"]["arrived"] for row in held["proof"]} == {0}
