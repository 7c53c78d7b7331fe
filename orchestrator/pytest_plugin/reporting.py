"""Runs in pytest's reports: properties, sections and the text of a failure."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator import report
from orchestrator.checks import Judgement
from orchestrator.checks.judged_run import Run
from orchestrator.errors import QUOTE_MARK, QUOTED_LINES, LabError
from orchestrator.history import runs, transcript
from orchestrator.pytest_plugin.runners import session_runners
from orchestrator.text import printable

_MOST_CONSOLES = 4
_LAST_BYTES = 65_536  # of a transcript's file that are read


def record(item: pytest.Item, run: Run) -> None:
    """Add a run to the report of a test."""
    item.user_properties += [*properties(run), ("peerlab_run", str(run.folder))]
    said = session_runners(item.config).said
    if said:
        item.add_report_section("call", "peerlab", "\n".join(map(printable, said)))


def properties(run: Run) -> list[tuple[str, str]]:
    """Return the JUnit properties with the verdict of a run, and its engine."""
    return [("peerlab_verdict", run.judgement.word), ("peerlab_on", _engine(run))]


def _engine(run: Run) -> str:
    """Return the engine of a run, with its version if that is known."""
    version = f" {run.record.engine.version}" if run.record else ""
    return printable(run.engine + version)


def failure(run: Run, wrong: str) -> str:
    """Return the text of a test that fails by its verdict. The first line is a summary."""
    bad = [v.check for v in run.verdicts if v.judgement is not Judgement.VALID]
    first = f"{wrong}: {', '.join(bad)}" if bad else wrong
    return "\n".join([first, report.as_text(run).rstrip(), *_transcript_ends(run)])


def error_text(error: LabError) -> str:
    """Return an error of the lab as text that is safe for any terminal."""
    hint = [f"hint: {error.hint}"] if error.hint else []
    return "\n".join(map(printable, [*error.what.split("\n"), *hint]))


def _transcript_ends(run: Run) -> Iterator[str]:
    """Yield the ends of the transcripts of the peers in the findings, or of any peers."""
    bad = [verdict for verdict in run.verdicts if verdict.judgement is not Judgement.VALID]
    seen = (peer for verdict in bad for finding in verdict.findings for peer in finding.peers)
    for peer in (list(dict.fromkeys(seen)) or list(run.peers))[:_MOST_CONSOLES]:
        yield f"the end of {peer}'s console"
        yield from (
            f"{QUOTE_MARK}{line}" for line in _last_lines(runs.transcript(run.folder, peer))
        )


def _last_lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as file:
            start = max(0, path.stat().st_size - _LAST_BYTES)
            file.seek(start)
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ["(no transcript is kept)"]
    whole = text.split("\n")[1 if start else 0 : -1]
    lines = transcript.dialogue(transcript.Piece.from_line(line) for line in whole)
    return [line.text for line in lines[-QUOTED_LINES:]] or ["(nothing was shown)"]
