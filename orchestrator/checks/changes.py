"""Every text was shown as it was sent: nothing cut, nothing added, not even a blank changed.

Invalid when one was not. Messages shown in one piece, or one in several, count as changed.
Unknown when the run did not settle, or when only the last blanks of a text are missing at a
program that fills up its lines with blanks.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.likeness import common_start
from orchestrator.checks.index.messages import SentMessage, ShownMessage
from orchestrator.checks.phrases import both, message, quoted, when
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.text import count

NAME = "changes"

_PADDED = ". They cannot be told from those with which the program fills up its lines"
_AROUND = 12  # characters that are quoted from where two texts first differ


def check(index: HistoryIndex) -> Verdict:
    """Judge what was changed."""
    changed: dict[ShownMessage, list[SentMessage]] = defaultdict(list)
    for send in index.sends:
        if send.shown and send.shown.match == "changed":
            changed[send.shown].append(send)
    wrong, unsure = list[Finding](), [*index.unsettled]
    for shown, sends in changed.items():
        found = _finding(shown, sends)
        if index.pads(shown.receiver) and [it.text.rstrip() for it in sends] == [shown.text]:
            unsure.append(replace(found, says=f"{found.says}{_PADDED}"))
        else:
            wrong.append(found)
    wrong += [_finding(m, [m.send]) for m in index.shown if m.match == "piece" and m.send]
    known = sum(message.send is not None for message in index.shown)
    says = count(known, "message") + " shown as sent"
    return conclude(NAME, says, wrong, unsure, judged=known)


def _finding(shown: ShownMessage, sends: list[SentMessage]) -> Finding:
    send = sends[0]
    if len(sends) > 1:
        kind, what = "joined", f"shown as one with {_behind(len(sends) - 1)}"
    elif shown.match == "piece":
        kind, what = "split", "it was shown in pieces, of which this is one"
    else:
        kind, what = difference(send.text, shown.text)
    says = f"{message(send)}: shown at {when(shown.at)} as {quoted(shown.text)}: {what}"
    peers, number = both(send.sender, send.receiver), send.operation.number
    return Finding(says, shown.at, peers, shown.text, send.text, kind, number)


def _behind(number: int) -> str:
    return "the message behind it" if number == 1 else f"the {number:,} messages behind it"


def difference(sent: str, shown: str) -> tuple[str, str]:
    """Return how a text was changed, in a word and in a few."""
    place = common_start(sent, shown)
    rest, more = sent[place:], shown[place:]
    is_blank = not sent.strip()
    if not more and (rest.strip() or is_blank):
        return "cut", f"cut after {place:,} of {count(len(sent), 'character')}"
    if not rest and (more.strip() or is_blank):
        return "added to", f"{quoted(more[:_AROUND])} was added at the end"
    if "".join(rest.split()) == "".join(more.split()):
        return "blanks", f"only blanks changed, first at character {place + 1:,}"
    now, was = quoted(more[:_AROUND]), quoted(rest[:_AROUND])
    return "altered", f"from character {place + 1:,} on {now} instead of {was}"
