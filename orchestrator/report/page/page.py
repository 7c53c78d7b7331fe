"""Writes the page of a run: the viewer and the data in one file that needs no network."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

from orchestrator.checks.judged_run import Run
from orchestrator.errors import LabError
from orchestrator.files import write_whole
from orchestrator.history import runs
from orchestrator.report.page.assets import render
from orchestrator.report.page.data import page_data
from orchestrator.report.page.rows import PageData

_LEVEL = 6  # of compression
_HINT = "the verdict stands; `peerlab report RUN --page FILE` writes the page elsewhere"


def write_page(run: Run, path: Path | None = None) -> Path:
    """Write the page of a run, by default into its folder, whole or not at all. Return its path.

    Raises:
        LabError: it cannot be written.
    """
    path = path or run.folder / runs.PAGE
    title = f"{run.name}: {run.judgement.word}"
    write_whole(path, render(title, packed(page_data(run))), hint=_HINT)
    return path


def keep_page(run: Run) -> str:
    """Write the page of a run that is over, whose verdict stands whatever becomes of the page.

    Returns why there is none; empty if it was written.
    """
    try:
        write_page(run)
    except LabError as error:
        return f"{error.what}; {error.hint}" if error.hint else error.what
    except Exception as error:  # noqa: BLE001 - a bug here is no reason to lose a verdict
        return f"{run.folder}: its page could not be made: {type(error).__name__}: {error}"
    return ""


def packed(data: PageData) -> str:
    """Return data in a form in which nothing that a program printed can be markup."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode("ascii"), _LEVEL, mtime=0)).decode("ascii")
