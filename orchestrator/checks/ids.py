"""At each peer an id, once given to a connection, stays that connection's.

Invalid when an id leads to another peer than before (in a list, a notice or a reply), or is
given to a second connection. A restarted program counts from the start again. Unknown when
the run did not settle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.incarnations import Incarnation
from orchestrator.checks.phrases import both, when
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.history.entries import Entry, row_text
from orchestrator.text import count

NAME = "ids"

_REPLIES = frozenset(("connect", "send", "terminate"))


@dataclass(slots=True)
class _Use:
    """An id at a peer, and the peer that it leads to; whether a new connection has it."""

    entry: Entry
    incarnation: Incarnation
    id: str
    other: str
    is_new: bool = False


def check(index: HistoryIndex) -> Verdict:
    """Judge what the ids led to."""
    wrong: list[Finding] = []
    leads: dict[tuple[Incarnation, str], str] = {}
    given: dict[tuple[Incarnation, str], float] = {}
    for use in _uses(index):
        key = (use.incarnation, use.id)
        if use.is_new and key in given:
            wrong.append(_given_again(use, given[key]))
        elif use.other and leads.get(key, use.other) != use.other:
            wrong.append(_leads_elsewhere(use, leads[key]))
        if use.is_new:
            given[key] = use.entry.at
        if use.other:
            leads[key] = use.other
    says = f"{count(len(leads), 'id')}, each with one peer"
    return conclude(NAME, says, wrong, index.unsettled, judged=leads)


def _uses(index: HistoryIndex) -> Iterator[_Use]:
    misnamed = {shown.position for shown in index.shown if shown.match == "other sender"}
    asked = {operation.done_position: operation.position for operation in index.operations}
    for position, entry in enumerate(index.entries):
        if position in misnamed:
            continue  # the name is wrong, not the id: see `senders`
        incarnation = index.incarnations.at(entry.peer, asked.get(position, position))
        number = entry.text("id")
        if entry.type == "notice" and number:
            yield _Use(entry, incarnation, number, entry.text("of"), entry.verb == "connected")
        elif entry.type == "ok" and entry.verb in _REPLIES and number:
            yield _Use(entry, incarnation, number, entry.text("to"), entry.verb == "connect")
        elif entry.type == "ok" and entry.verb == "list":
            for row in entry.rows:
                if listed := row_text(row, "id"):
                    other = row_text(row, "peer")
                    # A list that shows the near ends says nothing about where its ids lead.
                    yield _Use(entry, incarnation, listed, other if other != entry.peer else "")


def _given_again(use: _Use, before: float) -> Finding:
    says = (
        f"at {when(use.entry.at)}, {use.entry.peer} gave id {use.id} to a connection with"
        f" {use.other or 'an unknown peer'}; it had given that id to another connection"
        f" at {when(before)}"
    )
    peers, number = both(use.entry.peer, use.other), use.entry.operation
    return Finding(says, use.entry.at, peers, operation=number)


def _leads_elsewhere(use: _Use, before: str) -> Finding:
    says = (
        f"at {when(use.entry.at)}, id {use.id} at {use.entry.peer} leads to {use.other}"
        f" (so said `{use.entry.verb}`); before, it led to {before}"
    )
    peers, number = both(use.entry.peer, use.other, before), use.entry.operation
    return Finding(says, use.entry.at, peers, operation=number)
