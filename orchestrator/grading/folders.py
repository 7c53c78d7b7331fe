"""Which folders hold a program, and which one for each program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from orchestrator.errors import DocumentError
from orchestrator.folder import holds_source, is_output
from orchestrator.profile import Start

Holds = Callable[[Path], bool]
"""Whether a folder holds what a profile starts or builds."""


def inner(path: Path, output: Path) -> list[Path]:
    """Return the folders in a folder that may each be a program's, by name.

    None is hidden, empty or the output; one that begins with `_` is somebody's own.
    """
    return sorted(
        each
        for each in path.iterdir()
        if each.is_dir()
        and not each.name.startswith((".", "_"))
        and each.resolve() != output.resolve()
        and not is_output(each)
        and any(each.iterdir())
    )


def holding(start: Start) -> Holds:
    """Return what tells whether a folder holds the files that a profile's commands name."""
    commands = [start.words("process") or (), start.words("container") or (), *start.build]
    words = {word.removeprefix("{folder}/") for command in commands for word in command}
    names = {word for word in words if "{" not in word and not word.startswith(("/", "-"))}
    return lambda folder: any((folder / name).is_file() for name in names)


def meant(path: Path, output: Path, holds: Holds) -> list[Path]:
    """Return the folders of programs that a path means: itself, or those in it.

    Files that lie about beside the programs' folders, such as a list of names, are no program.

    Raises:
        DocumentError: it is no folder.
    """
    if not path.is_dir():
        raise DocumentError(f"{path}: no folder", hint="--profile takes folders of programs")
    folders = inner(path, output)
    is_one = holds(path) or (holds_source(path) and not any(map(holds, folders)))
    return [path] if is_one or not folders else folders
