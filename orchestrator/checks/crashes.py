"""No console showed a crash.

Invalid when one did. Unknown when the run did not come to its end, so that what consoles
showed later was not examined.
"""

from __future__ import annotations

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.phrases import quoted, when
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.history.entries import Entry
from orchestrator.text import count

NAME = "crashes"


def check(index: HistoryIndex) -> Verdict:
    """Judge what the consoles showed of crashes."""
    wrong = [_finding(entry) for entry in index.marks("crash")]
    unsure = [] if index.is_complete else [Finding(index.interruption, index.last_at)]
    return conclude(
        NAME, f"none at {count(len(index.peers), 'peer')}", wrong, unsure, judged=not index.idle
    )


def _finding(entry: Entry) -> Finding:
    said = entry.text("said").partition("\n")[0]
    says = f"at {when(entry.at)}, {entry.peer}'s console showed a crash: {quoted(said)}"
    return Finding(says, entry.at, (entry.peer,))
