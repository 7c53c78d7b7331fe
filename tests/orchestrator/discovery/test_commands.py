"""`peerlab profile new` and `check`. `python -m tests.discovered` grades by written profiles."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner, Result

from orchestrator import profile
from orchestrator.cli import app
from orchestrator.cli import profile as commands
from orchestrator.discovery import check as checking
from orchestrator.discovery import trio
from orchestrator.discovery.draft import Draft
from orchestrator.discovery.pattern_matches import (
    MatchState,
    Observations,
    PatternCheck,
    ProfileCheck,
    ReplySeen,
)
from orchestrator.errors import LabError
from tests.repeats import ON_DOCKER_IF_THOROUGH

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
    assert set(found.operations) == set(wanted.operations)
    assert set(found.notices) == set(wanted.notices)
    assert set(found.lacks) == set(wanted.lacks)
    assert found.sync == wanted.sync
    assert found.first_id == wanted.first_id
    for verb in wanted.operations:
        typed = [line.type for line in found.operations[verb].send]
        assert typed == [line.type for line in wanted.operations[verb].send]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the silences that end a reply: these programs answer at once."""
    monkeypatch.setattr(trio, "_QUIET", 0.1)
    monkeypatch.setattr(trio, "_START_QUIET", 0.3)
    monkeypatch.setattr(trio, "_SILENT_START", 1.5)


@pytest.mark.parametrize("engine", ["process", ON_DOCKER_IF_THOROUGH])  # tests/languages has it
@pytest.mark.usefixtures("impatient")
@pytest.mark.timeout(SECONDS)
def test_a_written_profile_is_like_the_one_made_by_hand(tmp_path: Path, engine: str) -> None:
    folder = copied("by-the-book", tmp_path)
    result = peerlab("new", str(folder), "--engine", engine, "--no-check")
    assert result.exit_code == 0, result.output
    assert "what was understood" in result.output
    assert_alike(folder / "profile.yaml", PEERS / "by-the-book/profile.yaml")


@pytest.mark.timeout(SECONDS)
def test_a_wrong_pattern_is_reported_with_what_it_should_have_matched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_NOTICE_WITHIN", 1.5)  # two notices are waited for in vain
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
    assert "operations.connect.ok" in result.stdout


def refused(folder: Path, *options: str) -> tuple[str, str]:
    """Return the error and hint of a command that leaves the folder as it was."""
    before = {path.name: path.read_text() for path in folder.iterdir()}
    with pytest.raises(LabError) as caught:
        peerlab("new", str(folder), *options)
    assert {path.name: path.read_text() for path in folder.iterdir()} == before
    return caught.value.what, caught.value.hint


@pytest.mark.usefixtures("impatient")
@pytest.mark.timeout(SECONDS)
def test_a_program_that_never_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trio, "_PATIENT", 0.2)
    (tmp_path / "chat.py").write_text("import sys, time\nsys.argv\ntime.sleep(600)\n")
    assert refused(tmp_path, "--engine", "process") == (
        f"{tmp_path.name} never answered: no input made it print anything",
        "does it read commands from its terminal? Try its command by hand",
    )


@pytest.mark.usefixtures("impatient")
@pytest.mark.timeout(SECONDS)
def test_a_program_that_exits_at_once(tmp_path: Path) -> None:
    (tmp_path / "chat.py").write_text("import sys\nsys.exit('usage: ' + sys.argv[0])\n")
    command = ("--command", "python3 chat.py {port}")
    tried = "python3 chat.py {port} exited at once and printed: usage: chat.py"
    what, hint = refused(tmp_path, "--engine", "process", *command)
    assert what == f"{tmp_path.name} could not be started; {tried}"
    assert hint == (
        'give the command that starts it, as you would type it: --command "python3 chat.py {port}"'
        "; `{alice.address}` in it is the address of one of the peers alice, bob, carol"
    )


@pytest.mark.parametrize("doubt", ["", "seen only once"])
def test_a_written_profile_is_marked_where_it_is_doubtful(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, doubt: str
) -> None:
    folder, file = copied("menu", tmp_path), tmp_path / "menu.yaml"
    data = YAML(typ="safe").load((PEERS / "menu/profile.yaml").read_text())
    draft = Draft(data)
    draft.note(("ready",), "", "listening", data["ready"], doubt)
    monkeypatch.setattr(commands, "discover", lambda *_, **__: draft)
    monkeypatch.setattr(checking, "check", lambda *_: ProfileCheck(str(file), [], [], ANSWERED, []))
    words = ("new", str(folder), "--output", str(file), "--engine", "process")
    result = peerlab(*words)
    assert result.exit_code == (1 if doubt else 0)
    assert (f"{file}: 1 doubtful, marked in the file" if doubt else f"{file}: sure") in (
        result.stdout.splitlines()
    )
    assert ("# doubtful: seen only once" in file.read_text()) is bool(doubt)
    assert profile.load(str(file)).start.folder == str(folder.resolve())
    with pytest.raises(LabError, match="already exists"):
        peerlab(*words)


RESULTS = {
    MatchState.MATCHED: PatternCheck(("ready",), "^ready$", MatchState.MATCHED, "ready"),
    MatchState.UNMATCHED: PatternCheck(
        ("operations", "list", "ok", 0),
        "^ok$",
        MatchState.UNMATCHED,
        "no line matched; it was:\nyes\nno",
    ),
    MatchState.NO_OCCASION: PatternCheck(
        ("errors", 1), "^no$", MatchState.NO_OCCASION, "never had an occasion"
    ),
}


def checked(
    monkeypatch: pytest.MonkeyPatch, *states: MatchState, seen: Observations | None = None
) -> Result:
    """Run `check` with a given result instead of a program; return its exit status and output."""
    patterns = [RESULTS[state] for state in states]
    result = ProfileCheck("it.yaml", patterns, ["6:1", "9:22", "13:9"][: len(patterns)],
                          seen or ANSWERED, ["stray line"])  # fmt: skip
    monkeypatch.setattr(checking, "check", lambda *_: result)
    return peerlab("check", str(PEERS / "menu/profile.yaml"), "--engine", "process")


ANSWERED = Observations(replies=[ReplySeen("help", True, True, ("ok",), "help")])


def test_a_right_profile_has_exit_status_0(monkeypatch: pytest.MonkeyPatch) -> None:
    result = checked(monkeypatch, MatchState.MATCHED)
    assert result.exit_code == 0
    assert "it.yaml: 1 of 1 patterns matched" in result.stdout
    assert "stray line" in result.stdout
    assert not result.stderr


def test_a_mismatch_has_exit_status_1_and_a_line_for_editors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    result = checked(monkeypatch, *MatchState, seen=replace(ANSWERED, problems=["bob: gone"]))
    assert result.exit_code == 1
    assert result.stderr == "it.yaml:9:22: operations.list.ok: no line matched; it was: yes | no\n"
    assert "on the way: bob: gone" in result.stdout
    summary = "1 of 3 patterns matched, 1 did not match the output, 1 had no occasion to"
    assert f"it.yaml: {summary}" in result.stdout
    assert "it.yaml:13" in result.stdout


def test_a_program_that_was_never_ready_has_exit_status_2(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = Observations(problems=["alice is not ready"])
    assert checked(monkeypatch, MatchState.NO_OCCASION, seen=silent).exit_code == 2


def test_a_check_as_data() -> None:
    result = ProfileCheck("it.yaml", [RESULTS[MatchState.NO_OCCASION]], ["13:9"], ANSWERED, ["x"])
    assert result.as_data() == {
        "profile": "it.yaml",
        "patterns": [
            {
                "place": "errors.1",
                "at": "13:9",
                "pattern": "^no$",
                "state": "no occasion",
                "says": "never had an occasion",
            }
        ],
        "unread": ["x"],
        "problems": [],
    }


def test_a_profile_with_a_mistake_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "profile.yaml"
    file.write_text("name: it\nverbz: {}\n")
    with pytest.raises(LabError, match=r"profile\.yaml:2:1: unknown key 'verbz'"):
        peerlab("check", str(file))


def test_an_answer_with_an_unknown_placeholder(tmp_path: Path) -> None:
    (tmp_path / "chat.py").write_text("input()\n")
    assert refused(tmp_path, "--answers", "{port}", "--answers", "{porte}") == (
        "--answers: unknown placeholder {porte}",
        "there are {address}, {name}, {port}",
    )


def test_an_existing_profile_is_kept(tmp_path: Path) -> None:
    (tmp_path / "profile.yaml").write_text("mine")
    file = f"{tmp_path}/profile.yaml"
    assert refused(tmp_path) == (f"{file} already exists", "--force overwrites it")


def test_an_empty_folder(tmp_path: Path) -> None:
    assert refused(tmp_path) == (
        f"{tmp_path}: no program found there",
        'give the command that starts it, as you would type it: --command "./chat {port}"',
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
