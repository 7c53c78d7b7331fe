"""No message was shown more often than it was sent.

Invalid when one was. Unknown when it may have been sent again by a `send` whose outcome nobody
knows, and when the run did not settle.
"""

from __future__ import annotations

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.messages import Shown
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.checks.wording import both, message, when
from orchestrator.text import count

NAME = "duplicates"


def check(index: HistoryIndex) -> Verdict:
    """Judge what was shown again."""
    wrong = [_finding(each, "but not sent again") for each in index.shown if each.how == "again"]
    known = {(s.sender, s.receiver, s.text) for s in index.accepted}
    unsure = [
        _finding(each, "and nobody knows whether it was sent again")
        for each in index.shown
        if each.send and each.how == "right" and each.send.operation.is_perhaps
        if (each.send.sender, each.send.receiver, each.send.text) in known
    ]
    says = count(len(index.shown), "message") + " shown, none twice"
    return conclude(NAME, says, wrong, [*unsure, *index.unsettled])


def _finding(shown: Shown, what: str) -> Finding:
    named = message(shown.send) if shown.send else ""
    peers = both(shown.send.sender if shown.send else "", shown.receiver)
    return Finding(f"{named}: shown again at {when(shown.at)}, {what}", shown.at, peers, shown.text)
