"""Files of people's own: how those that the lab reads end, and how it writes others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from orchestrator.errors import LabError

YAML = (".yaml", ".yml")
"""How the names of scenarios, profiles and rubrics end."""


def write_whole(
    path: Path,
    text: str,
    *,
    hint: str = "",
    check: Callable[[Path], object] = lambda _: None,
) -> None:
    """Write a file, all of it or nothing; its folder is made.

    What is there and is no file, such as a device or a pipe, is written to and stays.

    Args:
        path: where; what was there before is replaced.
        text: what; where UTF-8 lacks a character, it is escaped.
        hint: what to try where that fails.
        check: told the file before it has its name; what it raises, this raises.

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
