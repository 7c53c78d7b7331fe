"""`peerlab run` as people and CI use it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrator import checks
from tests.e2e.support import DEMO, NO_DOCKER, SHORT, peerlab

Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a scenario and return its path."""

    def one(text: str) -> str:
        path = tmp_path / "scenario.yaml"
        path.write_text(text)
        return str(path)

    return one


def test_the_demo(engine: str, tmp_path: Path) -> None:
    done = peerlab("run", DEMO, "--engine", engine, "--runs", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ demo: valid" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    latest = tmp_path / "demo/latest"
    assert (latest / "scenario.yaml").read_text() == Path(DEMO).read_text()
    assert "12 messages arrived" in done.stdout
    entries = [json.loads(line) for line in (latest / "history.jsonl").read_text().splitlines()]
    assert sum(entry["verb"] == "message" for entry in entries) == 12
    for name in ("alice", "bob", "carol", "dave"):
        assert "listening on" in (latest / f"{name}.transcript").read_text()


def test_json(write: Write, tmp_path: Path) -> None:
    done = peerlab("run", write(SHORT), "--engine", "process", "--runs", str(tmp_path), "--json")
    data = json.loads(done.stdout)
    assert done.returncode == 0
    assert data["verdict"] == "valid"
    (only,) = data["runs"]
    assert only["verdict"] == "valid"
    assert {each["check"] for each in only["checks"]} == {
        check([]).check for check in checks.CHECKS
    }
    assert Path(only["folder"], "history.jsonl").exists()


def test_a_wrong_expectation(write: Write, tmp_path: Path) -> None:
    path = write(SHORT.replace('message: "hello"', 'message: "goodbye", within: 0.3'))
    done = peerlab("run", path, "--engine", "process", "--runs", str(tmp_path))
    assert done.returncode == 1
    assert "✗ short: invalid" in done.stdout
    assert "bob: expect alice (nothing of the kind within 0.3 s)" in done.stdout


def test_the_worst_of_several_is_the_status(write: Write, tmp_path: Path) -> None:
    wrong = write(SHORT.replace("bob, from", "bob, within: 0.2, from").replace("age: ", "age: un"))
    done = peerlab("run", DEMO, wrong, "--engine", "process", "--runs", str(tmp_path))
    assert done.returncode == 1
    assert "✓ demo: valid" in done.stdout


def test_a_peer_that_is_gone_breaks_the_run_off(write: Write, tmp_path: Path) -> None:
    path = write(SHORT + "  - exit: bob\n  - list: bob\n")
    done = peerlab("run", path, "--engine", "process", "--runs", str(tmp_path))
    assert done.returncode == 2
    assert "the run broke off: bob: is gone: exited with status 0" in done.stderr
    last = json.loads((tmp_path / "short/latest/history.jsonl").read_text().splitlines()[-1])
    assert (last["type"], last["verb"], last["peer"]) == ("info", "list", "bob")


def test_a_broken_scenario(write: Write) -> None:
    path = write(SHORT.replace("to: bob}", "to: bobb}", 1))
    done = peerlab("run", path, "--engine", "process")
    assert done.returncode == 2
    assert f"error: {path}:6:26: no peer 'bobb' here; did you mean 'bob'?\n" in done.stderr
    assert done.stdout == ""


def test_without_docker_auto_takes_processes_and_says_so(write: Write, tmp_path: Path) -> None:
    done = peerlab("run", write(SHORT), "--runs", str(tmp_path), **NO_DOCKER)
    assert done.returncode == 0
    assert "Docker does not answer" in done.stderr
    assert "using the process engine" in done.stderr
    assert "short on process" in done.stdout


@pytest.mark.parametrize("words", [["run", DEMO, "--engine", "docker"], ["up"], ["ps"], ["down"]])
def test_without_docker_there_is_a_hint(words: list[str], tmp_path: Path) -> None:
    runs = ["--runs", str(tmp_path)] if words[0] == "run" else []
    done = peerlab(*words, *runs, **NO_DOCKER)
    assert done.returncode == 2
    assert done.stderr.startswith("error: Docker does not answer: ")
    assert "hint: start Docker" in done.stderr


def test_runs_that_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = peerlab("run", DEMO, "--engine", "process", "--runs", str(tmp_path / "file"))
    assert done.returncode == 2
    assert "hint: choose another with --runs" in done.stderr


def test_hostile_text_reaches_no_terminal(write: Write, tmp_path: Path) -> None:
    nasty = r"\e[31m[bold]:smile:[/bold]\e]0;title\a"
    lost = SHORT.replace("hello", nasty, 1).replace("from: alice,", "from: alice, within: 0.2,")
    done = peerlab("run", write(lost), "--engine", "process", "--runs", str(tmp_path))
    assert done.returncode == 1
    assert not set("\x1b\x07") & set(done.stdout + done.stderr)
