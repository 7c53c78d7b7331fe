"""Results on disk: each is there whole or not at all, and counts as long as nothing changed."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import ValidationError

from orchestrator import files
from orchestrator.grades.results import Result

_HINT = "choose another folder with --output"


class Store:
    """The results of one program.

    Args:
        folder: where they are kept, a file each.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, test: str, digest: str) -> Result | None:
        """Return the result of a test that was kept under this digest; None for none.

        A file that somebody damaged is none.
        """
        try:
            data = json.loads(self._path(test).read_text(encoding="utf-8"))
            if data["digest"] != digest:
                return None
            return Result.model_validate(data["result"])
        except (OSError, ValueError, ValidationError, KeyError, TypeError):
            return None

    def put(self, digest: str, result: Result) -> None:
        """Keep a result in place of what was known of the test.

        Args:
            digest: of everything that the result depends on.
            result: what to keep.

        Raises:
            LabError: it cannot be written.
        """
        data = {"digest": digest, "result": result.model_dump(mode="json")}
        write_whole(self._path(result.test), json.dumps(data, indent=2) + "\n")

    def _path(self, test: str) -> Path:
        return self._folder / f"{test}.json"


def write_whole(path: Path, text: str) -> None:
    """Write a file of a grading, all of it or nothing; its folder is made.

    Raises:
        LabError: it cannot be written.
    """
    files.write_whole(path, text, hint=_HINT)
