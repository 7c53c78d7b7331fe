"""A program's folder: its own files, their digest and their copy."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from orchestrator.errors import LabError

_IGNORED = {"__pycache__", ".git", ".venv"}  # at any depth

SOURCES = (
    ".c", ".cc", ".cpp", ".cxx", ".go", ".java", ".jar", ".js", ".mjs", ".pl", ".py", ".rb", ".rs",
    ".sh", ".ts",
)  # fmt: skip
"""Suffixes of source files."""

_LONGEST_LINE = 256  # bytes of the first one that Linux reads

MAKEFILES = ("Makefile", "makefile", "GNUmakefile")

_PROJECTS = (*MAKEFILES, "CMakeLists.txt", "Cargo.toml", "go.mod", "package.json", "pom.xml")
_MOST_LOOKED_AT = 2_000  # files below those
_MOST_READ = 20_000  # characters of a file: comments may stand above what it declares
_PARTS = ("src", "source", "lib", "cmd", "bin", "app")  # folders that one program is split into

OUTPUT_SIGN = ".peerlab-output"
"""A file in every folder of results that the lab has made: it belongs to no program."""


def is_output(folder: Path) -> bool:
    """Return whether the lab keeps results in a folder."""
    return (folder / OUTPUT_SIGN).is_file()


def holds_source(folder: Path) -> bool:
    """Return whether there is a program directly in a folder, or in its part for sources.

    Sources may be deep in it, as Java's packages are, if there is nothing beside it. A package may
    also be all that there is in the folder: its sources say so.
    """
    folders = [path for path in folder.iterdir() if path.is_dir() and path.name[0] not in "._"]
    parts = [path for path in folders if path.name in _PARTS]
    if any(_is_source(path) for one in (folder, *parts) for path in one.iterdir()):
        return True
    inside = itertools.chain(*(path.rglob("*") for path in parts)) if parts == folders else ()
    if any(map(_is_source, itertools.islice(inside, _MOST_LOOKED_AT))):
        return True
    return len(folders) == 1 and _is_package(folders[0])


def _is_package(folder: Path) -> bool:
    """Return whether Java sources in a folder belong to a package of its name."""
    declared = re.compile(rf"^\s*package\s+{re.escape(folder.name)}\s*[.;]", re.MULTILINE)
    for path in itertools.islice(folder.rglob("*.java"), _MOST_LOOKED_AT):
        with contextlib.suppress(OSError), path.open(errors="replace") as file:
            if declared.search(file.read(_MOST_READ)):
                return True
    return False


def _is_source(path: Path) -> bool:
    if not path.is_file() or path.name.startswith("."):
        return False
    # With a suffix, being executable says little: on some disks all files are.
    is_binary = not path.suffix and bool(path.stat().st_mode & 0o111)
    return path.suffix.lower() in SOURCES or path.name in _PROJECTS or is_binary


def windows_script(folder: Path, command: str) -> str:
    """Return why a script in a folder cannot be started; empty if its line ends do not keep it."""
    try:
        with (folder / command).open("rb") as file:
            first = file.readline(_LONGEST_LINE)
    except (OSError, ValueError):
        return ""
    if not (first.startswith(b"#!") and first.endswith(b"\r\n")):
        return ""
    return (
        f"the first line of {command} ends in CRLF, and with the carriage return there is no such"
        f" program as {first[2:].strip().decode(errors='replace')}"
    )


def folder_digest(folder: Path, but: Sequence[str] = ()) -> str:
    """Return a digest of a program's own files, but those with these paths: see `file_digest`."""
    paths = ((str(path.relative_to(folder)), path) for path in _content(folder))
    digests = [(name, file_digest(path)) for name, path in paths if name not in but]
    return hashlib.sha256(repr(digests).encode()).hexdigest()


def room_needed(folder: Path, most: int) -> tuple[int, int]:
    """Return how many files and folders are a program's own, and their bytes; stop above `most`."""
    files = size = 0
    for path in _content(folder):
        files += 1
        with contextlib.suppress(OSError):
            size += path.lstat().st_size if not path.is_dir() else 0
        if files > most:
            break
    return files, size


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


def copy_folder(
    folder: Path, to: Path, but: Callable[[str, Iterable[str]], set[str]] | None = None
) -> None:
    """Copy a program's own files, so that their owner may write them; links stay links.

    Args:
        folder: the program's.
        to: the copy, which must not exist unless `but` is given.
        but: returns which of the names in a folder to leave out, besides the usual ones.

    Raises:
        LabError: it cannot be read.
    """
    try:
        # The targets of links may lie outside.
        shutil.copytree(
            folder,
            to,
            symlinks=True,
            dirs_exist_ok=but is not None,
            ignore=lambda *found: _left_out(*found) | (but(*found) if but else set()),
        )
        _open_up(to)
    except shutil.Error as error:  # lists files; the last part of each says why
        raise LabError(
            f"the program in {folder} cannot be copied: {error.args[0][0][-1]}"
        ) from error
    except OSError as error:
        raise LabError(f"the program in {folder} cannot be copied: {error}") from error


def _open_up(copy: Path) -> None:
    """Let the owner write a copy: what was handed in may be read-only, but it is built here."""
    for at, _, names in os.walk(copy):
        for path in (Path(at), *(Path(at, name) for name in names)):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o700 if path.is_dir() else 0o600))


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
