"""The sender of each message is named rightly, by address and by name.

Invalid when a message is shown as from another peer of the run, or called by another's name,
or by a name that the console does not use for that peer always and for no other: a host's name
is as good as the peer's own, if there is one for each. A message that names no peer of the run
is not judged. Unknown when all are like that, and when the run did not settle.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.messages import SentMessage, ShownMessage
from orchestrator.checks.phrases import both, message, when
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.text import count

NAME = "senders"

Naming = tuple[str, str]  # a console, and the peer that it names


def check(index: HistoryIndex) -> Verdict:
    """Judge the names of senders."""
    known = _known(index)
    wrong = [
        _finding(shown, shown.send, name)
        for shown in index.shown
        if shown.send and (name := _wrong_name(index, shown, shown.send, known))
    ]
    says = count(len(index.shown), "message")
    unnamed = sum(not shown.named for shown in index.shown)
    says += f", {unnamed:,} of them name no one in the run" if unnamed else " with the right sender"
    unsure = []
    named = any(shown.named or shown.called for shown in index.shown)
    if index.shown and not named:
        unsure = [Finding(f"{says}: whether that is right is not known", index.last_at)]
    return conclude(NAME, says, wrong, [*unsure, *index.unsettled], judged=named)


def _known(index: HistoryIndex) -> dict[Naming, str]:
    """Return the one name that each console has for each peer, if no other peer shares it."""
    times: dict[Naming, Counter[str]] = defaultdict(Counter)
    for shown in index.shown:
        if shown.send and shown.called:
            times[shown.receiver, shown.send.sender][shown.called] += 1
    known = {
        (receiver, peer): peer if peer in names else names.most_common(1)[0][0]
        for (receiver, peer), names in times.items()
    }
    shared = Counter((receiver, name) for (receiver, _), name in known.items())
    return {naming: name for naming, name in known.items() if shared[naming[0], name] == 1}


def _wrong_name(
    index: HistoryIndex, shown: ShownMessage, send: SentMessage, known: dict[Naming, str]
) -> str:
    """Return the wrong name that a message was shown with; empty if it was right."""
    if shown.match == "other sender":
        return shown.sender
    if not shown.called or shown.called == send.sender:
        return ""
    is_known = known.get((shown.receiver, send.sender)) == shown.called
    return "" if is_known and shown.called not in index.peers else shown.called


def _finding(shown: ShownMessage, send: SentMessage, named: str) -> Finding:
    says = f"{message(send)}: shown at {when(shown.at)} as from {named}"
    peers, number = both(send.sender, shown.receiver, named), send.operation.number
    return Finding(says, shown.at, peers, shown.text, operation=number)
