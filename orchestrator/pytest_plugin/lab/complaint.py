"""What is told of an act that did not end as wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from orchestrator.checks import HistoryIndex, Judgement, expectations
from orchestrator.history.entries import Entry, row_text
from orchestrator.runner.peers import PeerGroup
from orchestrator.text import cut, printable

_QUOTED = 8  # last lines of a console that are quoted
_LONGEST = 200  # characters of one such line


class NotAsWantedError(AssertionError):
    """An act did not end as wanted."""

    __module__ = "orchestrator.pytest_plugin.lab"  # where tests know it from


def complaint(acts: Sequence[Entry], stage: PeerGroup) -> str:
    """Return what is wrong with how acts ended, and what their consoles showed; empty if nothing.

    Args:
        acts: the invocations and outcomes.
        stage: the peers.
    """
    if not _amiss(acts):
        return ""
    numbers = dict.fromkeys(entry.operation for entry in acts)
    each = ([entry for entry in acts if entry.operation == number] for number in numbers)
    worst = next(one for one in each if _amiss(one))
    return "\n".join(_lines(worst, stage))


def tails(stage: PeerGroup, names: Sequence[str]) -> Iterator[str]:
    """Yield the last lines of some consoles, fit for any terminal."""
    for name in names:
        yield f"  {name} last showed:"
        lines = stage.sessions[name].transcript.tail(_QUOTED)
        yield from (f"    | {_cut(line)}" for line in lines or ["(nothing)"])


def _amiss(acts: Sequence[Entry]) -> str:
    """Return what the check `expectations` says of these alone; empty if they are well."""
    settled = Entry(acts[-1].at, "lab", "", "settled")
    verdict = expectations.check(HistoryIndex([*acts, settled]))
    return "" if verdict.judgement is Judgement.VALID else verdict.findings[0].says


def _lines(acts: Sequence[Entry], stage: PeerGroup) -> Iterator[str]:
    done = acts[-1]
    yield _cut(_amiss(acts))
    yield f"  wanted: {_cut(_wanted(done))}"
    yield f"  came:   {_cut(_came(done))}"
    other = done.fields.get("to") or done.fields.get("of")
    concerned = dict.fromkeys(name for name in (done.peer, other) if name in stage.sessions)
    yield from tails(stage, [*concerned])


def _wanted(done: Entry) -> str:
    fields = done.fields
    if done.verb == "expect":
        what = repr(fields["text"] if "text" in fields else fields.get("line", ""))
        of = f" from {fields['of']}" if "of" in fields else ""
        return f"{fields['kind']}{of}" + (f": {what}" if {"text", "line"} & {*fields} else "")
    return _wish(done.mapping("wants"))


def _wish(wants: Any) -> str:
    says = f", with {wants['says']!r} in the answer" if wants.get("says") else ""
    if wants.get("outcome") == "fail":
        return f"to be refused{says}"
    if "shows" in wants:
        return f"to list {', '.join(sorted(wants['shows'])) or 'nobody'}"
    if "status" in wants:
        return f"to exit with status {wants['status']}"
    return f"to be done{says}"


def _came(done: Entry) -> str:
    rows = done.rows
    if done.verb == "list" and rows:
        return ", ".join(sorted(row_text(row, "peer") or "somebody else" for row in rows))
    if "status" in done.fields:
        return f"status {done.fields['status']}"
    return done.text("said") or "no answer"


def _cut(text: str) -> str:
    """Return a text on one line that harms no terminal, not too long."""
    return cut(printable(text.replace("\n", " ⏎ ")), _LONGEST)
