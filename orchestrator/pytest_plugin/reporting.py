"""What pytest reports of runs, and what a test is shown when an act did not end as wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from orchestrator import chat
from orchestrator.checks import HistoryIndex, Judgement, expectations
from orchestrator.checks.judged_run import Run
from orchestrator.errors import QUOTE_MARK, QUOTED_LINES, LabError
from orchestrator.history import runs, transcript
from orchestrator.history.entries import Entry, row_text
from orchestrator.pytest_plugin import plugin_options
from orchestrator.pytest_plugin.runners import session_runners
from orchestrator.report.run_report import as_text
from orchestrator.runner.peers import PeerGroup
from orchestrator.text import cut, printable, visible

_MOST_CONSOLES = 4
_LAST_BYTES = 65_536  # of a transcript's file that are read
_QUOTED = 8  # last lines of a console
_LONGEST = 200  # characters of one such line


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
    version = f" {run.record.engine.version}" if run.record else ""
    return printable(run.engine + version)


def failure(run: Run, wrong: str) -> str:
    """Return the text of a test that fails by its verdict. The first line is a summary."""
    bad = [v.check for v in run.verdicts if v.judgement is not Judgement.VALID]
    why = ", ".join(bad) or run.nothing_judged
    first = f"{wrong}: {why}" if why else wrong
    return "\n".join([first, as_text(run).rstrip(), *_transcript_ends(run)])


def error_text(error: LabError) -> str:
    """Return an error of the lab as text that is safe for any terminal."""
    hint = [f"hint: {error.hint}"] if error.hint else []
    return "\n".join(map(printable, [*error.what.split("\n"), *hint]))


def left_text(config: pytest.Config) -> str:
    """Return why a session could not remove all that it had started, each reason once."""
    return "\n".join(dict.fromkeys(map(error_text, config.stash[plugin_options.LEFT])))


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


class NotAsWantedError(AssertionError):
    """An act did not end as wanted."""

    __module__ = "orchestrator.pytest_plugin.lab"  # where tests import it from


def mismatch(acts: Sequence[Entry], peers: PeerGroup) -> str:
    """Return what is wrong with the first act that is not as wanted; empty if there is none."""
    for number in dict.fromkeys(entry.operation for entry in acts):
        entries = [entry for entry in acts if entry.operation == number]
        wrong, unsure = expectations.problems(HistoryIndex(entries))
        for finding in (*wrong, *unsure):
            return "\n".join(_lines(finding.says, entries[-1], peers))
    return ""


def last_lines(peers: PeerGroup, names: Sequence[str]) -> Iterator[str]:
    """Yield the last lines of some consoles, safe for any terminal."""
    for name in names:
        yield f"  {name} last showed:"
        lines = peers.sessions[name].transcript.tail(_QUOTED)
        yield from (f"    | {_cut(line)}" for line in lines or ["(nothing)"])


def _lines(says: str, done: Entry, peers: PeerGroup) -> Iterator[str]:
    yield _cut(says)
    yield f"  wanted: {_cut(_wanted(done))}"
    yield f"  came:   {_cut(_came(done))}"
    other = done.fields.get("to") or done.fields.get("of")
    involved = dict.fromkeys(name for name in (done.peer, other) if name in peers.sessions)
    yield from last_lines(peers, [*involved])


def _wanted(done: Entry) -> str:
    fields = done.fields
    if done.verb == "never":
        return f"never {done.text('says') or done.text('kind')}"
    if done.verb == "expect":
        has_text = "text" in fields
        what = visible(done.text("text")) if has_text else repr(fields.get("line", ""))
        of = f" from {fields['of']}" if "of" in fields else ""
        return f"{fields['kind']}{of}" + (f": {what}" if {"text", "line"} & {*fields} else "")
    wants: Any = done.mapping("wants")
    says = f", with {wants['says']!r} in the answer" if wants.get("says") else ""
    if wants.get("outcome") == "fail":
        return f"to be refused{says}"
    if "shows" in wants:
        return f"to list {', '.join(sorted(wants['shows'])) or 'no one'}"
    if "status" in wants:
        return f"to exit with status {wants['status']}"
    return f"to be done{says}"


def _came(done: Entry) -> str:
    if done.verb == chat.LISTING and done.rows:
        return ", ".join(sorted(row_text(row, "peer") or "a stranger" for row in done.rows))
    if "status" in done.fields:
        return f"status {done.fields['status']}"
    return done.text("said") or "no answer"


def _cut(text: str) -> str:
    """Return a text on one line that is safe for any terminal and not too long."""
    return cut(printable(text.replace("\n", " ⏎ ")), _LONGEST)
