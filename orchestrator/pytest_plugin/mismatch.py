"""What a test is shown when an act did not end as wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from orchestrator.checks import HistoryIndex, expectations
from orchestrator.history.entries import Entry, row_text
from orchestrator.runner.peers import PeerGroup
from orchestrator.text import cut, printable

_QUOTED = 8  # last lines of a console
_LONGEST = 200  # characters of one such line


class NotAsWantedError(AssertionError):
    """An act did not end as wanted."""

    __module__ = "orchestrator.pytest_plugin.lab"  # where tests import it from


def mismatch(acts: Sequence[Entry], peers: PeerGroup) -> str:
    """Return what is wrong with the first act that is not as wanted; empty if there is none.

    Args:
        acts: the invocations and outcomes of some operations.
        peers: the peers, whose last lines are quoted.
    """
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
    if done.verb == "expect":
        what = repr(fields["text"] if "text" in fields else fields.get("line", ""))
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
    if done.verb == "list" and done.rows:
        return ", ".join(sorted(row_text(row, "peer") or "a stranger" for row in done.rows))
    if "status" in done.fields:
        return f"status {done.fields['status']}"
    return done.text("said") or "no answer"


def _cut(text: str) -> str:
    """Return a text on one line that is safe for any terminal and not too long."""
    return cut(printable(text.replace("\n", " ⏎ ")), _LONGEST)
