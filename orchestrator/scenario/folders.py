"""Which files of a folder are scenarios."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from orchestrator import document
from orchestrator.document.source import MOST_MEGABYTES
from orchestrator.errors import DocumentError
from orchestrator.files import YAML
from orchestrator.history import runs
from orchestrator.profile import Profile
from orchestrator.reading import read_text
from orchestrator.scenario.models import Scenario

_OF_PROFILES = Profile.model_fields.keys() - Scenario.model_fields.keys()
_MANY = 2  # of these keys are no slip

_NO_SCENARIOS = ("rubric", "findings")
"""The stems of files beside scenarios and programs: what each is worth, what each must show."""

_STEPS = re.compile(r"^steps:", re.MULTILINE)


def find(paths: Iterable[Path]) -> list[Path]:
    """Return the files among `paths`, and the scenario files in its folders, sorted by name.

    No file is returned twice. What else a folder has is left out: profiles, Compose files, what
    programs must show, and the scenarios of kept runs, which are copies. A file that cannot be
    read, or is nothing of that kind, is returned: it may be meant as a scenario.

    Raises:
        DocumentError: a path does not exist, or is a folder without a scenario.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        try:
            files = _files(path)
        except OSError as error:
            raise DocumentError(f"{path}: cannot be read: {error.strerror}") from error
        for file in files:
            found.setdefault(file.resolve(), file)
    return list(found.values())


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise DocumentError(
            f"{path}: there is no such file or folder",
            hint="name scenario files, or folders that contain .yaml files",
        )
    if not path.is_dir():
        return [path]
    files = [
        file
        for file in sorted(path.rglob("*"))
        if file.suffix in YAML
        and file.stem not in _NO_SCENARIOS
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and not runs.is_copy(file)
        and not _is_of_another_kind(file)
    ]
    if not files:
        raise DocumentError(
            f"{path}: there is no scenario in this folder",
            hint=f"scenario files end in {' or '.join(YAML)}",
        )
    return files


def _is_of_another_kind(file: Path) -> bool:
    """Return whether a file is a profile or a Compose file."""
    try:
        if _STEPS.search(read_text(file, MOST_MEGABYTES)):
            return False  # without parsing it, which is slow
        plain = document.load(file).plain
    except DocumentError:
        return False
    return is_profile(plain) or (
        isinstance(plain, dict) and isinstance(plain.get("services"), dict)
    )


def is_profile(plain: Any) -> bool:
    """Return whether a file is a profile, so that its every key would be a mistake."""
    keys = plain.keys() if isinstance(plain, dict) else set()
    return "steps" not in keys and len(_OF_PROFILES & keys) >= _MANY
