"""The sender of each message is named rightly, by address and by name.

Invalid when a message is shown as from another peer of the run, or called by another's name,
or by one that a console does not give that peer always and no other peer ever: a host's name
is as good as the peer's own, if there is one for each. A message that names nobody in the run
is not judged. Unknown when all are like that, and when the run did not settle.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.messages import Send, Shown
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.checks.wording import both, message, when
from orchestrator.text import count

NAME = "senders"

Name = tuple[str, str]
"""A console, and the peer that it names."""


def check(index: HistoryIndex) -> Verdict:
    """Judge who is named."""
    known = _known(index)
    wrong = [
        _finding(each, each.send, name)
        for each in index.shown
        if each.send and (name := _misnamed(index, each, each.send, known))
    ]
    says = count(len(index.shown), "message")
    unnamed = sum(not each.named for each in index.shown)
    says += f", {unnamed:,} of them name nobody in the run" if unnamed else " with the right sender"
    unsure = []
    if index.shown and not any(each.named or each.called for each in index.shown):
        unsure = [Finding(f"{says}: nobody can tell whether it is right", index.last_at)]
    return conclude(NAME, says, wrong, [*unsure, *index.unsettled])


def _known(index: HistoryIndex) -> dict[Name, str]:
    """Return the one name that each console has for each peer, where it is nobody else's."""
    times: dict[Name, Counter[str]] = defaultdict(Counter)
    for each in index.shown:
        if each.send and each.called:
            times[each.receiver, each.send.sender][each.called] += 1
    known = {way: _likeliest(way[1], names) for way, names in times.items()}
    shared = Counter((receiver, name) for (receiver, _), name in known.items())
    return {way: name for way, name in known.items() if shared[way[0], name] == 1}


def _likeliest(peer: str, names: Counter[str]) -> str:
    return peer if peer in names else names.most_common(1)[0][0]


def _misnamed(index: HistoryIndex, shown: Shown, send: Send, known: dict[Name, str]) -> str:
    """Return the wrong name that is given, if one is."""
    if shown.how == "other sender":
        return shown.sender
    if not shown.called or shown.called == send.sender:
        return ""
    is_known = known.get((shown.receiver, send.sender)) == shown.called
    return "" if is_known and shown.called not in index.peers else shown.called


def _finding(shown: Shown, send: Send, named: str) -> Finding:
    says = f"{message(send)}: shown at {when(shown.at)} as from {named}"
    return Finding(says, shown.at, both(send.sender, shown.receiver, named), shown.text)
