"""Docker Compose: which one is on this machine, and how it resolves a file."""

from __future__ import annotations

import functools
import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from orchestrator import command
from orchestrator.errors import DocumentError, LabError

_SECONDS = 30
_WARNINGS = ("time=", "WARNING", "WARN[")  # how lines begin that refuse nothing
_PACKAGES = {  # the command that installs Compose, by the program that is there if it works
    "apt-get": "apt-get install docker-compose",
    "dnf": "dnf install docker-compose",
    "pacman": "pacman -S docker-compose",
    "apk": "apk add docker-cli-compose",
    "brew": "brew install docker-compose",
}


@dataclass(frozen=True, slots=True)
class ComposeTool:
    """Docker Compose on this machine."""

    words: tuple[str, ...]  # the command that it is
    version: str  # such as 1.29.2

    @property
    def is_first(self) -> bool:
        """Whether it is version 1, a program of its own."""
        return self.version.startswith("1.")

    def __str__(self) -> str:
        return f"{' '.join(self.words)} {self.version}"

    def called(self, file: Path, project: str, *words: str) -> tuple[str, ...]:
        """Return the command that does something with a file's project."""
        return (*self.words, "--project-name", project, "--file", str(file), *words)


@functools.cache
def find() -> ComposeTool:
    """Return the plugin of `docker` if it is here, else `docker-compose`.

    Raises:
        LabError: neither is here; the hint says how to install one.
    """
    for words in (("docker", "compose"), ("docker-compose",)):
        try:
            version = command.run(*words, "version", "--short", seconds=_SECONDS)
        except LabError:
            continue
        return ComposeTool(words, version.strip().removeprefix("v"))
    raise LabError("Docker Compose is not on this machine", hint=f"install it: {_how_to_install()}")


def _how_to_install() -> str:
    known = (how for program, how in _PACKAGES.items() if shutil.which(program))
    return next((f"`{how}`" for how in known), "see Docker's manual, `docker compose`")


@functools.lru_cache(maxsize=32)
def resolved(file: Path) -> Mapping[str, Any]:
    """Return a Compose file as Compose resolves it: variables, `extends` and anchors filled in.

    A file is resolved once in a command.

    Raises:
        DocumentError: Compose refuses it; the message is Compose's own.
        LabError: there is no Compose here.
    """
    tool = find()
    form = () if tool.is_first else ("--format", "json")
    called = tool.called(file, "peerlab", "config", *form)
    try:
        printed = command.run(*called, seconds=_SECONDS, has_warnings=True)
    except command.CommandFailedError as error:
        raise DocumentError(f"Compose ({tool}) refuses {file}: {_reason(error.printed)}") from error
    found: Mapping[str, Any] = _first_yaml(printed) if tool.is_first else json.loads(printed)
    return found


def _first_yaml(text: str) -> Any:
    """Return what version 1 prints: YAML 1.1, in which `no` and `0o12` mean other things."""
    yaml = YAML(typ="safe", pure=True)
    yaml.version = (1, 1)
    return yaml.load(io.StringIO(text))


def _reason(printed: str) -> str:
    """Return what Compose says in one line, without its warnings."""
    lines = [line.strip() for line in printed.splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith(_WARNINGS)] or lines
    return "; ".join(said).replace(":; ", ": ")
