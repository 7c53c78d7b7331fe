"""No message was shown more often than it was sent: no duplication.

Invalid when one was. Unknown when it may have been sent again by a `send` with an unknown
outcome, and when the run did not settle.
"""

from __future__ import annotations

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.messages import SentMessage, ShownMessage
from orchestrator.checks.phrases import both, message, when
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.text import count

NAME = "duplicates"


def check(index: HistoryIndex) -> Verdict:
    """Judge what was shown again."""
    accepted = {send.key for send in index.accepted}
    wrong, unsure = [], []
    for shown in index.shown:
        if (send := shown.send) is None:
            continue
        if shown.match == "again":
            wrong.append(_finding(send, shown, "but not sent again"))
        elif shown.match == "right" and send.operation.is_indeterminate and send.key in accepted:
            unsure.append(_finding(send, shown, "and perhaps sent again"))
    says = count(len(index.shown), "message") + " shown, none twice"
    return conclude(NAME, says, wrong, [*unsure, *index.unsettled], judged=index.shown)


def _finding(send: SentMessage, shown: ShownMessage, what: str) -> Finding:
    says = f"{message(send)}: shown again at {when(shown.at)}, {what}"
    peers, number = both(send.sender, shown.receiver), send.operation.number
    return Finding(says, shown.at, peers, shown.text, operation=number)
