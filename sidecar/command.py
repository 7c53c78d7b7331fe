"""Runs the programs by which the kernel is told what to do."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from sidecar.errors import CommandError

_SECONDS = 10.0


def run(words: Sequence[str], text: str = "") -> str:
    """Run a program to its end.

    Args:
        words: the program and its arguments.
        text: what it reads.

    Returns:
        What it printed.

    Raises:
        CommandError: it cannot be run, takes too long or refuses.
    """
    try:
        done = subprocess.run(
            words, input=text, capture_output=True, text=True, timeout=_SECONDS, check=False
        )
    except OSError as error:
        raise CommandError(f"{words[0]}: {error.strerror}") from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(f"{words[0]}: no answer within {_SECONDS:g} s") from error
    if done.returncode:
        raise CommandError(f"{words[0]}: {reason(done.stderr) or f'status {done.returncode}'}")
    return done.stdout


def reason(said: str) -> str:
    """Return why a program refused, out of all that it said: its first error in one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    for line in lines:
        before, found, after = line.partition("Error: ")
        if found and len(before) < len("/dev/stdin:1000:1000-1000: "):
            return after
    return lines[0] if lines else ""
