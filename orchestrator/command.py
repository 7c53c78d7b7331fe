"""Running other programs: what they print is captured, and quoted where they fail."""

from __future__ import annotations

import re
import subprocess

from orchestrator.errors import LabError

_SECONDS = 900
_QUOTED_LINES = 8


def run(*words: str, seconds: int = _SECONDS, before: str = "", hint: str = "") -> str:
    """Run a command without input and return all that it printed.

    Args:
        words: the program and its arguments; the first two name it in messages.
        seconds: longest time that it may take.
        before: what was printed before, to be quoted with its failure.
        hint: what to try when it fails.

    Raises:
        LabError: there is no such program, it took too long, or its status is not 0.
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
        lines = plain.strip().splitlines()[-_QUOTED_LINES:]
        raise LabError("\n".join([f"`{called}` failed:", *lines]), hint=hint)
    return done.stdout
