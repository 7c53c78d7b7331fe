"""Programs of the process engine run in copies: one in which it is built, one for each peer."""

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

_SLACK = 10.0  # seconds beyond those that a build may take


_PREFIX = "peerlab-programs-"
_OWNER = "owner"  # a file that says whose copies lie beside it


class Copies:
    """The copies of programs that one engine has made. One thread at a time may use it.

    Args:
        environment: of whatever builds.
        owner: the mark of who makes them.
    """

    def __init__(self, environment: Mapping[str, str], owner: str = "") -> None:
        self._environment, self._owner = environment, owner
        self._root: tempfile.TemporaryDirectory[str] | None = None
        self._made: dict[str, Path] = {}

    def of(self, peer: str, source: Path) -> Path:
        """Return a copy for one peer, which may write there as it likes.

        Args:
            peer: what no two peers are called.
            source: the program, built.

        Raises:
            LabError: it cannot be copied.
        """
        copy = self._place(f"peer-{peer}") / "program"
        copy_folder(source, copy)
        return copy

    def drop(self, peers: Iterable[str]) -> None:
        """Remove the copies of peers that have ended; what cannot be removed goes in the end."""
        for peer in peers if self._root else ():
            shutil.rmtree(self._place(f"peer-{peer}"), ignore_errors=True)

    def _place(self, name: str) -> Path:
        if self._root is None:
            self._root = tempfile.TemporaryDirectory(prefix=_PREFIX, ignore_cleanup_errors=True)
            Path(self._root.name, _OWNER).write_text(self._owner)
        return Path(self._root.name, name)

    def built(self, folder: Path, start: Start) -> Path:
        """Return the folder in which a program is built.

        Raises:
            BuildError: it cannot be built.
            EngineError: what builds it is not on this machine, or the folder cannot be read.
        """
        key = repr((folder, start.build))
        if key not in self._made:
            place = self._place(f"built-{len(self._made)}")
            try:
                copy_folder(folder, place / "program")
                self._build(folder, place / "program", start)
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise
            self._made[key] = place / "program"
        return self._made[key]

    def _build(self, folder: Path, copy: Path, start: Start) -> None:
        words = {"python": sys.executable, "folder": str(copy)}
        build = [[part.format_map(words) for part in each] for each in start.build]
        for first, *_ in build:
            require_program(first)
        wanted = copy.parent / "wanted.json"
        seconds = program.BUILD_SECONDS
        wanted.write_text(
            json.dumps({"build": build, "start": "", "seconds": seconds, "packed": ""})
        )
        called = [sys.executable, "-I", str(script.__file__), str(wanted)]
        try:
            done = subprocess.run(
                called,
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
        """Remove all copies; harmless when done twice."""
        self._made.clear()
        if self._root:
            self._root.cleanup()
            self._root = None


def sweep() -> None:
    """Remove the copies that runs which are gone have left behind."""
    for root in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            owner = Owner.parse((root / _OWNER).read_text())
        except (OSError, ValueError):
            continue
        if owner and owner.is_gone:
            shutil.rmtree(root, ignore_errors=True)


def require_program(name: str) -> None:
    """Raise an `EngineError` where no program of that name is on this machine.

    One that is named by a path may be built yet.
    """
    if "/" not in name and shutil.which(name) is None:
        raise EngineError(
            f"{name} is not on this machine",
            hint="install it, or take --engine docker, which gets it from `packages`",
        )
