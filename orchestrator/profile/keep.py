"""The folders that a profile keeps over `kill` and `start`: what may be one."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, Field

from orchestrator.document import Problem, describe

WORKING_FOLDER = "/program"
"""Where a container has the copy of a program's folder, in which the program runs."""

_LONGEST = 255  # bytes of a path
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FILLED_IN = re.compile(r"^~|[{}$*?]")  # by shells, or elsewhere in a profile
_FILE = re.compile(r"[^/.][^/]*\.[A-Za-z]\w{0,4}$")

_NEVER = ("/", "/usr")
_NEVER_IN = (
    "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/peerlab", "/proc",
    "/sbin", "/sys", "/usr/bin", "/usr/lib", "/usr/sbin",
)  # fmt: skip
"""The system's own folders: a container has no program without them."""


def _checked(text: str) -> str:
    """Return a folder's path in its shortest form.

    Raises:
        ValueError: it cannot be kept.
    """
    if _CONTROL.search(text) or text != text.strip():
        raise ValueError("a folder's name has no control characters, and no spaces at its ends")
    if _FILLED_IN.search(text):
        raise ValueError(f"{describe(text)} stays as it is: nothing is filled in here")
    if len(text.encode()) > _LONGEST:
        raise ValueError(f"a folder's path has at most {_LONGEST} bytes here")
    if ".." in PurePosixPath(text).parts:
        raise ValueError("leave out `..`: a folder lies below the program's own, or is absolute")
    if _FILE.search(text):
        raise ValueError(
            f"{describe(text)} looks like a file: keep the folder that it lies in, `.` for the"
            " program's own; end the name of a folder with `/`"
        )
    path = posixpath.normpath(text)
    return _checked_absolute(f"/{path.lstrip('/')}") if path.startswith("/") else path


def _checked_absolute(path: str) -> str:
    if path in _NEVER or any(is_in(path, folder) for folder in _NEVER_IN):
        raise ValueError(f"{path} is the system's own, and no program starts without it")
    return path


def is_in(path: str | PurePosixPath, folder: str) -> bool:
    """Return whether a path is a folder's own, or lies below it."""
    return PurePosixPath(path).is_relative_to(folder)


Folder = Annotated[str, Field(min_length=1), AfterValidator(_checked)]
"""A folder to keep: absolute, or relative to the program's own."""


def problems(folders: Sequence[str], program: Path | None) -> Iterator[Problem]:
    """Yield what is wrong with the folders that a profile keeps, as `_checked` returned them.

    `program` is the program's own folder; None if it has none.
    """
    for index, folder in enumerate(folders):
        others = [*folders[:index], *(one for one in folders[index:] if one != folder)]
        outer = next((one for one in others if is_in(folder, one)), None)
        if outer is not None:
            why = "is kept already" if outer == folder else f"lies in {outer}, which is kept"
            yield Problem(("start", "keep", index), f"{folder} {why}")
        elif why := _hindrance(folder, program):
            yield Problem(("start", "keep", index), why)


def _hindrance(folder: str, program: Path | None) -> str:
    """Return why a folder cannot be kept with this program; empty if it can."""
    is_absolute = folder.startswith("/")
    if program is None:
        needs = "only a program with a `folder` has folders below it: write an absolute path"
        return "" if is_absolute else needs
    if is_in(folder, WORKING_FOLDER):
        below = posixpath.relpath(folder, WORKING_FOLDER)
        return f"{WORKING_FOLDER} is the program's own folder in a container: write {below!r}"
    if is_absolute:
        return ""
    for path in (*reversed(PurePosixPath(folder).parents), PurePosixPath(folder)):
        found = program / path
        if path.parts and found.is_symlink():
            return f"{path} is a link: only a folder can be kept"
        if found.exists() and not found.is_dir():
            return f"{path} is a file: keep the folder that it lies in, `.` for the program's own"
    return ""
