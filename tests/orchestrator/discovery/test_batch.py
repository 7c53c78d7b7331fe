"""`peerlab profile new` for a folder of programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from orchestrator.discovery import batch
from orchestrator.discovery.draft import Draft
from orchestrator.engines.base import Engine, Say
from orchestrator.errors import MissingToolError, ShortageError
from orchestrator.grading.programs import folders_of
from tests.orchestrator.cli.support import Done, peerlab
from tests.orchestrator.support import ROOT

BY_HAND = (ROOT / "examples/peers/menu/profile.yaml").read_text()

Discover = Callable[..., Draft]


class Tried:
    """Stands in for the experiments: what they find is decided by a program's text."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def __call__(
        self, engine: Engine, folder: Path, commands: Sequence[object], port: int, say: Say
    ) -> Draft:
        self.names.append(folder.name)
        text = (folder / "chat.py").read_text()
        if "missing" in text:
            raise MissingToolError("go is missing on this machine")
        if "full" in text:
            raise ShortageError("no address is left")
        draft = Draft(YAML(typ="safe").load(BY_HAND))
        draft.note(("operations", "list"), "list", "7 <b>rows</b>", "^7 rows$")
        draft.note(("ready",), "", "listening", "^listening$", "seen once" * ("doubt" in text))
        return draft


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> Tried:
    stand_in = Tried()
    monkeypatch.setattr(batch, "discover", stand_in)
    return stand_in


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with three programs and a list of names beside them."""
    for name, text in (("ada", "fine"), ("bob", "doubt"), ("cy", "missing")):
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / "chat.py").write_text(f"input()  # {text}\n")
    (tmp_path / "all/names.txt").write_text("ada, bob, cy\n")
    return tmp_path / "all"


def new(home: Path, *words: str, test: str = "--no-test") -> Done:
    output = str(home.parent / "out")
    options = ("--engine", "process", "--output", output, test)
    return peerlab("profile", "new", str(home), *options, *words)


def cells(result: Done) -> list[list[str]]:
    """Return the cells of the table that was printed."""
    return [[cell.strip() for cell in line.split("│")[1:-1]]
            for line in result.stdout.splitlines() if "│" in line]  # fmt: skip


def test_a_line_for_each_program(home: Path, tried: Tried) -> None:
    result = new(home)
    assert result.returncode == 2
    assert sorted(tried.names) == ["ada", "bob", "cy"]
    assert [row[:3] for row in cells(result)] == [
        ["ada", "ready", ""],
        ["bob", "review 1 pattern", ""],
        ["cy", "cannot start: go is missing on this machine", ""],
    ]
    assert "3 profiles to write: at most 2 min on an idle machine" in result.stderr
    assert (home / "ada/profile.yaml").is_file()
    assert not (home / "cy/profile.yaml").exists()


def test_each_profile_is_tested_once_it_is_written(home: Path, tried: Tried) -> None:
    program = (ROOT / "examples/peers/menu/chat.py").read_text()
    (home / "ada/chat.py").write_text(program)
    # as the profile does not read it
    (home / "bob/chat.py").write_text(program.replace("message is sent", "message is on its way"))
    (home / "cy/chat.py").write_text("raise SystemExit\n")
    result = new(home, test="--test")
    ada, bob, cy = cells(result)
    assert ada[1:3] == ["ready", "17 of 22 patterns matched, 5 had no occasion to"]
    assert (bob[1], result.returncode) == ("review: its test failed", 1)
    assert "did not match the output" in bob[2]
    assert cy[1] == "review: its test failed"
    assert cy[2].startswith("0 of 22 patterns matched, 1 did not")
    page = (home.parent / "out/profiles.html").read_text()
    assert "17 of 22 patterns matched" in page
    assert json.loads((home.parent / "out/bob.json").read_text())["tested"] == bob[2]


def test_the_page_begins_with_what_is_doubtful(home: Path, tried: Tried) -> None:
    new(home)
    page = (home.parent / "out/profiles.html").read_text()
    assert page.index('id="bob"') < page.index('id="cy"') < page.index('id="ada"')
    assert "seen once" in page
    assert "7 &lt;b&gt;rows&lt;/b&gt;" in page


def test_the_same_command_resumes(home: Path, tried: Tried) -> None:
    new(home)
    tried.names.clear()
    (home / "cy/chat.py").write_text("input()\n")
    result = new(home)
    assert tried.names == ["cy"]
    assert result.returncode == 1  # bob still needs a review
    assert "review 1 pattern" in result.stdout
    tried.names.clear()
    assert new(home, "--force").returncode == 1
    assert sorted(tried.names) == ["ada", "bob", "cy"]


def test_a_changed_program_gets_a_new_profile_unless_its_own_was_edited(
    home: Path, tried: Tried
) -> None:
    new(home)
    tried.names.clear()
    for name in ("ada", "bob"):
        (home / name / "chat.py").write_text("input()  # changed\n")
    edited = home / "bob/profile.yaml"
    edited.write_text(edited.read_text() + "# mine\n")
    result = new(home)
    assert sorted(tried.names) == ["ada", "cy"]
    assert "edited, then the program changed" in " ".join(result.stdout.split())


def test_a_profile_by_hand_is_kept(home: Path, tried: Tried) -> None:
    (home / "bob/profile.yaml").write_text(BY_HAND)
    new(home)
    assert sorted(tried.names) == ["ada", "cy"]
    assert (home / "bob/profile.yaml").read_text() == BY_HAND


def test_a_shortage_of_the_machine_is_no_ones_fault(home: Path, tried: Tried) -> None:
    (home / "bob/chat.py").write_text("input()  # full\n")
    result = new(home, "--jobs", "1")
    assert result.returncode == 2
    assert "no address is left" in result.stderr
    assert not (home.parent / "out/bob.json").exists()
    assert (home.parent / "out/ada.json").is_file()  # the next call resumes from there


@pytest.mark.parametrize("text", ["", "[]", '{"name": 1}', '{"notes": 3, "digests": []}'])
def test_a_damaged_record_is_no_record(home: Path, tried: Tried, text: str) -> None:
    new(home)
    (home.parent / "out/ada.json").write_text(text)
    assert "did not write" in " ".join(new(home).stdout.split())


def test_all_ready(home: Path, tried: Tried) -> None:
    for name in ("bob", "cy"):
        (home / name / "chat.py").write_text("input()\n")
    assert new(home).returncode == 0
    record = json.loads((home.parent / "out/bob.json").read_text())
    assert record["says"] == "ready"


def test_one_program_in_parts_is_no_folder_of_programs(tmp_path: Path) -> None:
    for name in ("vi/src", "vi/include", "vi/data"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "x.c").touch()
    assert folders_of(tmp_path / "vi", tmp_path / "out") == [tmp_path / "vi"]
    (tmp_path / "names.txt").touch()
    assert folders_of(tmp_path, tmp_path / "out") == [tmp_path / "vi"]


@pytest.mark.parametrize(
    ("file", "declares"),
    [("chat/Main.java", "package chat;"), ("org/acme/Main.java", "  package org.acme.chat ;")],
)
def test_a_package_is_no_folder_of_programs(tmp_path: Path, file: str, declares: str) -> None:
    path = tmp_path / "vi" / file
    path.parent.mkdir(parents=True)
    path.write_text(f"/* by vi */\n{declares}\nclass Main {{}}\n")
    output, (inner, *_) = tmp_path / "out", file.split("/")
    assert folders_of(tmp_path / "vi", output) == [tmp_path / "vi"]
    path.write_text(f"// package {inner};\nclass Main {{}}\n")
    assert folders_of(tmp_path / "vi", output) == [tmp_path / "vi" / inner]
    path.write_text(f"{declares}\n")
    (tmp_path / "vi/ada").mkdir()
    (tmp_path / "vi/ada/Main.java").write_text("package chat;\n")
    assert len(folders_of(tmp_path / "vi", output)) == 2, "they may be two people's"
