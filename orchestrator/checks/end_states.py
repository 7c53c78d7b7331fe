"""Every peer was at the end as the scenario wants: running, or ended with the right status.

Invalid when one was not. Unknown when one was not examined, and when the run did not settle.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from orchestrator.checks import punctuality
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.phrases import when
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.history.entries import Entry
from orchestrator.text import count

NAME = "end states"


def check(index: HistoryIndex) -> Verdict:
    """Judge how the peers were at the end."""
    ended = {entry.peer: entry for entry in index.marks("ended")}
    wrong, unsure = list[Finding](), list[Finding]()
    for entry in ended.values():
        late = _lateness(index, entry)
        (unsure if late else wrong).extend(_amiss(entry, late))
    unsure += [
        Finding(f"{peer} was not examined at the end", index.last_at, (peer,))
        for peer in index.peers
        if peer not in ended
    ]
    says = count(len(ended), "peer") + " as wanted"
    return conclude(NAME, says, wrong, [*unsure, *index.unsettled], judged=not index.idle)


def _lateness(index: HistoryIndex, entry: Entry) -> str:
    """Return how the machine may explain that a peer runs that should have ended."""
    wanted = entry.mapping("wants").get("state")
    if (wanted, entry.fields.get("state")) != ("exited", "running"):
        return ""
    asked = [op.at for op in index.operations if op.peer == entry.peer and op.verb != "list"]
    return punctuality.of_absence(index, asked[-1] if asked else 0.0, entry.at)


def _amiss(entry: Entry, late: str) -> Iterator[Finding]:
    wants = entry.mapping("wants")
    other = [key for key in ("state", "status")
             if wants.get(key) is not None and entry.fields.get(key) != wants[key]]  # fmt: skip
    if other:
        says = f"at {when(entry.at)}, {entry.peer} was found {_state(entry.fields)}"
        yield Finding(f"{says}, but should be {_state(wants)}{late}", entry.at, (entry.peer,))


def _state(fields: Mapping[str, Any]) -> str:
    state, status = fields.get("state"), fields.get("status")
    words = [] if state is None else [str(state)]
    words += [] if status is None else [f"with status {status}"]
    return " ".join(words) or "unknown"
