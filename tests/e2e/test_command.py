"""The command as a process: signals, descriptors and encodings. The rest is in-process."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.e2e.support import LONG, PEERLAB, SHORT, peerlab, start
from tests.orchestrator.support import until

pytestmark = pytest.mark.timeout(150)  # on a busy machine


def test_ctrl_c_during_the_imports() -> None:
    under_way = start(["validate", "scenarios"], PYTHONPROFILEIMPORTTIME="1")
    assert under_way.stderr
    for line in under_way.stderr:
        if "typer" in line:  # of the first after its handlers; there are hundreds more to come
            break
    under_way.send_signal(signal.SIGINT)
    shown, said = under_way.communicate(timeout=60)
    assert under_way.returncode == 130
    assert shown == ""
    assert "Traceback" not in said
    assert said.endswith("interrupted: nothing was begun\n")


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (">/dev/full", "error: standard output cannot be written: No space left on device\n"),
        (">&-", "error: standard output is closed\nhint: send it to /dev/null instead\n"),
    ],
)
def test_an_output_that_cannot_be_written(where: str, said: str) -> None:
    line = f"{PEERLAB} schema {where}"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, said)


def test_messages_that_cannot_be_written() -> None:
    line = f"{PEERLAB} validate /none 2>/dev/full"
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")


def test_a_reader_that_has_gone_and_a_terminal_that_knows_ascii_alone(tmp_path: Path) -> None:
    (tmp_path / "short.yaml").write_text(SHORT)
    run = ["run", str(tmp_path / "short.yaml"), "--engine", "process", "--runs", str(tmp_path)]
    done = peerlab(*run, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "\\u2713 short: valid" in done.stdout
    for options in ([], ["--json"]):
        read, write = os.pipe()
        os.close(read)
        words = [PEERLAB, "check", str(tmp_path / "short"), *options]
        piped = subprocess.run(words, stdout=write, stderr=subprocess.PIPE, check=False)
        os.close(write)
        assert (piped.returncode, piped.stderr) == (128 + signal.SIGPIPE, b"")


def test_a_run_whose_lab_was_killed(tmp_path: Path) -> None:
    (tmp_path / "long.yaml").write_text(LONG)
    words = ["run", str(tmp_path / "long.yaml"), "--engine", "process", "--runs", str(tmp_path)]
    run = start(words)
    history = tmp_path / "long/latest/history.jsonl"
    until(lambda: history.exists() and '"expect"' in history.read_text(), "the middle")
    os.kill(run.pid, signal.SIGKILL)
    run.communicate(timeout=60)
    with history.open("a") as file:
        file.write('{"at": 1.0, "type": "not')
    for command in ("check", "report"):
        done = peerlab(command, str(tmp_path / "long"))
        assert done.returncode == 2, done.stdout
        assert "? long: unknown" in done.stdout
        assert "its lab was ended before it could end the run" in done.stdout
    assert "listening on" in done.stdout
