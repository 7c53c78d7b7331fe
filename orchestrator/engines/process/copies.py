"""Copies of programs for the process engine: one in which to build, one for each peer."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from orchestrator.engines.owner import Owner
from orchestrator.errors import EngineError
from orchestrator.folder import copy_folder
from orchestrator.image import program
from orchestrator.image.inside import build as script
from orchestrator.profile import Start

_SLACK = 10.0  # seconds beyond the time limit of a build
_PREFIX = "peerlab-programs-"
_OWNER = "owner"  # a file that names the owner of the copies beside it


class Copies:
    """The copies of programs that one engine has made. Not thread-safe.

    Args:
        environment: the environment of builds.
        owner: the mark of the run.
    """

    def __init__(self, environment: Mapping[str, str], owner: str = "") -> None:
        self._environment, self._owner = environment, owner
        self._root: tempfile.TemporaryDirectory[str] | None = None
        self._built: dict[str, Path] = {}

    def of(self, peer: str, source: Path) -> Path:
        """Return a copy for one peer, which may write to it.

        Args:
            peer: unique among the peers.
            source: the program, already built.

        Raises:
            LabError: it cannot be copied.
        """
        copy = self._folder(f"peer-{peer}") / "program"
        copy_folder(source, copy)
        return copy

    def drop(self, peers: Iterable[str]) -> None:
        """Remove the copies of ended peers; `remove` tries again what cannot be removed now."""
        for peer in peers if self._root else ():
            shutil.rmtree(self._folder(f"peer-{peer}"), ignore_errors=True)

    def _folder(self, name: str) -> Path:
        if self._root is None:
            self._root = tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
            Path(self._root.name, _OWNER).write_text(self._owner)
        return Path(self._root.name, name)

    def built(self, folder: Path, start: Start) -> Path:
        """Return a copy of a program in which it was built; each program is built once.

        Raises:
            BuildError: it cannot be built.
            EngineError: a tool is not on this machine, or the folder cannot be read.
        """
        key = repr((folder, start.build))
        if key not in self._built:
            copy = self._folder(f"built-{len(self._built)}")
            try:
                copy_folder(folder, copy / "program")
                self._build(folder, copy / "program", start)
            except BaseException:
                shutil.rmtree(copy, ignore_errors=True)
                raise
            self._built[key] = copy / "program"
        return self._built[key]

    def _build(self, folder: Path, copy: Path, start: Start) -> None:
        values = {"python": sys.executable, "folder": str(copy)}
        build = [[part.format_map(values) for part in command] for command in start.build]
        for tool, *_ in build:
            require_program(tool)
        wanted = copy.parent / "wanted.json"
        seconds = program.BUILD_SECONDS
        wanted.write_text(
            json.dumps({"build": build, "start": "", "seconds": seconds, "packed": ""})
        )
        command = [sys.executable, "-I", str(script.__file__), str(wanted)]
        try:
            done = subprocess.run(
                command,
                cwd=copy,
                env=dict(self._environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                errors="replace",
                timeout=seconds + _SLACK,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise EngineError(f"the build of {folder} does not end") from error
        if done.returncode:
            found = program.refusal(folder, done.stdout)
            raise found or EngineError(f"{folder} was not built: {done.stdout[-300:]}")

    def remove(self) -> None:
        """Remove all copies; harmless when repeated."""
        self._built.clear()
        if self._root:
            self._root.cleanup()
            self._root = None


def sweep_copies() -> None:
    """Remove the copies that ended runs left behind."""
    for root in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            owner = Owner.parse((root / _OWNER).read_text())
        except (OSError, ValueError):
            continue
        if owner and owner.is_gone:
            shutil.rmtree(root, ignore_errors=True)


def require_program(name: str) -> None:
    """Raise an `EngineError` if no program of that name is on this machine.

    A path is not checked: the build may create it.
    """
    if "/" not in name and shutil.which(name) is None:
        raise EngineError(
            f"{name} is not on this machine",
            hint="install it, or take --engine docker, which gets it from `packages`",
        )
