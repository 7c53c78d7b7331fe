"""The documentation names what exists: links, files, commands and options."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from orchestrator.cli import app

ROOT = Path(__file__).parents[1]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "peer/PROTOCOL.md")),
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "examples").glob("*/README.md")),
]
_LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
_ANCHORED = re.compile(r"\]\(([^)#:]*)#([^)]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_CODE = re.compile(r"^(```.*?)^```$", re.MULTILINE | re.DOTALL)
_NEW = {"promptness.py", "test_promptness.py"}
"""Files that a page tells its reader to write."""
_FILE = re.compile(r"`((?:orchestrator|peer|sidecar|tests|scenarios|conformance|docs)/[\w./-]*)`")


def _pages() -> Iterator[tuple[Path, str]]:
    for page in PAGES:
        yield page, page.read_text(encoding="utf-8")


def test_links_lead_somewhere() -> None:
    broken = [
        (str(page.relative_to(ROOT)), target)
        for page, text in _pages()
        for target in _LINK.findall(text)
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_links_to_sections_lead_somewhere() -> None:
    broken = [
        (str(page.relative_to(ROOT)), f"{target}#{section}")
        for page, text in _pages()
        for target, section in _ANCHORED.findall(text)
        if section not in _sections(page.parent / target if target else page)
    ]
    assert broken == []


def _sections(page: Path) -> set[str]:
    """Return how links name the sections of a page."""
    headings = _HEADING.findall(_CODE.sub("", page.read_text(encoding="utf-8")))
    words = (re.sub(r"[^\w\s-]", "", heading.lower()) for heading in headings)
    return {re.sub(r"\s", "-", word) for word in words}


def test_tables_are_whole() -> None:
    """A blank line in a table makes its other rows a paragraph of text and bars."""
    torn = [
        (str(page.relative_to(ROOT)), block.partition("\n")[0])
        for page, text in _pages()
        for block in re.findall(r"(?:^\|.*\n)+", _CODE.sub("", text), re.MULTILINE)
        if not re.search(r"\A.*\n\|(?: *:?-+:? *\|)+\n", block)
    ]
    assert torn == []


def test_files_that_pages_name_exist() -> None:
    missing = [
        (str(page.relative_to(ROOT)), name)
        for page, text in _pages()
        for name in _FILE.findall(text)
        if not any((place / name).exists() for place in (ROOT, page.parent))
        and Path(name).name not in _NEW
    ]
    assert missing == []


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) <= 1_100


def _commands(command: Any, words: str = "peerlab") -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)  # of a group; typer has brought its own click along
    if inner is None:
        yield words, command
        return
    for name, subcommand in inner.items():
        yield from _commands(subcommand, f"{words} {name}")


def test_the_page_of_commands_has_every_command_and_option() -> None:
    text = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    documented = {*re.findall(r"--[a-z][a-z-]*", text), *re.findall(r"[a-z]+", text)}
    commands = dict(_commands(typer.main.get_command(app)))
    assert {"peerlab run", "peerlab fault partition", "peerlab profile new"} <= commands.keys()
    named = [
        (words, name)
        for words, command in commands.items()
        for name in (words.split()[-1], *(option.opts[0] for option in command.params))
    ]
    assert ("peerlab run", "--jobs") in named
    options = [(words, name) for words, name in named if name.startswith("-") or name in words]
    assert [option for option in options if option[1] not in documented] == []
