"""What pytest reports of runs, and what a test is shown when an act did not end as wanted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from orchestrator import chat
from orchestrator.checks import HistoryIndex, expectations
from orchestrator.checks.judged_run import Run
from orchestrator.history.entries import Entry
from orchestrator.pytest_plugin import plugin_options
from orchestrator.pytest_plugin.failures import error_text
from orchestrator.pytest_plugin.runners import session_runners
from orchestrator.report import annotations as github
from orchestrator.report.comparing import Compared, compared, contrasted, listed
from orchestrator.runner.peers import PeerGroup
from orchestrator.text import cut, printable, visible

_QUOTED = 8  # last lines of a console
_LONGEST = 200  # characters of one such line
_COLUMNS = 90  # for texts that are compared


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


def left_text(config: pytest.Config) -> str:
    """Return why a session could not remove all that it had started, each reason once."""
    return "\n".join(dict.fromkeys(map(error_text, config.stash[plugin_options.LEFT])))


def annotated(stats: Mapping[str, Sequence[Any]]) -> Iterator[str]:
    """Yield an annotation of each failed test that the lab took part in, for GitHub Actions."""
    if not github.are_wanted():
        return
    for report in (*stats.get("failed", ()), *stats.get("error", ())):
        if report.when == "collect":
            yield from github.of_mistakes(str(report.longrepr).split("\n"))
        known = {key for key, _ in getattr(report, "user_properties", ())}
        crash = getattr(report.longrepr, "reprcrash", None)
        if crash and any(key.startswith("peerlab") for key in known):
            what = printable(crash.message.partition("\n")[0])
            place = {"file": crash.path, "line": crash.lineno}
            yield github.annotation(what, **place, title=report.nodeid)


class NotAsWantedError(AssertionError):
    """An act did not end as wanted."""

    __module__ = "orchestrator.pytest_plugin.lab"  # where tests import it from

    def amend_report(self, report: pytest.TestReport) -> None:
        """Show what did not end as wanted in the summary, without the name of this class."""
        if crash := getattr(report.longrepr, "reprcrash", None):
            crash.message = str(self).partition("\n")[0]


def mismatch(acts: Sequence[Entry], peers: PeerGroup) -> str:
    """Return what is wrong with the first act that is not as wanted; empty if there is none."""
    for number in dict.fromkeys(entry.operation for entry in acts):
        entries = [entry for entry in acts if entry.operation == number]
        index = HistoryIndex(entries)
        wrong, unsure = expectations.problems(index)
        for finding in (*wrong, *unsure):
            pair = compared(index, expectations.NAME, finding)
            return "\n".join(_lines(finding.says, entries[-1], pair, peers))
    return ""


def last_lines(peers: PeerGroup, names: Sequence[str]) -> Iterator[str]:
    """Yield the last lines of some consoles, safe for any terminal."""
    for name in names:
        yield f"  {name} last showed:"
        lines = peers.sessions[name].transcript.tail(_QUOTED)
        yield from (f"    | {_cut(line)}" for line in lines or ["(nothing)"])


def _lines(says: str, done: Entry, pair: Compared | None, peers: PeerGroup) -> Iterator[str]:
    yield _cut(says)
    yield f"  wanted: {_cut(_wanted(done))}"
    yield f"  came:   {_cut(_came(done))}"
    sides = contrasted(pair, _COLUMNS) if pair else ()
    if any(side.marks for side in sides):
        for side in sides:
            yield f"    {side.text.plain}"
            yield from (f"    {marks}" for marks in [side.marks] if marks)
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
    if done.verb == chat.LIST and done.rows:
        return listed(done)
    if "status" in done.fields:
        return f"status {done.fields['status']}"
    return done.text("said") or "no answer"


def _cut(text: str) -> str:
    """Return a text on one line that is safe for any terminal and not too long."""
    return cut(printable(text.replace("\n", " ⏎ ")), _LONGEST)
