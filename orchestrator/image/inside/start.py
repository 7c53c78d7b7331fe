"""Start a program in a writable copy of its folder.

The program replaces this process: nothing of the lab stays in the container.
"""

from __future__ import annotations

import os
import shutil
import sys
import termios

PACKED = "/peerlab/program"
"""The program's folder in the image; the copy goes to the working folder."""

_CANNOT = 127  # as in shells


def main() -> None:
    """Copy the folder to the working one, and exec the given command."""
    words = sys.argv[1:]
    silence(0)
    try:
        shutil.copytree(PACKED, os.curdir, symlinks=True, dirs_exist_ok=True)
        os.execvp(words[0], words)  # noqa: S606 - no shell is wanted
    except (OSError, shutil.Error) as error:
        sys.stderr.write(f"the lab cannot start {words[0]}: {error}\n")
        sys.exit(_CANNOT)


def silence(console: int) -> None:
    """Turn a terminal's echo off: it would mix with the program's output."""
    mode = termios.tcgetattr(console)
    mode[3] &= ~termios.ECHO
    termios.tcsetattr(console, termios.TCSANOW, mode)


if __name__ == "__main__":
    main()
