"""Programs of the process engine that must be built: in a copy, which is theirs alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from orchestrator.errors import EngineError
from orchestrator.folder import copy_folder
from orchestrator.image import program
from orchestrator.image.inside import build as script
from orchestrator.profile import Start

_SLACK = 10.0  # seconds beyond those that a build may take


class Copies:
    """The copies of programs that one engine has built. One thread at a time may use it.

    Args:
        environment: of whatever builds.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._made: dict[str, tempfile.TemporaryDirectory[str]] = {}

    def built(self, folder: Path, start: Start) -> Path:
        """Return the folder in which a program is built.

        Raises:
            BuildError: it cannot be built.
            EngineError: what builds it is not on this machine, or the folder cannot be read.
        """
        key = repr((folder, start.build))
        if key not in self._made:
            made = tempfile.TemporaryDirectory(prefix="peerlab-program-")
            try:
                copy = Path(made.name, "program")
                copy_folder(folder, copy)
                self._build(folder, copy, start)
            except BaseException:
                made.cleanup()
                raise
            self._made[key] = made
        return Path(self._made[key].name, "program")

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
        while self._made:
            self._made.popitem()[1].cleanup()


def require_program(name: str) -> None:
    """Raise an `EngineError` where no program of that name is on this machine.

    One that is named by a path may be built yet.
    """
    if "/" not in name and shutil.which(name) is None:
        raise EngineError(
            f"{name} is not on this machine",
            hint="install it, or take --engine docker, which gets it from `packages`",
        )
