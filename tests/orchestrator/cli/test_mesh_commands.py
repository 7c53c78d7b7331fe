"""The commands for a mesh, without Docker: what they print of it and refuse."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.cli import faults, mesh
from orchestrator.cli.interrupted import Interrupted
from orchestrator.compose import stack
from orchestrator.engines.base import Say
from orchestrator.engines.status import Status
from orchestrator.errors import LabError
from orchestrator.mesh.mesh import attach_command
from tests.orchestrator.cli.support import peerlab


@dataclass
class FakePeer:
    """A peer that is in whatever state it was put."""

    name: str
    state: Status = field(default_factory=lambda: Status("running"))
    address: str = "172.18.0.3"
    port: int = 5000
    suffix: str = ""

    @property
    def handle(self) -> str:
        return f"{self.name}{self.suffix}"

    def status(self) -> Status:
        return self.state

    def connections(self) -> int:
        return 2

    def memory(self) -> int:
        return 11 * 1024 * 1024

    def kill(self) -> None:
        self.state = Status("exited", 137)

    def pause(self) -> None:
        self.state = Status("paused")

    def resume(self) -> None:
        self.state = Status("running")


class FakeFaults:
    """The faults of a mesh; those called `doubtful` cannot be proven."""

    def __init__(self) -> None:
        self.active: list[Any] = []

    @property
    def names(self) -> list[str]:
        return [one.active.fault.name for one in self.active]

    def apply(self, verb: str, **keys: Any) -> Any:
        name = keys.get("as") or f"{verb} 1"
        doubts = ["alice to bob: 19 of 20 packets arrived"] if name == "doubtful" else []
        words = {key: value for key, value in keys.items() if value is not None}
        self.active.append(
            SimpleNamespace(
                active=SimpleNamespace(fault=SimpleNamespace(name=name, phrase=str(words))),
                mechanisms={"cut": "nftables"},
                since=0.0,
                finding=SimpleNamespace(proof=[], doubts=doubts),
            )
        )
        return self.active[-1]

    def heal(self, name: str) -> list[Any]:
        healed = [one for one in self.active if name in ("all", one.active.fault.name)]
        self.active = [one for one in self.active if one not in healed]
        return healed

    def measured(self) -> list[Any]:
        return self.active

    def lapses(self) -> list[str]:
        return ["a rule had lapsed"] if self.active else []

    def notes(self, _: Any) -> list[str]:
        return ["existing connections stay as they are"]

    def refresh(self) -> None:
        pass

    def close(self) -> None:
        pass


class FakeMesh:
    """Two peers, of which the second has ended."""

    fault_state = FakeFaults()

    def __init__(self, *_: Any, **__: Any) -> None:
        self._peers = [FakePeer("alice"), FakePeer("bob", Status("exited", 0))]

    def locked(self, _: Any) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def faults(self) -> FakeFaults:
        return self.fault_state

    def forget_faults(self) -> None:
        self.fault_state.active = []

    def up(self, count: int, _: Any) -> None:
        names = ("alice", "bob", "carol")[:count]
        self._peers = [FakePeer(name, suffix="-1a2b") for name in names]

    def peers(self) -> list[FakePeer]:
        return self._peers

    def peer(self, name: str) -> FakePeer:
        for peer in self._peers:
            if peer.name == name:
                return peer
        raise LabError(f"there is no peer {name!r}")

    def down(self, _: Any) -> int:
        return len(self._peers)

    def remove_kept(self) -> int:
        return 0


class NoMesh(FakeMesh):
    """No peers."""

    def __init__(self, *_: Any) -> None:
        self._peers = []


class MeshAfterAKill(FakeMesh):
    """The same, beside what a killed run has left: any command removes that first."""

    def __init__(self, _profile: Any, _name: str, say: Say = lambda _: None) -> None:
        super().__init__()
        say("removed what a killed run left behind: 7 Docker objects")


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FakeMesh, "fault_state", FakeFaults())
    use(monkeypatch, FakeMesh)


def use(monkeypatch: pytest.MonkeyPatch, kind: type[FakeMesh]) -> None:
    for module in (mesh, faults):
        monkeypatch.setattr(module, "Mesh", kind)


def test_ps() -> None:
    done = peerlab("ps")
    assert done.returncode == 0
    assert "172.18.0.3" in done.stdout
    assert "exited with status 0" in done.stdout
    alice, bob = json.loads(peerlab("ps", "--json").stdout)["peers"]
    assert (alice["peer"], alice["state"], alice["connections"]) == ("alice", "running", 2)
    assert (bob["peer"], bob["memory"]) == ("bob", None)


def test_there_is_no_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, NoMesh)
    assert peerlab("ps").stdout == "no peers: start some with peerlab up\n"
    assert json.loads(peerlab("ps", "--json").stdout)["peers"] == []
    assert peerlab("down").stdout == "there was no mesh\n"
    done = peerlab("fault", "kill", "alice")
    assert done.returncode == 2
    assert done.stderr == "error: there is no mesh\nhint: peerlab up starts one\n"


def test_down() -> None:
    assert peerlab("down").stdout == "removed 2 peers\n"
    assert peerlab("down", "--kept").stdout == "`run --keep` left nothing running\n"


@pytest.mark.parametrize(
    "words", ["ps", "attach alice", "up", "faults", "fault pause alice", "heal", "down"]
)
def test_only_down_says_that_it_removed_what_a_killed_run_left(
    monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    use(monkeypatch, MeshAfterAKill)
    done = peerlab(*words.split())
    assert ("removed what a killed run" in done.stdout + done.stderr) == (words == "down")


def test_attach_says_what_is_wrong() -> None:
    assert "there is no peer 'alcie'" in peerlab("attach", "alcie").stderr
    done = peerlab("attach", "bob")
    assert done.returncode == 2
    assert "bob does not run: exited with status 0" in done.stderr
    assert "attach needs a terminal" in peerlab("attach", "alice").stderr


def test_faults_of_peers() -> None:
    done = peerlab("fault", "kill", "alice")
    assert (done.returncode, done.stdout) == (
        0,
        "alice: running → exited with status 137 (killed)\n",
    )
    data = json.loads(peerlab("fault", "pause", "alice", "--json").stdout)
    assert data == {"format": 1, "peer": "alice", "before": "running", "now": "paused"}
    done = peerlab("fault", "kill", "bob")
    assert done.returncode == 2
    assert "bob cannot be killed: it" in done.stderr


def test_the_peers_left_by_an_interrupted_command() -> None:
    assert mesh._left(FakeMesh()) == (  # type: ignore[arg-type]
        "2 peers of the mesh are left: peerlab ps shows them, peerlab down removes them"
    )


def test_up() -> None:
    done = peerlab("up", "--peers", "3")
    assert done.returncode == 0
    assert done.stdout.endswith("to chat: docker attach alice-1a2b   (leave with Ctrl-P Ctrl-Q)\n")
    assert len(json.loads(peerlab("up", "--peers", "2", "--json").stdout)["peers"]) == 2


@pytest.mark.parametrize(
    ("words", "keys"),
    [
        ("partition alice / bob,carol --one-way",
         {"groups": [["alice"], ["bob", "carol"]], "one_way": True}),
        ("isolate alice", {"at": "alice"}),
        ("impair alice bob --loss 5%", {"from": "alice", "to": "bob", "loss": "5%"}),
        ("impair alice bob --both --delay 1", {"between": ["alice", "bob"], "delay": 1.0}),
        ("stream all --pieces 1", {"at": "all", "pieces": 1}),
    ],
)  # fmt: skip
def test_the_keys_of_a_fault(words: str, keys: dict[str, Any]) -> None:
    done = peerlab("fault", *words.split(), "--json")
    assert done.returncode == 0
    assert "note: existing connections stay as they are\n" in done.stderr
    (row,) = json.loads(done.stdout)["faults"]
    assert row["says"] == str(keys)
    assert row["proven"]


def test_faults_until_they_are_healed() -> None:
    assert peerlab("faults").stdout.startswith("no network fault is active\n")
    assert peerlab("heal").stdout == "there was nothing to heal\n"
    assert "✓ proven" in peerlab("fault", "isolate", "alice", "--as", "lone").stdout
    assert peerlab("fault", "isolate", "bob").returncode == 0
    listed = peerlab("faults")
    assert "note: a rule had lapsed" in listed.stderr
    assert "isolate 1" in listed.stdout
    names = [row["fault"] for row in json.loads(peerlab("faults", "--json").stdout)["faults"]]
    assert names == ["lone", "isolate 1", "exited"]
    assert "lone" in peerlab("heal", "lone").stdout
    assert [row["fault"] for row in json.loads(peerlab("heal", "--json").stdout)["faults"]] == [
        "isolate 1"
    ]


def test_a_fault_without_proof_is_status_2() -> None:
    done = peerlab("fault", "isolate", "alice", "--as", "doubtful")
    assert done.returncode == 2
    assert done.stderr.endswith("not proven: alice to bob: 19 of 20 packets arrived\n")


def test_heal_resumes_paused_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    paused = [FakePeer("alice", Status("paused")), FakePeer("bob", Status("exited", 0))]
    monkeypatch.setattr(FakeMesh, "peers", lambda _: paused)
    assert peerlab("heal").stdout == "alice: paused → running\n"
    paused[0].pause()
    (row,) = json.loads(peerlab("heal", "--json").stdout)["faults"]
    assert (row["fault"], row["says"]) == ("paused", "alice")
    assert paused[1].status().state == "exited"


def test_an_interrupted_command_says_which_faults_are_active(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(self: FakeFaults) -> list[Any]:
        raise Interrupted

    monkeypatch.setattr("orchestrator.cli.interrupted.ignore", lambda: None)
    peerlab("fault", "isolate", "alice", "--as", "lone")
    monkeypatch.setattr(FakeFaults, "measured", interrupt)
    done = peerlab("faults")
    assert done.returncode == 130
    assert done.stderr == "interrupted: lone is active: peerlab heal lifts it\n"
    FakeMesh.fault_state.apply("isolate", at="bob")
    said = peerlab("faults").stderr
    assert said == "interrupted: lone, isolate 1 are active: peerlab heal lifts them\n"
    FakeMesh.fault_state.active = []
    assert peerlab("faults").stderr == "interrupted: no network fault is active\n"


STACK = stack.of(Path("f"), {"services": {"db": {}, "web": {"scale": 2}}})


def test_profiles_are_those_of_services(tmp_path: Path) -> None:
    file = tmp_path / "web.yaml"
    file.write_text("name: web\nsummary: w\nconsole: none\n")
    found = mesh._profiles(STACK, [f"web={file}"])
    assert {name: one.name for name, one in found.items()} == {
        "db": "log", "web1": "web", "web2": "web"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("web3=x.yaml", "--profile web3=x.yaml: there is no service 'web3'; did you mean 'web"),
        ("wbe=x.yaml", "there is no service 'wbe'; did you mean 'web'?"),
        ("x.yaml", "write SERVICE=FILE"),
    ],
)
def test_a_profile_for_no_service_is_refused(given: str, says: str) -> None:
    with pytest.raises(LabError) as caught:
        mesh._profiles(STACK, [given])
    assert says in caught.value.what


@pytest.mark.parametrize("given", [["one", "two"], ["db=x.yaml"]])
def test_peers_without_services_run_one_program(given: list[str]) -> None:
    assert mesh._only(["x.yaml"]) == "x.yaml"
    with pytest.raises(LabError, match="run the same program"):
        mesh._only(given)


def test_each_kind_of_console_is_attached_to_in_its_way() -> None:
    def called(console: list[str] | None) -> list[str]:
        peer: Any = SimpleNamespace(
            name="db", handle="it", console=console, show_typing=lambda: None
        )
        return attach_command(peer)

    assert called([]) == ["docker", "attach", "it"]
    assert called(["redis-cli"]) == ["docker", "exec", "--interactive", "--tty", "it", "redis-cli"]
    with pytest.raises(LabError, match="db has no console") as caught:
        called(None)
    assert caught.value.hint == "peerlab logs db shows what it prints"
