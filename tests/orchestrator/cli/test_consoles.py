"""What commands print, and where: escaped, unfolded, and never a traceback."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from rich.console import Console

from orchestrator import cli
from orchestrator.cli import consoles
from orchestrator.errors import LabError
from tests.e2e.support import SHORT
from tests.orchestrator.cli.support import peerlab

LONG = "x" * 300


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Return what is printed on standard error, as on a narrow terminal."""
    stream = io.StringIO()
    console = Console(file=stream, width=40, force_terminal=True, highlight=False, emoji=False)
    monkeypatch.setattr(consoles, "err", console)
    return stream


def test_errors_are_not_folded_and_keep_their_line_breaks(printed: io.StringIO) -> None:
    consoles.print_error("error:", LabError(f"{LONG}\nmore", hint=f"try {LONG}"))
    plain = re.sub(r"\x1b\[[0-9;]*m", "", printed.getvalue())
    assert plain == f"error: {LONG}\nmore\nhint: try {LONG}\n"


def test_control_characters_and_markup_are_printed_as_text(printed: io.StringIO) -> None:
    consoles.print_error("error:", LabError("\x1b[31m\a[bold]red[/bold] :smile:"))
    consoles.say("\x1b]0;title\a[i]")
    consoles.print_notes(["\x07[link]"])
    consoles.print_mistakes(["a.yaml:1:1: [blink]\x9b"])
    plain = re.sub(r"\x1b\[[0-9;]*m", "", printed.getvalue())
    assert not set("\x1b\a\x9b") & set(plain)
    for text in ("[bold]red[/bold] :smile:", "[i]", "note: ", "[link]", "a.yaml:1:1: [blink]"):
        assert text in plain


def test_progress_is_a_line_for_each_phase_without_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with consoles.progress() as progress:
        progress.phase("starting 2 peers")
        progress.step("alice is ready")
    assert capsys.readouterr().err == "starting 2 peers\n"


def test_progress_is_a_status_on_a_terminal(printed: io.StringIO) -> None:
    with consoles.progress() as progress:
        progress.phase("starting 2 peers")
        progress.step("alice is [ready]")
    assert "starting 2 peers" in printed.getvalue()


@pytest.mark.parametrize("command", ["schema", "--help", "run"])
def test_an_output_that_cannot_be_written(tmp_path: Path, command: str) -> None:
    (tmp_path / "short.yaml").write_text(SHORT)
    run = [str(tmp_path / "short.yaml"), "--engine", "process", "--runs", str(tmp_path)]
    full = Path("/dev/full").open("w", encoding="utf-8")  # noqa: SIM115 - the command closes it
    done = peerlab(command, *(run if command == "run" else ()), stdout=full)
    assert done.returncode == 2
    said = done.stderr.removeprefix("starting 2 processes\n")
    assert said == "error: standard output cannot be written: No space left on device\n"


def test_a_closed_output() -> None:
    done = peerlab("schema", stdout=None)
    assert done.returncode == 2
    assert done.stderr == "error: standard output is closed\nhint: send it to /dev/null instead\n"


def test_a_bug_of_the_labs_own_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail() -> None:
        raise KeyError("a\nb")

    monkeypatch.setattr(cli, "app", fail)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = peerlab()
    assert done.returncode == 2
    first, hint = done.stderr.splitlines()
    assert first == "the lab itself failed: KeyError: 'a\\nb'"
    (kept,) = re.findall(r"^hint: its traceback is in (\S+): report it$", hint)
    assert "in fail" in Path(kept).read_text()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    assert "its traceback could not be kept: report it" in peerlab().stderr
