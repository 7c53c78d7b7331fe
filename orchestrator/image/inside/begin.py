"""Write a program's files into its working folder, prepare its terminal, and start it.

This is for what `start.py` in the image does not start. The arguments are the files, as JSON, and
the program's command, which replaces this process.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import termios
from collections.abc import Iterable, Sequence
from pathlib import Path

_CANNOT = 127  # as in shells


def main() -> None:
    """Write the files, turn the terminal's echo off, and exec the given command."""
    files, words = json.loads(sys.argv[1]), sys.argv[2:]
    mode = termios.tcgetattr(0)
    mode[3] &= ~termios.ECHO
    termios.tcsetattr(0, termios.TCSANOW, mode)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):  # ignored by Python, and then by its heir
        signal.signal(number, signal.SIG_DFL)
    try:
        write(Path(), files)
        os.execvp(words[0], words)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.stderr.write(f"the lab cannot start {words[0]}: {error}\n")
        sys.exit(_CANNOT)


def write(folder: Path, files: Iterable[Sequence[str]]) -> None:
    """Write files, each given as its path below a folder, its text, and `keep` or nothing.

    One that is to be kept is left alone if it is there: its program may have changed it.
    """
    for name, text, kept in files:
        path = folder / name
        if kept and path.exists():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)  # it may be a link, or read-only
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
