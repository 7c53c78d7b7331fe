"""What a result depends on, as one short text: another one, and the result counts no more."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterator
from pathlib import Path

from orchestrator.grades.rubric import Task
from orchestrator.grading.programs import Program

_CACHES = {"__pycache__", ".git"}


class Digests:
    """Digests of one program with any test; its folder is read once.

    Args:
        program: which one.
        engine: where it runs.
    """

    def __init__(self, program: Program, engine: str) -> None:
        lab = importlib.metadata.version("peerlab")
        self._program = json.dumps([lab, engine, *_parts(program)])

    def of(self, task: Task) -> str:
        """Return the digest of all that counts for a result."""
        whole = [self._program, task.text, task.test.model_dump_json()]
        return hashlib.sha256(json.dumps(whole).encode()).hexdigest()


def _parts(program: Program) -> Iterator[str]:
    yield _of_file(program.file)
    look = program.look
    if look and look.reader:
        yield _of_file(Path(look.reader.rpartition(":")[0]))
    if look and look.start.folder:
        home = Path(look.start.folder)
        for path in sorted(home.rglob("*")):
            if not _CACHES & set(path.relative_to(home).parts):
                yield f"{path.relative_to(home)} {_of_file(path)}"


def _of_file(path: Path) -> str:
    """Return what a file holds and whether it may be run; what a link leads to is none of it."""
    try:
        if path.is_symlink():
            return f"-> {path.readlink()}"
        if not path.is_file():
            return "no file"
        return f"{path.stat().st_mode & 0o111:o} {hashlib.sha256(path.read_bytes()).hexdigest()}"
    except OSError as error:
        return f"not read: {error.strerror}"
