"""The page about a program of one's own: its files are right, and do what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.scenario.validation import Validator
from tests.orchestrator.harness import Harness, judged
from tests.orchestrator.support import ROOT

_FILE = re.compile(r"`(\w+\.(?:py|yaml))`(?:(?!```).)*?```(?:python|yaml)\n(.*?)```", re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Write the files of the page."""
    for name, text in _FILE.findall((ROOT / "docs/own-program.md").read_text()):
        (tmp_path / name).write_text(text)
    return tmp_path


def test_its_files_are_right(folder: Path) -> None:
    validator = Validator()
    validator.check_files([folder / "copies.yaml", folder / "random.yaml"])
    assert (validator.mistakes, validator.right) == ([], 2)


def test_one_copy_knows_what_the_other_is_told(folder: Path) -> None:
    with Harness("process", folder) as lab:
        text = (folder / "copies.yaml").read_text()
        for profile in ("store.yaml", "right.yaml"):
            text = text.replace(f": {profile}", f": {folder / profile}")
        run = lab.run(text)
    assert judged(run) == dict.fromkeys(
        ("expectations", "register", "end states", "crashes"), "valid"
    )
