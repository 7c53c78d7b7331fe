"""Find the profiles beside a scenario that names none."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

from orchestrator import profile
from orchestrator.errors import LabError

_FOLDERS = ("", "profiles", "../profiles")  # where they usually are, from the scenario's folder
_OPERATIONS = re.compile(r"^operations:", re.M)  # a profile has it, a scenario has not


def named_nowhere(operation: str, home: Path) -> str:
    """Return what is wrong with an operation in a scenario without a profile.

    It is empty if no profile near the scenario's folder has such an operation.
    """
    having = [os.path.relpath(path, home) for path in _profiles(home) if _has(path, operation)]
    if not having:
        return ""
    files = " or ".join(f"`profile: {name}`" for name in having)
    what = f"unknown key {operation!r}: the scenario names no profile, so its program is a chat"
    return f"{what}; add {files}, which {'has' if len(having) == 1 else 'have'} this operation"


def _profiles(home: Path) -> Iterator[Path]:
    for folder in _FOLDERS:
        for path in sorted((home / folder).glob("*.y*ml")):
            with contextlib.suppress(OSError, UnicodeDecodeError):
                if _OPERATIONS.search(path.read_text(encoding="utf-8")):
                    yield path


def _has(path: Path, operation: str) -> bool:
    with contextlib.suppress(LabError):
        return operation in profile.load(str(path)).operations
    return False
