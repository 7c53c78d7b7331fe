"""Every text was shown as it was sent: nothing cut, nothing added, not even a blank changed.

Invalid when one was not. Messages that were shown in one piece, or one in several, count as
changed. Unknown when the run did not settle.
"""

from __future__ import annotations

from collections import defaultdict

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.likeness import difference
from orchestrator.checks.index.messages import Send, Shown
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.checks.wording import both, message, quoted, when
from orchestrator.text import count

NAME = "changes"


def check(index: HistoryIndex) -> Verdict:
    """Judge what was changed."""
    together: dict[Shown, list[Send]] = defaultdict(list)
    for send in index.sends:
        if send.shown and send.shown.how == "changed":
            together[send.shown].append(send)
    wrong = [_finding(shown, sends) for shown, sends in together.items()]
    wrong += [
        _finding(each, [each.send]) for each in index.shown if each.how == "piece" and each.send
    ]
    right = sum(each.send is not None for each in index.shown)
    says = count(right, "message") + " shown as they were sent"
    return conclude(NAME, says, wrong, index.unsettled)


def _finding(shown: Shown, sends: list[Send]) -> Finding:
    send = sends[0]
    if len(sends) > 1:
        what = f"shown as one with {_behind(len(sends) - 1)}"
    elif shown.how == "piece":
        what = "it was shown in pieces, of which this is one"
    else:
        what = difference(send.text, shown.text)
    says = f"{message(send)}: shown at {when(shown.at)} as {quoted(shown.text)}: {what}"
    return Finding(says, shown.at, both(send.sender, send.receiver), shown.text, send.text)


def _behind(number: int) -> str:
    return "the message behind it" if number == 1 else f"the {number:,} messages behind it"
