"""A program's folder: what of it is the program's own, as one short text and as a copy."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestrator.errors import LabError

_NOT_ITS_OWN = {"__pycache__", ".git"}  # wherever they are in it

SOURCES = (
    ".c", ".cc", ".cpp", ".cxx", ".go", ".java", ".jar", ".js", ".mjs", ".pl", ".py", ".rb", ".rs",
    ".sh", ".ts",
)  # fmt: skip
"""How the names of programs' sources end."""

MAKEFILES = ("Makefile", "makefile", "GNUmakefile")

OUTPUT_SIGN = ".peerlab-output"
"""A file that lies wherever the lab keeps results: such a folder is no part of any program."""


def is_output(folder: Path) -> bool:
    """Tell whether the lab keeps results in a folder."""
    return (folder / OUTPUT_SIGN).is_file()


def holds_source(folder: Path) -> bool:
    """Tell whether a folder itself, not one in it, holds what looks like a program."""
    return any(map(_is_source, folder.iterdir()))


def _is_source(path: Path) -> bool:
    if not path.is_file() or path.name.startswith("."):
        return False
    # Of a file with another ending, being executable says little: on some disks all files are.
    is_binary = not path.suffix and bool(path.stat().st_mode & 0o111)
    return path.suffix.lower() in SOURCES or path.name in MAKEFILES or is_binary


def folder_digest(folder: Path) -> str:
    """Return a digest of all that counts in a folder: see `file_digest`."""
    told = [(str(path.relative_to(folder)), file_digest(path)) for path in _content(folder)]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def file_digest(path: Path) -> str:
    """Return what a file holds and whether it may be run; what a link leads to is none of it.

    What cannot be read counts as that, and what is no file as that.
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
    """Copy what counts in a folder; links stay links.

    Raises:
        LabError: it cannot be read.
    """
    try:
        # What links lead to outside is nothing of the program's.
        shutil.copytree(folder, to, symlinks=True, ignore=_left_out)
    except shutil.Error as error:  # of several files; the last part of each says why
        raise LabError(
            f"the program in {folder} cannot be copied: {error.args[0][0][-1]}"
        ) from error
    except OSError as error:
        raise LabError(f"the program in {folder} cannot be copied: {error}") from error


def _content(folder: Path) -> Iterator[Path]:
    """Yield what counts in a folder, in an order of its own."""
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
    """Return which of `names` do not count: caches, results, what is neither file nor folder."""
    paths = {name: Path(folder, name) for name in names}
    return {
        name
        for name, path in paths.items()
        if name in _NOT_ITS_OWN
        or not (path.is_symlink() or path.is_file() or path.is_dir())
        or is_output(path)
    }
