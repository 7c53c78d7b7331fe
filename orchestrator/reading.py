"""Read files that users and programs may have written, up to a size."""

from __future__ import annotations

from pathlib import Path

from orchestrator.errors import DocumentError

MEGABYTE = 1_000_000


def read_bytes(path: Path, megabytes: int) -> bytes:
    """Return the content of a regular file.

    Args:
        path: the file.
        megabytes: the most that is read of it; a larger file is refused.

    Raises:
        FileNotFoundError: there is no such file.
        DocumentError: it is no regular file, is larger, or cannot be read.
    """
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            what = "not a regular file: save it as one, because it is read more than once"
            raise DocumentError(f"{path}: {what}")
        with path.open("rb") as file:
            raw = file.read(megabytes * MEGABYTE + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise DocumentError(f"{path}: cannot be read: {error.strerror}") from error
    if len(raw) > megabytes * MEGABYTE:
        raise DocumentError(f"{path}: larger than {megabytes:,} MB, the most that is read of it")
    return raw


def read_text(path: Path, megabytes: int) -> str:
    """Return the content of a UTF-8 file; see `read_bytes`.

    Raises:
        FileNotFoundError: there is no such file.
        DocumentError: it cannot be read, or is not UTF-8; the message has the line and column.
    """
    raw = read_bytes(path, megabytes)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line, column = line_and_column(raw[: error.start].decode("utf-8"))
        what = f"not UTF-8: byte 0x{raw[error.start]:02x}"
        raise DocumentError(f"{path}:{line}:{column}: {what}") from error


def line_and_column(before: str) -> tuple[int, int]:
    """Return the line and column, counted from 1, at the end of a text."""
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
