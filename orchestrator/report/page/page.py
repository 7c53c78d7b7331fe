"""Writes the page of a run: the viewer and the data in one file that needs no network."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

from orchestrator.checks.judged_run import Run
from orchestrator.files import write_whole
from orchestrator.report.page.assets import render
from orchestrator.report.page.data import page_data
from orchestrator.report.page.rows import PageData

PAGE = "report.html"  # in a run's folder

_LEVEL = 6  # of compression
_HINT = "the verdict stands; `peerlab report RUN --page FILE` writes the page elsewhere"


def write_page(run: Run, path: Path | None = None) -> Path:
    """Write the page of a run, by default into its folder, whole or not at all. Return its path.

    Raises:
        LabError: it cannot be written.
    """
    path = path or run.folder / PAGE
    title = f"{run.name}: {run.judgement.word}"
    write_whole(path, render(title, packed(page_data(run))), hint=_HINT)
    return path


def packed(data: PageData) -> str:
    """Return data in a form in which nothing that a program printed can be markup."""
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    return base64.b64encode(gzip.compress(text.encode("ascii"), _LEVEL, mtime=0)).decode("ascii")
