"""Users' files: which the lab reads, how it replaces them, and how it locks them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from orchestrator.errors import LabError

YAML = (".yaml", ".yml")
"""Suffixes of scenarios, profiles and rubrics."""

_POLL = 0.05  # seconds between two attempts to lock a file


def write_whole(
    path: Path,
    text: str,
    *,
    hint: str = "",
    check: Callable[[Path], object] = lambda _: None,
) -> None:
    """Write a whole file or nothing, and create its folder.

    A device or a pipe is written to and stays.

    Args:
        path: the file; its old contents are replaced.
        text: the new contents; characters that UTF-8 lacks are escaped.
        hint: what to try if it cannot be written.
        check: called with the new file before it replaces the old one; its errors pass through.

    Raises:
        LabError: it cannot be written.
    """
    fresh = path.with_name(f".{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
            return
        try:
            fresh.write_text(text, encoding="utf-8", errors="backslashreplace", newline="")
            check(fresh)
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as error:
        raise LabError(f"{path}: cannot be written: {error.strerror}", hint=hint) from error


def lock_file(path: Path, timeout: float = 0.0) -> FileLock:
    """Lock a file, created if needed, and return the lock.

    Release it, or end: the kernel releases the locks of a killed process.

    Args:
        path: the file.
        timeout: seconds to wait for another process that holds it.

    Raises:
        TimeoutError: another process still holds it.
        OSError: the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, thread_local=False)
    lock.acquire(timeout=timeout, poll_interval=_POLL)
    return lock
