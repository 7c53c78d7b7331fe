"""Where scenarios are: files, and folders of them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from orchestrator.errors import DocumentError
from orchestrator.files import YAML

_RUBRIC = "rubric"
"""The name, without its end, of the file in a folder that marks its scenarios: none itself."""


def find(paths: Iterable[Path]) -> list[Path]:
    """Return files as they are, and what is in folders in the order of its names.

    A file that is reached twice is returned once.

    Raises:
        DocumentError: one does not exist, or is a folder without a scenario.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        try:
            files = _meant(path)
        except OSError as error:
            raise DocumentError(f"{path}: cannot be read: {error.strerror}") from error
        for file in files:
            found.setdefault(file.resolve(), file)
    return list(found.values())


def _meant(path: Path) -> list[Path]:
    if path.is_dir():
        return _within(path)
    if not path.exists():
        raise DocumentError(
            f"{path}: there is no such file or folder",
            hint="name scenario files, or folders with files in them that end in .yaml",
        )
    return [path]


def _within(folder: Path) -> list[Path]:
    files = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix in YAML
        and path.stem != _RUBRIC
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not files:
        raise DocumentError(
            f"{folder}: there is no scenario in this folder",
            hint=f"scenarios are files that end in {' or '.join(YAML)}",
        )
    return files
