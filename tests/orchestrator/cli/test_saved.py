"""`peerlab judge` and `peerlab report`: runs that are kept, without any engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestrator.errors import LabError
from tests.e2e.support import SHORT
from tests.orchestrator.cli.support import peerlab


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a valid run and one that is not."""
    folder = tmp_path_factory.mktemp("runs")
    bad = SHORT.replace("name: short", "name: bad").replace("bob, from", "bob, within: 0.2, from")
    for name, text in (("short", SHORT), ("bad", bad.replace('age: "hello"', 'age: "bye"'))):
        (folder / f"{name}.yaml").write_text(text)
        peerlab("run", str(folder / f"{name}.yaml"), "--engine", "process", "--runs", str(folder))
    return folder


@pytest.mark.parametrize("command", ["judge", "report"])
def test_a_valid_run(kept: Path, command: str) -> None:
    done = peerlab(command, str(kept / "short"))
    assert (done.returncode, done.stderr) == (0, "")
    assert ("short: Two peers talk." in done.stdout) is (command == "report")
    assert "✓ short: valid" in done.stdout
    assert (done.stdout.count("\n") == 1) is (command == "judge")
    assert ("Messages: sent → shown → confirmed" in done.stdout) is (command == "report")


@pytest.mark.parametrize("command", ["judge", "report"])
def test_a_run_that_is_not_valid(kept: Path, command: str) -> None:
    done = peerlab(command, str((kept / "bad/latest").resolve()))
    assert done.returncode == 1
    assert "✗ bad: invalid" in done.stdout
    assert "nothing of the kind within 0.2 s" in " ".join(done.stdout.split())
    assert "hello" in done.stdout  # what bob's console showed instead
    assert "has changed" not in done.stdout


def test_several_runs_in_one_go(kept: Path) -> None:
    done = peerlab("judge", str(kept / "short"), str(kept / "bad"), columns=80)
    assert done.returncode == 1
    assert "1 of 2 runs not valid" in done.stdout


def test_quietly(kept: Path) -> None:
    both = peerlab("judge", "-q", str(kept / "short"), str(kept / "bad"))
    assert "short" not in both.stdout.replace(str(kept), "")
    assert both.stdout.startswith("✗ bad: invalid")
    assert peerlab("judge", "-q", str(kept / "short")).stdout.startswith("✓ short: valid")


def test_json(kept: Path) -> None:
    done = peerlab("judge", str(kept / "short"), str(kept / "bad"), "--json")
    data = json.loads(done.stdout)
    assert (done.returncode, data["verdict"]) == (1, "invalid")
    assert [(run["scenario"], run["verdict"]) for run in data["runs"]] == [
        ("short", "valid"),
        ("bad", "invalid"),
    ]


def test_a_verdict_that_is_another_now(kept: Path, tmp_path: Path) -> None:
    for file in (kept / "short/latest").resolve().iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    history = tmp_path / "history.jsonl"
    lines = [line for line in history.read_text().splitlines() if '"message"' not in line]
    history.write_text("\n".join(lines) + "\n")
    done = peerlab("judge", str(tmp_path))
    assert done.returncode == 1
    assert "valid: the verdict has changed since it was recorded" in done.stdout


def test_where_no_run_is_kept(tmp_path: Path) -> None:
    done = peerlab("judge", str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert f"error: {tmp_path}: no run is kept there\nhint: name a run's folder" in done.stderr


def test_a_history_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "history.jsonl").write_text("x\n")
    done = peerlab("report", str(tmp_path))
    assert done.returncode == 2
    assert "history.jsonl:1:1: " in done.stderr


@pytest.mark.parametrize("command", ["judge", "report"])
def test_damaged_runs_keep_no_other_from_being_judged(
    kept: Path, tmp_path: Path, command: str
) -> None:
    (tmp_path / "history.jsonl").write_text("x\n")
    words = [str(tmp_path / "none"), str(kept / "short"), str(tmp_path)]
    done = peerlab(command, *words)
    assert done.returncode == 2
    assert "✓ short: valid" in done.stdout
    assert f"error: {tmp_path}/none: no run is kept there\n" in done.stderr
    assert f"error: {tmp_path}/history.jsonl:1:1: " in done.stderr
    assert peerlab(command, *words, str(kept / "bad")).returncode == 1
    if command == "judge":
        data = json.loads(peerlab(command, *words, "--json").stdout)
        assert (data["verdict"], len(data["runs"]), len(data["unread"])) == ("unknown", 1, 2)


def test_a_record_that_is_none(kept: Path, tmp_path: Path) -> None:
    for file in (kept / "short/latest").resolve().iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "run.json").write_text("")
    done = peerlab("judge", str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "run.json:1:1:nottherecordofarun;shownwithoutit" in "".join(done.stdout.split())
    (data,) = json.loads(peerlab("judge", str(tmp_path), "--json").stdout)["runs"]
    assert data["without"] == f"{tmp_path}/run.json:1:1: not the record of a run; shown without it"


def test_a_run_without_chaos(kept: Path) -> None:
    done = peerlab("schedule", str(kept / "short"))
    assert done.returncode == 2
    assert "there was no chaos in this run" in done.stderr


def test_a_run_has_a_page_unless_none_is_wanted(kept: Path, tmp_path: Path) -> None:
    assert (kept / "short/latest/report.html").is_file()
    text = SHORT.replace("name: short", "name: without")
    (tmp_path / "without.yaml").write_text(text)
    words = ("--engine", "process", "--output", str(tmp_path))
    assert peerlab("run", str(tmp_path / "without.yaml"), "--no-page", *words).returncode == 0
    assert not (tmp_path / "without/latest/report.html").exists()


def test_a_page_is_written_again_and_opened(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []

    def note(url: str) -> bool:
        opened.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", note)
    page = (kept / "bad/latest").resolve() / "report.html"
    page.unlink()
    done = peerlab("report", str(kept / "bad"), "--open")
    assert (done.returncode, opened) == (1, [page.as_uri()])
    assert "bad: invalid" in done.stdout
    assert str(page) in done.stdout
    assert page.is_file()
    elsewhere = tmp_path / "page.html"
    assert peerlab("report", str(kept / "bad"), "--page", str(elsewhere)).returncode == 1
    assert elsewhere.read_bytes() == page.read_bytes()


def test_a_page_that_cannot_be_opened_or_written(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    done = peerlab("report", str(kept / "short"), "--open")
    assert done.returncode == 2
    assert "no browser was found to open" in done.stderr
    assert "hint: copy this one file to a machine with a browser" in done.stderr
    (tmp_path / "file").write_text("")
    done = peerlab("report", str(kept / "short"), "--page", str(tmp_path / "file/page.html"))
    assert done.returncode == 2
    assert "cannot be written" in done.stderr
    done = peerlab("report", str(kept / "short"), str(kept / "bad"), "--page", "page.html")
    assert "--page takes one run" in done.stderr


def test_a_page_that_cannot_be_kept_is_one_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LabError("/full/report.html: cannot be written: No space left on device")

    monkeypatch.setattr("orchestrator.report.page.page.write_page", fail)
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(SHORT.replace("name: short", f"name: {name}"))
    done = peerlab("run", str(tmp_path), "--engine", "process", "--output", str(tmp_path / "runs"))
    assert done.returncode == 0
    assert done.stderr.count("warning: /full/report.html: cannot be written") == 1
