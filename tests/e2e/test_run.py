"""`peerlab run` as people and CI use it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrator import checks
from orchestrator.cancel import ENDINGS, status_of
from orchestrator.checks.judged_run import Run
from orchestrator.cli.scenario import print_kept
from orchestrator.history.entries import Entry
from tests.e2e import support
from tests.e2e.support import DEMO, LONG, SHORT, start
from tests.orchestrator.cli.support import peerlab
from tests.orchestrator.support import until
from tests.repeats import ON_DOCKER_IF_THOROUGH

pytestmark = pytest.mark.timeout(150)  # on a busy machine

Write = Callable[[str], str]
TOO_SHORT = "limits: {total: 0.000001}\n"


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a scenario and return its path."""

    def one(text: str) -> str:
        path = tmp_path / "scenario.yaml"
        path.write_text(text)
        return str(path)

    return one


@pytest.mark.parametrize("engine", ["process", ON_DOCKER_IF_THOROUGH])
def test_the_demo(engine: str, tmp_path: Path) -> None:
    done = support.peerlab("run", DEMO, "--engine", engine, "--runs", str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ demo: valid" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr
    latest = tmp_path / "demo/latest"
    assert (latest / "scenario.yaml").read_text() == Path(DEMO).read_text()
    assert "12 messages shown" in done.stdout
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
    assert [check["check"] for check in only["checks"]] == list(checks.CHAT)
    assert Path(only["folder"], "history.jsonl").exists()


def test_a_wrong_expectation(write: Write, tmp_path: Path) -> None:
    path = write(SHORT.replace('message: "hello"', 'message: "goodbye", within: 0.3'))
    done = peerlab("run", path, "--engine", "process", "--runs", str(tmp_path))
    assert done.returncode == 1
    assert "✗ short: invalid" in done.stdout
    assert "bob: expected message 'goodbye' from alice: nothing of" in done.stdout


def test_the_worst_of_several_is_the_status(write: Write, tmp_path: Path) -> None:
    wrong = write(SHORT.replace("bob, from", "bob, within: 0.2, from").replace("age: ", "age: un"))
    done = peerlab("run", DEMO, wrong, "--engine", "process", "--runs", str(tmp_path))
    assert done.returncode == 1
    assert "✓ demo: valid" in done.stdout


def test_an_act_at_a_peer_that_is_gone_fails(write: Write, tmp_path: Path) -> None:
    path = write(SHORT + "  - exit: bob\n  - list: bob\n")
    done = peerlab("run", path, "--engine", "process", "--runs", str(tmp_path))
    assert done.returncode == 1
    assert "✗ short: invalid" in done.stdout
    entries = read_lines(tmp_path / "short/latest/history.jsonl")
    (listed,) = (entry for entry in entries if (entry["type"], entry["verb"]) == ("fail", "list"))
    assert (listed["peer"], listed["said"]) == ("bob", "bob is not there any more")
    assert entries[-1]["verb"] == "over"


def test_a_run_that_broke_off_is_unknown(write: Write, tmp_path: Path) -> None:
    more = "limits: {total: 0.2}\nsteps:\n  - repeat: {times: 100000, steps: [{list: alice}]}\n"
    path = write(SHORT.replace("steps:\n", more))
    done = peerlab("run", path, "--engine", "process", "--runs", str(tmp_path))
    assert done.returncode == 2
    assert "the run broke off: the steps took longer than 0.2 s" in done.stderr
    assert "hint: see `limits: {total: …}`" in done.stderr
    assert "? short: unknown" in done.stdout
    entries = read_lines(tmp_path / "short/latest/history.jsonl")
    assert entries[-1]["verb"] == "broke off"
    assert json.loads((tmp_path / "short/latest/run.json").read_text())["verdict"] == "unknown"


def test_scenarios_run_several_times_in_parallel(write: Write, tmp_path: Path) -> None:
    words = ["--times", "2", "--jobs", "2", "--engine", "process", "--runs", str(tmp_path)]
    done = peerlab("run", DEMO, write(SHORT), *words, "--json")
    data = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert data["verdict"] == "valid"
    assert [Path(run["folder"]).parent.name for run in data["runs"]] == ["demo", "short"] * 2
    assert len({run["folder"] for run in data["runs"]}) == 4
    assert done.stderr.count("✓ demo: valid") == 2


def test_unknown_is_not_as_bad_as_invalid(write: Write, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    wrong = tmp_path / "more/wrong.yaml"
    wrong.write_text(
        SHORT.replace("short", "wrong").replace('message: "hello"', 'message: "x", within: 0.1')
    )
    broken = tmp_path / "more/broken.yaml"
    broken.write_text(SHORT.replace("short", "broken").replace("steps:", f"{TOO_SHORT}steps:"))
    words = ["--engine", "process", "--runs", str(tmp_path / "runs")]
    assert peerlab("run", str(broken), *words).returncode == 2
    done = peerlab("run", str(tmp_path / "more"), *words)
    assert done.returncode == 1
    assert "wrong" in done.stdout
    assert "broken" in done.stdout


def test_peers_cannot_be_kept_as_processes(write: Write, tmp_path: Path) -> None:
    words = ["run", write(SHORT), "--keep", "--runs", str(tmp_path)]
    for more in (["--engine", "process"], []):
        done = peerlab(*words, *more)
        assert done.returncode == 2
        assert "peers can be kept on Docker alone" in done.stderr
        assert done.stderr.count("error:") == 1
        assert not (tmp_path / "short/latest/run.json").exists()


def test_a_broken_scenario(write: Write) -> None:
    path = write(SHORT.replace("to: bob}", "to: bobb}", 1))
    done = peerlab("run", path, "--engine", "process")
    assert done.returncode == 2
    assert done.stderr == f"{path}:6:26: no peer 'bobb' here; did you mean 'bob'?\n"
    assert done.stdout == ""


def test_without_docker_auto_takes_processes_and_says_so(write: Write, tmp_path: Path) -> None:
    done = peerlab("run", write(SHORT), "--runs", str(tmp_path))
    assert done.returncode == 0
    assert "Docker does not answer" in done.stderr
    assert "using the process engine" in done.stderr
    began = read_lines(tmp_path / "short/latest/history.jsonl")[0]
    assert began["engine"] == "process"


@pytest.mark.parametrize("words", [["run", DEMO, "--engine", "docker"], ["up"], ["ps"], ["down"]])
def test_without_docker_there_is_a_hint(words: list[str], tmp_path: Path) -> None:
    runs = ["--runs", str(tmp_path)] if words[0] == "run" else []
    done = peerlab(*words, *runs)
    assert done.returncode == 2
    assert done.stderr.startswith("error: Docker does not answer: ")
    assert "hint: start Docker" in done.stderr


def test_runs_that_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = peerlab("run", DEMO, "--engine", "process", "--runs", str(tmp_path / "file"))
    assert done.returncode == 2
    assert "hint: choose another with --output" in done.stderr


def test_hostile_text_reaches_no_terminal(write: Write, tmp_path: Path) -> None:
    nasty = r"\e[31m[bold]:smile:[/bold]\e]0;title\a"
    lost = SHORT.replace("hello", nasty, 1).replace("from: alice,", "from: alice, within: 0.2,")
    done = peerlab("run", write(lost), "--engine", "process", "--runs", str(tmp_path))
    assert done.returncode == 1
    assert not set("\x1b\x07") & set(done.stdout + done.stderr)


def interrupted_in_the_middle(folder: Path, again: Callable[[subprocess.Popen[str]], None]) -> None:
    """Interrupt a long run, and `again`, whatever that sends; it must end as if once."""
    (folder / "long.yaml").write_text(LONG)
    words = ["--engine", "process", "--runs", str(folder)]
    run = start(["run", str(folder / "long.yaml"), *words])
    history = folder / "long/latest/history.jsonl"
    until(lambda: history.exists() and '"expect"' in history.read_text(), "the middle")
    run.send_signal(signal.SIGINT)
    again(run)
    _, said = run.communicate(timeout=60)
    assert run.returncode in [status_of(number) for number in ENDINGS]  # of whichever came first
    assert "Traceback" not in said
    assert said.count("interrupted: nothing was left running") == 1


@pytest.mark.thorough  # the test below has more of them
def test_signals_in_one_go_end_a_run_once(tmp_path: Path) -> None:
    def others(run: subprocess.Popen[str]) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            run.send_signal(number)

    interrupted_in_the_middle(tmp_path, others)


def test_signals_until_the_very_end_do_not_disturb_it(tmp_path: Path) -> None:
    def on_and_on(run: subprocess.Popen[str]) -> None:
        def has_ended() -> bool:
            run.send_signal(signal.SIGTERM)
            return run.poll() is not None

        until(has_ended, "the end")

    interrupted_in_the_middle(tmp_path, on_and_on)


@pytest.mark.parametrize(
    "options", [pytest.param([], marks=pytest.mark.thorough, id="tables"), ["--json"]]
)
def test_what_was_done_until_ctrl_c(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "a.yaml").write_text(SHORT)
    (tmp_path / "b.yaml").write_text(LONG)
    (tmp_path / "c.yaml").write_text(SHORT.replace("short", "never"))
    runs = tmp_path / "runs"
    run = start(["run", str(tmp_path), "--engine", "process", "--runs", str(runs), *options])
    history = runs / "long/latest/history.jsonl"
    until(lambda: history.exists() and '"expect"' in history.read_text(), "the middle")
    run.send_signal(signal.SIGINT)
    shown, said = run.communicate(timeout=60)
    assert run.returncode == 130
    assert said.endswith("interrupted: nothing was left running\n")
    if options:
        shown, said = said.removesuffix("interrupted: nothing was left running\n"), shown
        assert said == ""
    assert re.search(r"^✓ short: valid", shown, re.MULTILINE)
    assert re.search(r"^\? long: unknown", shown, re.MULTILINE)
    assert shown.endswith("\n2 of 3 runs were begun\n")


def test_peers_that_were_left_up_are_named(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    one, two = (
        Run(tmp_path, [Entry(0.0, "lab", "", "began", 0, {"scenario": name})], [], None, kept=kept)
        for name, kept in (("demo", ["p-1-alice"]), ("short", ["p-2-alice", "p-2-bob"]))
    )
    print_kept([one, two])
    said = capsys.readouterr().err.splitlines()
    whose = [line.partition("   (")[0] for line in said]
    assert whose == [
        "left running by demo: docker attach p-1-alice",
        "left running by short: docker attach p-2-alice",
        "left running by short: docker attach p-2-bob",
        "peerlab down --kept removes them",
    ]
