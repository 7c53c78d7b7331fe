"""Help, and what is refused before anything is started."""

from __future__ import annotations

import importlib
import importlib.metadata
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from orchestrator import cli
from orchestrator.cli import consoles
from tests.orchestrator.cli.support import peerlab
from tests.orchestrator.support import ROOT


def commands(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command with its words, those of groups as well."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


def test_every_command_has_a_sentence_of_help_and_an_example() -> None:
    found = dict(commands(typer.main.get_command(cli.app)))
    assert ("fault", "partition") in found
    lacking = []
    for words, command in found.items():
        summary = (command.help or "").partition("\n\n")[0].strip()
        example = f"Example: peerlab {' '.join(words)}"
        if not (summary.endswith(".") and (command.epilog or "").startswith(example)):
            lacking.append(words)
    assert lacking == []


def test_the_page_of_commands_has_every_command() -> None:
    page = (ROOT / "docs/cli.md").read_text()
    found = dict(commands(typer.main.get_command(cli.app)))
    missing = [words for words in found if f"`peerlab {' '.join(words)}" not in page]
    faults = [words for words in missing if words[0] == "fault" and f"`{words[1]}`" in page]
    assert [words for words in missing if words not in faults] == []


def test_without_a_command_all_are_listed() -> None:
    done = peerlab()
    for name in ("run", "validate", "grade", "judge", "up", "fault", "profile"):
        assert f"│ {name} " in done.stdout
    assert "Example: peerlab heal impair 1" in peerlab("heal", "--help").stdout


def test_commands_are_listed_in_groups() -> None:
    lines = peerlab("--help").stdout.splitlines()
    titles = [line.strip("╭─╮ ") for line in lines if line.startswith("╭─")]
    assert titles == ["Options", *cli.GROUPS]


def test_the_version() -> None:
    done = peerlab("--version")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"peerlab {importlib.metadata.version('peerlab')}, Python 3.")


@pytest.mark.parametrize("words", [[], ["run"], ["profile"], ["profile", "new"], ["fault", "kill"]])
def test_help_by_either_name_shows_no_type_of_a_flag(words: list[str]) -> None:
    short, long = peerlab(*words, "-h"), peerlab(*words, "--help")
    assert (short.returncode, short.stdout) == (0, long.stdout)
    assert "bool" not in short.stdout


@pytest.mark.parametrize(
    ("former", "today", "page", "word"),
    [
        ("check none", "judge none", "", "check"),
        ("profile check none.yaml", "profile test none.yaml", "profile", "check"),
        ("profile new none --no-check", "profile new none --no-test", "profile new", "--no-check"),
        ("run --runs there none.yaml", "run --output there none.yaml", "run", "--runs"),
        ("ps --name no/name", "ps --mesh no/name", "ps", "--name"),
    ],
)
def test_former_spellings_work_and_are_not_shown(
    former: str, today: str, page: str, word: str
) -> None:
    assert peerlab(*former.split()) == peerlab(*today.split())
    assert f" {word} " not in peerlab(*page.split(), "-h").stdout


def test_the_files_of_commands_have_those_commands() -> None:
    groups = {}
    for file in set(cli.FILES.values()):
        module = importlib.import_module(f"orchestrator.cli.{file}")
        groups[file] = set(typer.main.get_group(module.commands).commands)
    listed = {file: {name for name in cli.FILES if cli.FILES[name] == file} for file in groups}
    assert groups == listed


@pytest.mark.parametrize("words", [["run", "--engine", "process"], ["validate"]])
def test_what_needs_no_docker_starts_without_importing_it(words: list[str]) -> None:
    code = (
        "import sys; from orchestrator import cli\ntry:\n cli.main()\n"
        "finally: print([*{'docker', 'jinja2', 'orchestrator.discovery'} & sys.modules.keys()])"
    )
    given = [sys.executable, "-c", code, *words, "no-such.yaml"]
    done = subprocess.run(given, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == consoles.BROKEN
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rum"], "No such command 'rum'"),
        (["run", "x.yaml", "--engine", "docket"], "'docket' is not one of 'auto', 'docker'"),
        (["run"], "Missing argument 'FILE"),
        (["run", "x.yaml", "--jobs", "17"], "Invalid value for '--jobs'"),
        (["up", "--peers", "0"], "Invalid value for '--peers'"),
        (["fault", "impair", "all", "--delay", "soon"], "Invalid value for '--delay'"),
    ],
)
def test_wrong_usage(words: list[str], said: str) -> None:
    done = peerlab(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        ("fault partition alice bob", "partition: separate the groups with a /",
         "peerlab fault partition alice / bob,carol"),
        ("fault impair a b c --loss 5%", "name one peer, two peers, or `all`",
         "peerlab fault impair --help"),
        ("check none", "none: no run is kept there", None),
        ("run none.yaml", "none.yaml: there is no such file or folder",
         "name scenario files, or folders that contain .yaml files"),
    ],
)  # fmt: skip
def test_what_makes_no_sense(words: str, error: str, hint: str | None) -> None:
    done = peerlab(*words.split())
    assert (done.returncode, done.stdout) == (2, "")
    first, *rest = done.stderr.splitlines()
    assert first == f"error: {error}"
    assert hint is None or rest == [f"hint: {hint}"]
