"""Each connection, and each end of one, was reported at the other end.

A peer that is dialled shows `connected`. When a connection ends, each of its ends shows `closed`,
unless it ended it itself. Judged as far as the profile reads these notices: a program without
them makes no such promise, and `lists` judges what it lists in the end. A notice that names no one,
or gives an id that led to no peer, counts for any of its kind that is due.
Invalid when a notice is missing, when one reports a connection that no one had made, or when
`closed` is shown more than once. A peer that ended, or may have, owes no notice, even if it was
started again; nor does one that ended the same connection itself, unless it was asked to, or
killed, so long after the other end was over that the notice was due by then: time in which a
fault came between the two does not count. Nor is `connected` owed by a peer that lost the
connection to a fault, or to a kill, right then.
Unknown when a person typed at the console that owes the notice, and may have ended the connection
by hand, when the connection may be one that a `connect` without an answer made, when a line that
the profile does not read came when the notice was due, when a fault lasted until shortly before
the run settled, and when it did not settle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from orchestrator.checks import punctuality
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.connections import ConnectionEnd
from orchestrator.checks.index.invocations import EARLY, LONGEST
from orchestrator.checks.phrases import both, unread, when
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.text import count

NAME = "both ends"


def check(index: HistoryIndex) -> Verdict:
    """Judge what was reported at the other ends."""
    wrong, unsure = [*_undialled(index)], [*_by_hand(index)]
    for end, finding in _reported_again(index):
        if line := index.unread.notice("connected", end.peer, end.at, finding.at):
            unsure.append(replace(finding, says=f"{finding.says}; {unread(line)}"))
        else:
            (unsure if index.is_vague(end) else wrong).append(finding)
    for kind, end, finding in _unreported(index):
        if line := index.unread.notice(kind, end.other, finding.at):
            unsure.append(replace(finding, says=f"{finding.says}; {unread(line)}"))
            continue
        late = punctuality.of_absence(index, finding.at)
        due = index.was_due(end.peer, end.other, finding.at)
        is_sure = due and not late and not index.is_vague(end)
        (wrong if is_sure else unsure).append(replace(finding, says=finding.says + late))
    for end, finding in _overtaken(index):
        is_sure = index.settled is not None and not index.is_vague(end)
        (wrong if is_sure else unsure).append(finding)
    judged = [*_judged(index)]
    return conclude(NAME, _says(index), wrong, [*unsure, *index.unsettled], judged=judged)


def _judged(index: HistoryIndex) -> Iterator[ConnectionEnd]:
    """Yield the ends about which the other end owes a notice that the profile reads."""
    for end in (one for one in index.ends if index.chats(one.other)):
        if (end.role == "dialled" and index.reads("connected")) or (
            end.closed and index.reads("closed")
        ):
            yield end


def _says(index: HistoryIndex) -> str:
    kinds = [kind for kind in ("connected", "closed") if not index.reads(kind)]
    if kinds:
        return f"not judged: the profile reads no `{'`, `'.join(kinds)}`"
    dialled = sum(end.role == "dialled" for end in index.ends)
    closed = sum(bool(end.closed) for end in index.ends)
    return f"{count(dialled, 'connection')} and {count(closed, 'end')}, reported at both"


def missing(index: HistoryIndex) -> Iterator[Finding]:
    """Yield notices that a peer did not show, and still may."""
    return (finding for _, end, finding in _unreported(index) if not index.is_vague(end))


def _unreported(index: HistoryIndex) -> Iterator[tuple[str, ConnectionEnd, Finding]]:
    """Yield the kind of the missing notice, the end that it is about, and the finding.

    A notice that names no one, or gives an id that led to no peer, stands for a missing one.
    """
    end_at = index.connections.end_at
    nameless = [
        entry for position, entry in enumerate(index.entries)
        if entry.type == "notice" and not entry.text("of")
        and not (position in end_at and end_at[position].other)
    ]  # fmt: skip
    for kind, end, finding in sorted(_unnamed(index), key=lambda it: it[2].at):
        about = [it for it in nameless if (it.verb, it.peer) == (kind, end.other)]
        if meant := next((it for it in about if it.at >= finding.at - EARLY), None):
            nameless.remove(meant)
        else:
            yield kind, end, finding


def _unnamed(index: HistoryIndex) -> Iterator[tuple[str, ConnectionEnd, Finding]]:
    """Yield the same for each end that no notice names."""
    for end in _owed(index):
        if index.reads("connected") and _is_beginning_owed(index, end):
            says = f"at {when(end.at)}, {end.peer} connected to {end.other}"
            finding = _finding(index, end, f"{says}: {end.other} never reported it", end.at)
            yield "connected", end, finding
        if _is_end_owed(index, end) and not _may_be_by_hand(index, end):
            yield "closed", end, _end_unreported(index, end, "never reported it")


def _owed(index: HistoryIndex) -> Iterator[ConnectionEnd]:
    """Yield the ends that must be reported at the other end, by a peer that runs."""
    for end in index.ends:
        is_known = end.other and end.other != end.peer and index.chats(end.other)
        if is_known and not index.incarnation_beyond(end).may_have_ended:
            yield end


def _by_hand(index: HistoryIndex) -> Iterator[Finding]:
    """Yield ends that were not reported, perhaps because a person ended them by hand."""
    for end in _owed(index):
        if _is_end_owed(index, end) and _may_be_by_hand(index, end):
            yield _end_unreported(
                index, end, "never reported it, unless a person ended it there by hand"
            )


def _overtaken(index: HistoryIndex) -> Iterator[tuple[ConnectionEnd, Finding]]:
    """Yield ends that were not reported until the other end was to end itself, much later."""
    for end in index.ends if index.reads("closed") else ():
        twin = end.twin
        if not twin or twin.asked_at is None or twin.incarnation.doubtful_from >= 0:
            continue
        is_own = end.closed in ("terminated", "peer ended") and not twin.is_doubtful
        since, until = end.closed_at, twin.asked_at
        is_late = is_own and index.had_time(end.peer, end.other, since, until)
        if is_late and not _may_be_by_hand(index, end):
            is_killed = twin.closed == "peer ended" and twin.incarnation.ending == "killed"
            what = "killed" if is_killed else "to end it itself"
            yield (
                end,
                _end_unreported(
                    index, end, f"never reported it, until it was {what} at {when(until)}"
                ),
            )


def _may_be_by_hand(index: HistoryIndex, end: ConnectionEnd) -> bool:
    """Return whether a person may have ended the other end before it was reported there."""
    return index.is_typed(end.other, end.closed_at + LONGEST)


def _is_beginning_owed(index: HistoryIndex, end: ConnectionEnd) -> bool:
    if end.role != "dialled" or (end.twin and end.twin.role != "implied"):
        return False
    return not _was_cut_short(index, end)


def _was_cut_short(index: HistoryIndex, end: ConnectionEnd) -> bool:
    """Return whether a fault, or a kill, may have ended a connection as it began."""
    if not end.closed:
        return False
    disturbed = index.quiet.since(end.peer, end.other, end.closed_at) > end.at
    killed = end.closed == "peer ended" and end.incarnation.ending == "killed"
    late = index.had_time(end.peer, end.other, end.at, end.closed_at)
    return (disturbed or killed) and not late


def _is_end_owed(index: HistoryIndex, end: ConnectionEnd) -> bool:
    """Return whether the other end did not report that a connection is over."""
    if not end.closed or not index.reads("closed"):
        return False
    if end.twin:
        return not end.twin.may_be_closed
    return end.role == "dialled" and not index.reads("connected")


def _undialled(index: HistoryIndex) -> Iterator[Finding]:
    for end in index.undialled:
        if not index.is_typed(end.other, end.at) and end.other != end.peer:
            says = f"{end.peer} reported that {end.other} had connected, but it had not"
            yield _finding(index, end, f"at {when(end.at)}, {says}", end.at)


def _reported_again(index: HistoryIndex) -> Iterator[tuple[ConnectionEnd, Finding]]:
    """Yield ends that were reported closed more than once.

    Not if the profile reads no `connected`: `closed` may be about a connection that is not known.
    """
    for end in index.ends if index.reads("connected") else ():
        at = end.reported_again_at
        by_hand = index.is_typed(end.peer, at)
        if end.reports > 1 and not by_hand and end.peer not in index.connections.unsteady:
            times = f"{end.reports} times"
            says = f"{end.peer} reported {times} that its connection with {end.other} is over"
            yield end, _finding(index, end, f"{says}, again at {when(at)}", at)


def _how(end: ConnectionEnd) -> str:
    match end.closed:
        case "terminated":
            return f"{end.peer} terminated its connection with {end.other}"
        case "peer ended":
            return f"{end.peer} ended, and with it its connection with {end.other}"
        case _:
            return f"{end.peer} reported that its connection with {end.other} is over"


def _end_unreported(index: HistoryIndex, end: ConnectionEnd, what: str) -> Finding:
    says = f"at {when(end.closed_at)}, {_how(end)}: {end.other} {what}"
    return _finding(index, end, says, end.closed_at)


def _finding(index: HistoryIndex, end: ConnectionEnd, says: str, at: float) -> Finding:
    """Return a finding about an end, with what was done at its console at that time."""
    done = (one for one in index.operations if one.peer == end.peer and one.last.at == at)
    number = next((one.number for one in done), 0)
    return Finding(says, at, both(end.peer, end.other), operation=number)
