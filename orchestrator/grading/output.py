"""The folder of results: one command at a time writes to it, and every file whole."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from orchestrator import files
from orchestrator.errors import LabError
from orchestrator.folder import OUTPUT_SIGN

_HINT = "choose another folder with --output"


@contextlib.contextmanager
def exclusive(output: Path) -> Iterator[None]:
    """Make a folder for results and mark it as one; no other command may write to it meanwhile.

    Raises:
        LabError: another command is writing to it, or it cannot be written.
    """
    try:
        lock = files.lock_file(output / OUTPUT_SIGN)
    except TimeoutError:
        raise LabError(
            f"{output}: another command is writing its results there",
            hint="wait for it, or choose another --output",
        ) from None
    except OSError as error:
        raise LabError(f"{output}: cannot be written: {error.strerror}", hint=_HINT) from error
    try:
        yield
    finally:
        lock.release()


def write_output(path: Path, text: str) -> None:
    """Write a file of the output, whole or not at all; its folder is created.

    Raises:
        LabError: it cannot be written.
    """
    files.write_whole(path, text, hint=_HINT)
