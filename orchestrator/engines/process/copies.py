"""Copies of programs for the process engine: one in which to build, one for each peer."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from orchestrator.errors import EngineError, MissingToolError
from orchestrator.files import temporary_folder
from orchestrator.folder import copy_folder
from orchestrator.image import program
from orchestrator.image.inside import build as script
from orchestrator.image.inside.begin import write
from orchestrator.image.inside.start import has_content, leave_out
from orchestrator.owner import Owner
from orchestrator.profile import Start

_SLACK = 10.0  # seconds beyond the time limit of a build


class Copies:
    """The copies of programs that one engine has made. Not thread-safe."""

    def __init__(self, environment: Mapping[str, str], owner: Owner | None = None) -> None:
        self._environment, self._owner = environment, owner
        self._root: TemporaryDirectory[str] | None = None
        self._built: dict[str, Path] = {}

    def folder_of(self, peer: str) -> Path:
        """Return where the copy for a peer is made."""
        return self._folder(f"peer-{peer}") / "program"

    def of(
        self,
        peer: str,
        source: Path | None,
        keep: Sequence[str] = (),
        files: Sequence[Sequence[str]] = (),
    ) -> Path:
        """Return a fresh copy for one peer, which may write to it.

        What is in the folders `keep` below it stays as the peer left it in its last copy, unless it
        left nothing there.

        Args:
            peer: the peer's number.
            source: the program's folder; None for an empty one.
            keep: folders that stay.
            files: files to write there, as `inside.begin.write` takes them.

        Raises:
            LabError: it cannot be copied.
        """
        copy = self.folder_of(peer)
        full = [folder for folder in keep if _is_real(copy, folder) and has_content(copy / folder)]
        try:
            if source is None:
                shutil.rmtree(copy, ignore_errors=True)
                copy.mkdir(parents=True)
            elif full:
                _clear(copy, {copy / folder for folder in full})
                copy_folder(source, copy, leave_out(source, full))
            else:
                shutil.rmtree(copy, ignore_errors=True)
                copy_folder(source, copy)
            for folder in keep:
                (copy / folder).mkdir(parents=True, exist_ok=True)
            write(copy, files)
        except OSError as error:
            what = f"the program in {source} cannot be copied" if source else "no folder"
            raise EngineError(f"{what}: {error}") from error
        return copy

    def drop(self, peers: Iterable[str]) -> None:
        """Remove the copies of ended peers; `remove` tries again what cannot be removed now."""
        for peer in peers if self._root else ():
            shutil.rmtree(self._folder(f"peer-{peer}"), ignore_errors=True)

    def _folder(self, name: str) -> Path:
        if self._root is None:
            self._root = temporary_folder(self._owner)
        return Path(self._root.name, name)

    def built(self, folder: Path, start: Start) -> Path:
        """Return a copy of a program in which it was built; each program is built once.

        Raises:
            BuildError: it cannot be built.
            EngineError: a tool is missing on this machine, or the folder cannot be read.
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
                timeout=seconds * script.SLOWEST + _SLACK,
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


def _is_real(copy: Path, folder: str) -> bool:
    """Return whether no link leads out of a copy to one of its folders."""
    return (copy / folder).resolve() == copy.resolve() / folder


def _clear(folder: Path, kept: Collection[Path]) -> None:
    """Remove everything in a folder but what is kept."""
    if folder in kept:
        return
    for path in folder.iterdir():
        if path.is_symlink() or not path.is_dir():
            path.unlink()
        elif any(one.is_relative_to(path) for one in kept):
            _clear(path, kept)
        else:
            shutil.rmtree(path, ignore_errors=True)


def require_program(name: str) -> None:
    """Raise a `MissingToolError` if no program of that name is on this machine.

    A path is not checked: the build may create it.
    """
    if "/" not in name and shutil.which(name) is None:
        raise MissingToolError(
            f"{name} is missing on this machine",
            hint="install it, or take --engine docker, which gets it from `packages`",
        )
