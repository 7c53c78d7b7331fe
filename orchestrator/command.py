"""Running other programs: their output is captured, and quoted if they fail."""

from __future__ import annotations

import re
import subprocess

from orchestrator.errors import QUOTED_LINES, LabError

_SECONDS = 900


class CommandFailedError(LabError):
    """A command failed.

    Attributes:
        printed: its whole output, without colours.
    """

    def __init__(self, what: str, printed: str, *, hint: str = "") -> None:
        super().__init__(what, hint=hint)
        self.printed = printed


def run(*words: str, seconds: int = _SECONDS, before: str = "", hint: str = "") -> str:
    """Run a command without input and return its output.

    Args:
        words: the program and its arguments; the first two name it in messages.
        seconds: the time limit.
        before: earlier output, quoted if it fails.
        hint: what to try if it fails.

    Raises:
        CommandError: its status is not 0.
        LabError: there is no such program, or it took too long.
    """
    called = " ".join(words[:2])
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError(f"there is no {words[0]} command here", hint=hint) from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"`{called}` took more than {seconds} s", hint=hint) from error
    if done.returncode:
        plain = re.sub(r"\x1b\[[\d;]*m", "", before + done.stdout)
        lines = plain.strip().splitlines()[-QUOTED_LINES:]
        raise CommandFailedError("\n".join([f"`{called}` failed:", *lines]), plain, hint=hint)
    return done.stdout
