"""One folder of results is written by one command at a time."""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from orchestrator.errors import LabError
from orchestrator.folder import OUTPUT_SIGN


@contextlib.contextmanager
def alone_in(output: Path) -> Iterator[None]:
    """Let nobody else keep results in a folder, which is made and marked as one of these.

    Raises:
        LabError: somebody does, or it cannot be written.
    """
    with _locked(output):
        yield


def _locked(output: Path) -> TextIO:
    """Return a file whose lock lasts until it is closed."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        file = (output / OUTPUT_SIGN).open("w", encoding="utf-8")
    except OSError as error:
        raise LabError(f"{output}: cannot be written: {error.strerror}",
                       hint="choose another folder with --output") from error  # fmt: skip
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise LabError(
            f"{output}: another command keeps its results there",
            hint="wait for it, or choose another --output",
        ) from error
    return file
