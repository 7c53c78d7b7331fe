"""Start a program in a writable copy of its folder.

The arguments are how many folders are kept, their paths, and the program's command. The
program replaces this process: nothing of the lab stays in the container.
"""

from __future__ import annotations

import os
import shutil
import sys
import termios
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

PACKED = "/peerlab/program"
"""The program's folder in the image; the copy goes to the working folder."""

SIZE = 24, 80  # rows and columns of every peer's terminal
_CANNOT = 127  # as in shells


def main() -> None:
    """Copy the folder to the working one, and exec the given command."""
    count, *rest = sys.argv[1:]
    kept, words = rest[: int(count)], rest[int(count) :]
    prepare(0)
    try:
        ignored = leave_out(Path(PACKED), [folder for folder in kept if has_content(Path(folder))])
        shutil.copytree(PACKED, os.curdir, symlinks=True, dirs_exist_ok=True, ignore=ignored)
        os.execvp(words[0], words)  # noqa: S606 - no shell is wanted
    except (OSError, shutil.Error) as error:
        sys.stderr.write(f"the lab cannot start {words[0]}: {error}\n")
        sys.exit(_CANNOT)


def has_content(folder: Path) -> bool:
    """Return whether there is something in a folder, or its owner lets no one look."""
    try:
        return any(folder.iterdir())
    except OSError as error:
        return isinstance(error, PermissionError)


def leave_out(source: Path, folders: Sequence[str]) -> Callable[[str, Iterable[str]], set[str]]:
    """Return a function for `copytree` that leaves out these folders of its source; `.` is all."""
    paths = {source / folder for folder in folders}
    return lambda folder, names: {
        name for name in names if source in paths or Path(folder, name) in paths
    }


def prepare(console: int) -> None:
    """Give a terminal its size, and turn its echo off, which would mix with the output."""
    termios.tcsetwinsize(console, SIZE)
    mode = termios.tcgetattr(console)
    mode[3] &= ~termios.ECHO
    termios.tcsetattr(console, termios.TCSANOW, mode)


if __name__ == "__main__":
    main()
