"""A program's folder: its own files, their digest and their copy."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestrator.errors import LabError

_IGNORED = {"__pycache__", ".git"}  # at any depth

SOURCES = (
    ".c", ".cc", ".cpp", ".cxx", ".go", ".java", ".jar", ".js", ".mjs", ".pl", ".py", ".rb", ".rs",
    ".sh", ".ts",
)  # fmt: skip
"""Suffixes of source files."""

MAKEFILES = ("Makefile", "makefile", "GNUmakefile")

OUTPUT_SIGN = ".peerlab-output"
"""A file in every folder of results: such a folder belongs to no program."""


def is_output(folder: Path) -> bool:
    """Return whether the lab keeps results in a folder."""
    return (folder / OUTPUT_SIGN).is_file()


def holds_source(folder: Path) -> bool:
    """Return whether there is a program directly in a folder."""
    return any(map(_is_source, folder.iterdir()))


def _is_source(path: Path) -> bool:
    if not path.is_file() or path.name.startswith("."):
        return False
    # With a suffix, being executable says little: on some disks all files are.
    is_binary = not path.suffix and bool(path.stat().st_mode & 0o111)
    return path.suffix.lower() in SOURCES or path.name in MAKEFILES or is_binary


def folder_digest(folder: Path) -> str:
    """Return a digest of a program's own files: see `file_digest`."""
    digests = [(str(path.relative_to(folder)), file_digest(path)) for path in _content(folder)]
    return hashlib.sha256(repr(digests).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Return a digest of a file's contents and whether it is executable, or a link's target.

    A file that cannot be read, or is none, has a digest that says so.
    """
    try:
        if path.is_symlink():
            return f"-> {path.readlink()}"
        if not path.is_file():
            return "no file"
        return f"{path.stat().st_mode & 0o111:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    except OSError as error:
        return f"not read: {error.strerror}"


def copy_folder(folder: Path, to: Path) -> None:
    """Copy a program's own files; links stay links.

    Raises:
        LabError: it cannot be read.
    """
    try:
        # The targets of links may lie outside.
        shutil.copytree(folder, to, symlinks=True, ignore=_left_out)
    except shutil.Error as error:  # lists files; the last part of each says why
        raise LabError(
            f"the program in {folder} cannot be copied: {error.args[0][0][-1]}"
        ) from error
    except OSError as error:
        raise LabError(f"the program in {folder} cannot be copied: {error}") from error


def _content(folder: Path) -> Iterator[Path]:
    """Yield a program's own files and folders, in a fixed order."""
    names = _names(folder)
    for name in sorted(names - _left_out(str(folder), names)):
        path = folder / name
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _content(path)


def _names(folder: Path) -> set[str]:
    try:
        return {path.name for path in folder.iterdir()}
    except OSError:
        return set()


def _left_out(folder: str, names: Iterable[str]) -> set[str]:
    """Return which of `names` to ignore: caches, results, devices and the like."""
    paths = {name: Path(folder, name) for name in names}
    return {
        name
        for name, path in paths.items()
        if name in _IGNORED
        or not (path.is_symlink() or path.is_file() or path.is_dir())
        or is_output(path)
    }
