"""`peerlab logs` of kept runs; e2e/mesh/test_attach.py has those of the mesh."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.history import runs
from orchestrator.history.transcript import Transcript
from tests.orchestrator.cli.support import peerlab


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """A scenario's folder with a run of two peers; bob's console is a client."""
    run = runs.make(tmp_path, "demo", "name: demo\n")
    (run / runs.HISTORY).touch()
    for path, shown in {
        runs.transcript(run, "alice"): b"hello\r\n\x1b[31mred\x01\n> half",
        runs.transcript(run, "bob"): b"a client\n",
        runs.log(run, "bob"): b"a server\n",
    }.items():
        record = Transcript(path, started=10.0)
        record.typed(b"typed\n")
        record.seen(shown, at=11.5)
        record.close()
    return tmp_path / "demo"


def test_lines_have_times_and_no_control_characters(kept: Path) -> None:
    done = peerlab("logs", "alice", "--run", str(kept))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "    1.500 │ hello\n    1.500 │ red\ufffd\n    1.500 │ > half\n"


def test_of_a_server_with_a_client(kept: Path) -> None:
    assert peerlab("logs", "bob", "--run", str(kept)).stdout == "    1.500 │ a server\n"
    assert (
        peerlab("logs", "bob", "--run", str(kept), "--console").stdout == "    1.500 │ a client\n"
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("alic --run {}", "there was no peer 'alic'; did you mean 'alice'?"),
        ("x --run {}", "there was no peer 'x': there are alice, bob"),
        ("alice --run {} --console", "the console of alice was the program's own"),
        ("alice --run {} --follow", "a kept run is over, so there is nothing to --follow"),
        ("alice --console", "--console is for kept runs"),
        ("alice --run {}/none", "no run is kept there"),
        ("alice", "Docker does not answer"),
    ],
)
def test_what_there_is_not(kept: Path, words: str, said: str) -> None:
    done = peerlab("logs", *words.format(kept).split())
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


def test_a_transcript_that_was_changed(kept: Path) -> None:
    (kept / "latest/alice.transcript").write_text("no piece\n")
    done = peerlab("logs", "alice", "--run", str(kept))
    assert (done.returncode, done.stdout) == (2, "")
    assert "alice.transcript: cannot be read: " in done.stderr
