"""What a result depends on, as one short text: another one, and the result counts no more."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Iterator
from pathlib import Path

from orchestrator.folder import file_digest, folder_digest
from orchestrator.grades.rubric import Task
from orchestrator.grading.programs import Program


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
    yield file_digest(program.file)
    look = program.look
    if look and look.reader:
        yield file_digest(Path(look.reader.rpartition(":")[0]))
    if look and look.start.folder:
        yield folder_digest(Path(look.start.folder))
