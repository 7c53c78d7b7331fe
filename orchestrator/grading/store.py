"""Kept results: each counts as long as nothing changes that it depends on."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestrator.errors import DocumentError
from orchestrator.folder import file_digest, folder_digest
from orchestrator.grading.output import write_output
from orchestrator.grading.programs import Program
from orchestrator.grading.results import Result
from orchestrator.grading.rubric import Task
from orchestrator.reading import read_text

_MOST_MEGABYTES = 10


class Store:
    """The kept results of one program or pair, one file per test in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, test: str, digest: str) -> Result | None:
        """Return the result of a test kept under this digest; None if there is none.

        A damaged file counts as none.
        """
        try:
            data = json.loads(read_text(self._path(test), _MOST_MEGABYTES))
            if data["digest"] != digest:
                return None
            return Result.model_validate(data["result"])
        except (FileNotFoundError, DocumentError, RecursionError, ValueError, KeyError, TypeError):
            return None

    def put(self, digest: str, result: Result) -> None:
        """Keep a result in place of an earlier one of the same test, with a digest of its causes.

        Raises:
            LabError: it cannot be written.
        """
        data = {"digest": digest, "result": result.model_dump(mode="json")}
        write_output(self._path(result.test), json.dumps(data, indent=2) + "\n")

    def _path(self, test: str) -> Path:
        return self._folder / f"{test}.json"


def program_digest(program: Program, engine: str) -> str:
    """Return a digest of a program, its profile, the engine and the lab's version."""
    return json.dumps([importlib.metadata.version("peerlab"), engine, *_parts(program)])


def _parts(program: Program) -> Iterator[str]:
    yield file_digest(program.file)
    if program.profile and program.profile.reader:
        yield file_digest(Path(program.profile.reader.rpartition(":")[0]))
    if program.profile and program.profile.start.folder:
        yield folder_digest(Path(program.profile.start.folder))


def case_digest(programs: Sequence[str], task: Task) -> str:
    """Return a digest of all that a result depends on, from the digests of the programs."""
    whole = [*programs, task.text, task.test.model_dump_json()]
    return hashlib.sha256(json.dumps(whole).encode()).hexdigest()
