"""Small runs for the tests of pages."""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from orchestrator import checks
from orchestrator.checks.judged_run import Run
from orchestrator.history import runs
from orchestrator.history.entries import Entry
from orchestrator.history.transcript import Piece
from orchestrator.report.page.view import View


def judged(entries: Sequence[Entry], folder: Path = Path("nowhere")) -> Run:
    """Return a run with a history, judged and without a record."""
    return Run(folder, [*entries], checks.judge(entries), None)


def view(entries: Sequence[Entry]) -> View:
    """Return a history as a page shows it."""
    return View(judged(entries), [])


def transcribe(folder: Path, name: str, *pieces: Piece, tail: str = "") -> None:
    """Write a transcript, with anything behind it."""
    text = "".join(piece.as_line() for piece in pieces)
    runs.transcript(folder, name).write_text(text + tail)


def read_data(path: Path) -> dict[str, Any]:
    """Return the data in a page."""
    found = re.search(r'<script type="[^"]*base64" id="data">([^<]*)</script>', path.read_text())
    assert found
    data: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(found[1])))
    return data
