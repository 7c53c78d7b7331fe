"""What Tab completes, in bash and without a shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orchestrator.cli import completion
from orchestrator.errors import EngineError
from orchestrator.history import runs
from tests.e2e.support import NO_DOCKER, PEERLAB, SHORT, environment

PROFILE = "name: x\nstart:\n  command: [x]\nready: ''\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, with scenarios, profiles and kept runs."""
    for name, text in {
        "hello.yaml": SHORT, "mine/late.yml": SHORT, "mine/chat.yaml": PROFILE,
        "mine/more/deep.yaml": SHORT, "other.yaml": "a: b\n", "mine/two words.yaml": SHORT,
        "mine/cut.yaml": "\xff", "notes.txt": SHORT,
    }.items():  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="latin-1")
    for name in ("short", "long"):
        run = runs.make(tmp_path / "runs", name, SHORT)
        (run / runs.HISTORY).touch()
        for peer in ("alice", "bob"):
            runs.transcript(run, peer).touch()
    (tmp_path / "runs/empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def context(**given: object) -> Any:
    return SimpleNamespace(params=given)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["hello.yaml", "mine/late.yml"]),
        ("m", ["mine/late.yml"]),
        ("mine/", ["mine/late.yml", "mine/more/deep.yaml"]),
        ("x", []),
        ("none/x", []),
    ],
)
def test_scenarios(folder: Path, typed: str, found: list[str]) -> None:
    assert completion.scenarios(typed) == found
    assert completion.scenarios(f"{folder}/{typed}") == [f"{folder}/{name}" for name in found]


def test_profiles(folder: Path) -> None:
    assert (folder / "mine/chat.yaml").exists()
    assert completion.profiles("") == ["mine/chat.yaml"]


def test_kept_runs(folder: Path) -> None:
    assert completion.kept_runs("") == ["runs/long", "runs/short"]
    assert completion.kept_runs("runs/s") == ["runs/short"]
    (run,) = {path for path in (folder / "runs/short").iterdir() if not path.is_symlink()}
    assert completion.kept_runs("runs/short/") == [f"runs/short/{run.name}", "runs/short/latest"]
    assert completion.kept_runs("none/") == []


@pytest.mark.usefixtures("folder")
def test_peers_of_a_run() -> None:
    assert completion.peers(context(run=Path("runs/short")), "") == ["alice", "bob"]
    assert completion.peers(context(run=Path("runs/none")), "") == []


def test_peers_of_the_mesh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(completion, "_of_mesh", lambda _: ["alice", "bob", "carol"])
    assert completion.peers(context(), "b") == ["bob"]
    assert completion.peers(context(), "bob,c") == ["bob,carol"]
    assert completion.peers_or_all(context(), "al") == ["alice", "all"]


def test_a_docker_that_does_not_answer_or_stalls(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = threading.Event()

    def refuse() -> None:
        answers.wait()
        raise EngineError("Docker does not answer")

    monkeypatch.setattr("orchestrator.engines.docker.client.connect", refuse)
    monkeypatch.setattr(completion, "_DOCKER_WITHIN", 0.01)
    assert completion.peers(context(), "") == []
    answers.set()
    monkeypatch.setattr(completion, "_DOCKER_WITHIN", 30)
    assert completion.peers(context(), "") == []


def test_pages() -> None:
    assert completion.pages("s") == ["sandbox", "scenarios"]


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash")
@pytest.mark.usefixtures("folder")
def test_in_bash() -> None:
    offered = {
        "peerlab fa": "fault faults",
        "peerlab run m": "mine/late.yml",
        "peerlab logs --run runs/short a": "alice",
        "peerlab fault kill x": "",  # Docker does not answer
    }
    script = 'eval "$(_PEERLAB_COMPLETE=source_bash peerlab)"; complete -p peerlab\n'
    for line in offered:
        number = len(line.split()) - 1
        script += f"COMP_WORDS=({line}); COMP_CWORD={number}; _peerlab_completion peerlab\n"
        script += 'echo "${COMPREPLY[@]}"\n'
    path = f"{Path(PEERLAB).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        env=environment(PATH=path, **NO_DOCKER),
        capture_output=True,
        text=True,
        check=True,
    )
    installed, *found = done.stdout.splitlines()
    assert installed == "complete -o default -F _peerlab_completion peerlab"
    assert dict(zip(offered, found, strict=True)) == offered
    assert done.stderr == ""


def test_commands_are_completed_without_importing_them() -> None:
    done = subprocess.run(
        [PEERLAB],
        env=environment(
            COMP_WORDS="peerlab ", COMP_CWORD="1", _PEERLAB_COMPLETE="complete_bash",
            PYTHONPROFILEIMPORTTIME="1",
        ),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert {"run", "doctor", "profile"} <= {*done.stdout.split()}
    assert "orchestrator.cli.consoles" in done.stderr
    assert "orchestrator.cli.scenario" not in done.stderr
