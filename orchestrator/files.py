"""Users' files: which the lab reads, how it replaces and locks them; and temporary folders."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from orchestrator.errors import LabError
from orchestrator.owner import Owner

if TYPE_CHECKING:
    from filelock import FileLock

YAML = (".yaml", ".yml")  # suffixes of scenarios, profiles and rubrics
_POLL = 0.05  # seconds between two attempts to lock a file
_FOLDER_PREFIX = "peerlab-"
_SLASH = ","  # in a name, for the slashes of a mark


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
    # It imports asyncio, which takes longer than many commands.
    from filelock import FileLock  # noqa: PLC0415

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, thread_local=False)
    lock.acquire(timeout=timeout, poll_interval=_POLL)
    return lock


def temporary_folder(owner: Owner | None = None) -> tempfile.TemporaryDirectory[str]:
    """Return a new folder of a run, or else of this process.

    If that is killed, `sweep_folders` removes the folder.
    """
    mark = (owner or Owner.this()).mark.replace("/", _SLASH)
    return tempfile.TemporaryDirectory(
        prefix=f"{_FOLDER_PREFIX}{mark}{_SLASH}", ignore_cleanup_errors=True
    )


def sweep_folders() -> None:
    """Remove the folders that ended runs left behind."""
    for path in left_folders():
        shutil.rmtree(path, ignore_errors=True)


def left_folders() -> Iterator[Path]:
    """Yield the folders that ended runs left behind."""
    for path in Path(tempfile.gettempdir()).glob(f"{_FOLDER_PREFIX}*{_SLASH}*"):
        mark = path.name.removeprefix(_FOLDER_PREFIX).rpartition(_SLASH)[0]
        owner = Owner.parse(mark.replace(_SLASH, "/"))
        if owner and owner.is_gone:
            yield path
