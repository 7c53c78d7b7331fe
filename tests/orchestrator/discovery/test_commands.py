"""`peerlab profile new` and `check`. `python -m tests.discovered` grades by written profiles."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from orchestrator import profile
from orchestrator.cli import app
from orchestrator.errors import LabError

PEERS = Path(__file__).parents[3] / "examples/peers"
SECONDS = 240


def peerlab(*words: str) -> Result:
    """Run a command in this process; raise the lab's errors."""
    result = CliRunner().invoke(app, ["profile", *words])
    if isinstance(result.exception, LabError):
        raise result.exception
    return result


def copied(name: str, folder: Path) -> Path:
    """Return a copy of an example without its profile."""
    target = folder / name
    shutil.copytree(PEERS / name, target, ignore=shutil.ignore_patterns("*.yaml"))
    return target


def assert_alike(written: Path, by_hand: Path) -> None:
    """Assert that a written profile reads the same things as one made by hand."""
    found, wanted = profile.load(str(written)), profile.load(str(by_hand))
    assert set(found.verbs) == set(wanted.verbs)
    assert set(found.notices) == set(wanted.notices)
    assert set(found.lacks) == set(wanted.lacks)
    assert found.sync == wanted.sync
    assert found.first_id == wanted.first_id
    for verb in wanted.verbs:
        typed = [line.type for line in found.verbs[verb].send]
        assert typed == [line.type for line in wanted.verbs[verb].send]


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize(
    ("engine", "name"),
    [pytest.param("docker", "by-the-book", marks=pytest.mark.docker), ("process", "menu")],
)
def test_a_written_profile_is_like_the_one_made_by_hand(
    tmp_path: Path, engine: str, name: str
) -> None:
    folder = copied(name, tmp_path)
    result = peerlab("new", str(folder), "--engine", engine, "--no-check")
    assert result.exit_code == 0, result.output
    assert "what was understood" in result.output
    assert_alike(folder / "profile.yaml", PEERS / name / "profile.yaml")


@pytest.mark.timeout(SECONDS)
def test_a_wrong_pattern_is_reported_with_what_it_should_have_matched(tmp_path: Path) -> None:
    folder = copied("by-the-book", tmp_path)
    text = (PEERS / "by-the-book/profile.yaml").read_text()
    file = folder / "profile.yaml"
    file.write_text(text.replace("says: (", "said: ("))
    number = next(n for n, line in enumerate(file.read_text().splitlines(), 1) if "said:" in line)
    result = peerlab("check", str(file), "--engine", "process")
    assert result.exit_code == 1
    assert re.search(
        rf"profile\.yaml:{number}:\d+: notices\.message: no line matched", result.stderr
    )
    assert "says: umber quill" in result.stderr
    assert "14 of 15 patterns matched, 1 did not match the output" in result.stdout
    assert "Output that no pattern matched" in result.stdout
    assert "verbs.connect.ok" in result.stdout


def refused(folder: Path, *options: str) -> tuple[str, str]:
    """Return the error and hint of a command that leaves the folder as it was."""
    before = {path.name: path.read_text() for path in folder.iterdir()}
    with pytest.raises(LabError) as caught:
        peerlab("new", str(folder), *options)
    assert {path.name: path.read_text() for path in folder.iterdir()} == before
    return caught.value.what, caught.value.hint


@pytest.mark.timeout(SECONDS)
def test_a_program_that_never_answers(tmp_path: Path) -> None:
    (tmp_path / "chat.py").write_text("import sys, time\nsys.argv\ntime.sleep(600)\n")
    assert refused(tmp_path, "--engine", "process") == (
        f"{tmp_path.name} never answered: no input made it print anything",
        "does it read commands from its terminal? Try its command by hand",
    )


@pytest.mark.timeout(SECONDS)
def test_a_program_that_exits_at_once(tmp_path: Path) -> None:
    (tmp_path / "chat.py").write_text("import sys\nsys.exit('usage: ' + sys.argv[0])\n")
    command = ("--command", "python3 chat.py {port}")
    tried = "python3 chat.py {port} exited at once and printed: usage: chat.py"
    assert refused(tmp_path, "--engine", "process", *command) == (
        f"{tmp_path.name} could not be started; {tried}",
        'give the command that starts it: --command "python3 chat.py {port}"',
    )


def test_a_profile_with_a_mistake_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "profile.yaml"
    file.write_text("name: it\nverbz: {}\n")
    with pytest.raises(LabError, match=r"profile\.yaml:2:1: unknown key 'verbz'"):
        peerlab("check", str(file))


def test_an_existing_profile_is_kept(tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").write_text("mine")
    file = f"{tmp_path}/profile.yaml"
    assert refused(tmp_path) == (f"{file} already exists", "--force overwrites it")


def test_an_empty_folder(tmp_path: Path) -> None:
    assert refused(tmp_path) == (
        f"{tmp_path}: no program found there",
        'give the command that starts it: --command "python3 chat.py {port}"',
    )


def test_a_folder_with_two_programs(tmp_path: Path) -> None:
    for name in ("ada.py", "bob.py"):
        (tmp_path / name).write_text("import sys\nprint(sys.argv)\n")
    assert refused(tmp_path) == (
        f"{tmp_path}: there are several programs: ada.py, bob.py",
        'choose one: --command "python3 ada.py {port}"',
    )


@pytest.mark.parametrize(
    ("output", "error"),
    [
        ("nowhere/profile.yaml", "no such folder, or not writable"),
        ("profile.txt", "is not the name of a profile"),
        (".", "is not the name of a profile"),
        ("folder.yaml", "folder.yaml is a folder"),
    ],
)
def test_where_no_profile_can_be_written(tmp_path: Path, output: str, error: str) -> None:
    program, target = tmp_path / "program", tmp_path / output
    program.mkdir()
    (tmp_path / "folder.yaml").mkdir()
    (program / "chat.py").write_text("import sys\nprint(sys.argv)\n")
    what, hint = refused(program, "--output", str(target))
    assert error in what
    assert hint
