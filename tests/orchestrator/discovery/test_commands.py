"""`peerlab profile new` and `check`, on real programs; tests/discovered grades by the result."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrator import profile
from orchestrator.cli import app
from orchestrator.errors import LabError

ROOT = Path(__file__).parents[3]
PEERS = ROOT / "examples/peers"
SECONDS = 240


def peerlab(*words: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("peerlab")), "profile", *words]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=SECONDS, cwd=ROOT
    )


def _lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    assert not done.stdout
    return [line for line in done.stderr.splitlines() if line.strip()]


def copied(name: str, folder: Path) -> Path:
    """Return a copy of an example without its profile."""
    target = folder / name
    shutil.copytree(PEERS / name, target, ignore=shutil.ignore_patterns("*.yaml"))
    return target


def likeness(made: Path, by_hand: Path) -> None:
    """Assert that a profile reads the same things as the one that was made by hand."""
    found, wanted = profile.load(str(made)), profile.load(str(by_hand))
    assert set(found.verbs) == set(wanted.verbs)
    assert set(found.notices) == set(wanted.notices)
    assert set(found.lacks) == set(wanted.lacks)
    assert found.sync == wanted.sync
    assert found.first_id == wanted.first_id
    for verb in wanted.verbs:
        typed = [line.type for line in found.verbs[verb].send]
        assert typed == [line.type for line in wanted.verbs[verb].send]


@pytest.mark.docker
@pytest.mark.timeout(SECONDS)
def test_a_profile_is_found_out_in_containers(tmp_path: Path) -> None:
    folder = copied("by-the-book", tmp_path)
    done = peerlab("new", str(folder), "--engine", "docker", "--no-check")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "what was understood" in done.stdout
    likeness(folder / "profile.yaml", PEERS / "by-the-book/profile.yaml")


@pytest.mark.timeout(SECONDS)
def test_a_right_profile_matches() -> None:
    done = peerlab("check", str(PEERS / "by-the-book/profile.yaml"), "--engine", "process")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "verbs.connect.ok" in done.stdout
    assert "15 of 15 patterns matched" in done.stdout


@pytest.mark.timeout(SECONDS)
def test_a_wrong_pattern_is_named_with_what_it_should_have_matched(tmp_path: Path) -> None:
    folder = copied("by-the-book", tmp_path)
    text = (PEERS / "by-the-book/profile.yaml").read_text()
    file = folder / "profile.yaml"
    file.write_text(text.replace("says: (", "said: ("))
    line = next(n for n, each in enumerate(file.read_text().splitlines(), 1) if "said:" in each)
    done = peerlab("check", str(file), "--engine", "process")
    assert done.returncode == 1
    assert re.search(rf"profile\.yaml:{line}:\d+: notices\.message: no line matched", done.stderr)
    assert "says: umber quill" in done.stderr
    assert "Output that no pattern matched" in done.stdout


def test_a_profile_with_a_mistake_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "profile.yaml"
    file.write_text("name: it\nverbz: {}\n")
    done = peerlab("check", str(file))
    assert done.returncode == 2
    assert "profile.yaml:2:1: unknown key 'verbz'" in done.stderr


@pytest.mark.timeout(SECONDS)
def test_a_program_that_never_answers(tmp_path: Path) -> None:
    (tmp_path / "chat.py").write_text("import sys, time\nsys.argv\ntime.sleep(600)\n")
    done = peerlab("new", str(tmp_path), "--engine", "process")
    assert done.returncode == 2
    assert _lines(done) == [
        f"error: {tmp_path.name} never answered: nothing that was typed made it print anything",
        "hint: does it read commands from its terminal? Try its command by hand",
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["chat.py"]


@pytest.mark.timeout(SECONDS)
def test_a_program_that_ends_at_its_start(tmp_path: Path) -> None:
    (tmp_path / "chat.py").write_text("import sys\nsys.exit('usage: ' + sys.argv[0])\n")
    done = peerlab("new", str(tmp_path), "--engine", "process")
    assert done.returncode == 2
    tried = "could not be started in any way that was tried; python3 chat.py {port} ended at once"
    assert _lines(done) == [
        f"error: {tmp_path.name} {tried} and said: usage: chat.py",
        'hint: say how it is started: --command "python3 chat.py {port}"',
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["chat.py"]


def _refused(folder: Path, *options: str) -> tuple[str, str]:
    """Return what is said, with its hint, where nothing is started; the folder is as it was."""
    before = {each.name: each.read_text() for each in folder.iterdir()}
    with pytest.raises(LabError) as found:
        app(["profile", "new", str(folder), *options], standalone_mode=False)
    assert {each.name: each.read_text() for each in folder.iterdir()} == before
    return found.value.what, found.value.hint


def test_a_profile_that_is_there_is_kept(tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").write_text("mine")
    assert _refused(tmp_path) == (
        f"{tmp_path}/profile.yaml is there already",
        "--force writes over it",
    )


def test_a_folder_with_nothing_in_it(tmp_path: Path) -> None:
    assert _refused(tmp_path) == (
        f"{tmp_path}: nothing there looks like a program",
        'say how it is started: --command "python3 chat.py {port}"',
    )


def test_a_folder_with_two_programs(tmp_path: Path) -> None:
    for name in ("ada.py", "bob.py"):
        (tmp_path / name).write_text("import sys\nprint(sys.argv)\n")
    assert _refused(tmp_path) == (
        f"{tmp_path}: several programs could be meant: ada.py, bob.py",
        'say which: --command "python3 ada.py {port}"',
    )


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("nowhere/profile.yaml", "no folder that can be written to"),
        ("profile.txt", "is no name of a profile"),
    ],
)
def test_where_no_profile_can_be_written(tmp_path: Path, output: str, said: str) -> None:
    (tmp_path / "chat.py").write_text("import sys\nprint(sys.argv)\n")
    error, hint = _refused(tmp_path, "--output", str(tmp_path / output))
    assert said in error
    assert hint
