"""Each connection, and each end of one, was told at the other end.

Whoever is dialled is told `connected`. When a connection ends, each of its ends is told
`closed`, unless it ended it itself. Judged as far as the profile reads these notices: a
program without them makes no such promise, and `lists` judges what it lists in the end.
Invalid when one was not told, or was told of a connection that nobody had made, or more than
once that one is over. A peer that
ended, or may have, need not have been told, also when it was started again; nor one that ended
the same connection itself, unless it was asked to, or killed, so long after the other end was
over that it must have been told by then: time in which a fault came between the two is left out.
Nor need be told of a beginning who lost the connection to a fault, or to a kill, right then.
Unknown when somebody typed at the console of who was not told, and may have ended it by hand,
when the connection cannot be told apart from one that a `connect` without an answer perhaps
made, when a line that the profile does not read came when it was due, when a fault held until
shortly before the run settled, and when it did not settle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.connections import End
from orchestrator.checks.index.operations import LONGEST
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.checks.wording import both, unread, when
from orchestrator.text import count

NAME = "both ends"


def check(index: HistoryIndex) -> Verdict:
    """Judge what the other ends were told."""
    wrong, unsure = [*_unasked(index)], [*_by_hand(index)]
    for end, finding in _told_again(index):
        (unsure if index.is_vague(end) else wrong).append(finding)
    for kind, end, finding in _untold(index):
        if line := index.unread.notice(kind, end.other, finding.at):
            unsure.append(replace(finding, says=f"{finding.says}; {unread(line)}"))
            continue
        due = index.was_due(end.peer, end.other, finding.at)
        is_sure = due and not index.is_vague(end)
        (wrong if is_sure else unsure).append(finding)
    for end, finding in _overtaken(index):
        is_sure = index.settled is not None and not index.is_vague(end)
        (wrong if is_sure else unsure).append(finding)
    return conclude(NAME, _says(index), wrong, [*unsure, *index.unsettled])


def _says(index: HistoryIndex) -> str:
    unread = [kind for kind in ("connected", "closed") if not index.reads(kind)]
    if unread:
        return f"not judged: the profile reads no `{'`, `'.join(unread)}`"
    dialled = sum(end.role == "dialled" for end in index.ends)
    over = sum(bool(end.closed) for end in index.ends)
    return f"{count(dialled, 'connection')} and {count(over, 'end')}, told at both"


def missing(index: HistoryIndex) -> Iterator[Finding]:
    """Yield what a peer was not told, and may still be."""
    return (finding for _, end, finding in _untold(index) if not index.is_vague(end))


def _untold(index: HistoryIndex) -> Iterator[tuple[str, End, Finding]]:
    """Yield the kind of notice, and ends with what was not told of them at the other end."""
    for end in _with_others(index):
        if index.reads("connected") and _owes_a_beginning(index, end):
            says = f"at {when(end.at)}, {end.peer} connected to {end.other}"
            finding = _finding(end, f"{says}: {end.other} was never told", end.at)
            yield "connected", end, finding
        if _owes_an_end(index, end) and not _is_by_hand(index, end):
            yield "closed", end, _end_untold(end, "was never told")


def _with_others(index: HistoryIndex) -> Iterator[End]:
    """Yield the ends that have somebody at the other end who must be told."""
    for end in index.ends:
        if end.other and end.other != end.peer and not index.life_beyond(end).may_be_over:
            yield end


def _by_hand(index: HistoryIndex) -> Iterator[Finding]:
    """Yield ends that were not told, perhaps because somebody ended them by hand."""
    for end in _with_others(index):
        if _owes_an_end(index, end) and _is_by_hand(index, end):
            yield _end_untold(end, "was never told, unless somebody ended it there by hand")


def _overtaken(index: HistoryIndex) -> Iterator[tuple[End, Finding]]:
    """Yield ends that were not told until they were to end it themselves, much later."""
    for end in index.ends if index.reads("closed") else ():
        twin = end.twin
        if not twin or twin.asked_at is None or twin.life.perhaps >= 0:
            continue
        is_own = end.closed in ("terminated", "gone") and not twin.shaken
        since, until = end.closed_at, twin.asked_at
        is_late = is_own and index.had_time(end.peer, end.other, since, until)
        if is_late and not _is_by_hand(index, end):
            is_killed = twin.closed == "gone" and twin.life.how == "killed"
            what = "killed" if is_killed else "to end it itself"
            yield end, _end_untold(end, f"was never told, until it was {what} at {when(until)}")


def _is_by_hand(index: HistoryIndex, end: End) -> bool:
    """Return whether somebody may have ended the other end of what is over before it was told."""
    return index.is_typed(end.other, end.closed_at + LONGEST)


def _owes_a_beginning(index: HistoryIndex, end: End) -> bool:
    """Return whether the other end of a connection was never told of it, and must have been."""
    if end.role != "dialled" or (end.twin and end.twin.role != "implied"):
        return False
    return not _was_cut_short(index, end)


def _was_cut_short(index: HistoryIndex, end: End) -> bool:
    """Return whether a fault, or a kill, may have ended a connection as it began."""
    if not end.closed:
        return False
    disturbed = index.calm.since(end.peer, end.other, end.closed_at) > end.at
    killed = end.closed == "gone" and end.life.how == "killed"
    late = index.had_time(end.peer, end.other, end.at, end.closed_at)
    return (disturbed or killed) and not late


def _owes_an_end(index: HistoryIndex, end: End) -> bool:
    """Return whether the other end of a connection that is over was never told so."""
    if not end.closed or not index.reads("closed"):
        return False
    if end.twin:
        return not end.twin.closed and not end.twin.shaken
    return end.role == "dialled" and not index.reads("connected")


def _unasked(index: HistoryIndex) -> Iterator[Finding]:
    for end in index.unasked:
        if not index.is_typed(end.other, end.at) and end.other != end.peer:
            says = f"{end.peer} was told that {end.other} had connected, but it had not"
            yield _finding(end, f"at {when(end.at)}, {says}", end.at)


def _told_again(index: HistoryIndex) -> Iterator[tuple[End, Finding]]:
    """Yield ends that were told more than once that they are over.

    Not where connections may be unknown: `closed` may be said of one of those.
    """
    for end in index.ends if index.reads("connected") else ():
        by_hand = index.is_typed(end.peer, end.told_again_at)
        known = not by_hand and end.peer not in index.trace.unsteady
        if known and end.told > 1:
            at, times = end.told_again_at, f"{end.told} times"
            says = f"{end.peer} was told {times} that its connection with {end.other} is over"
            yield end, _finding(end, f"{says}, again at {when(at)}", at)


def _over(end: End) -> str:
    match end.closed:
        case "terminated":
            return f"{end.peer} terminated its connection with {end.other}"
        case "gone":
            return f"{end.peer} ended, and with it its connection with {end.other}"
        case _:
            return f"{end.peer} was told that its connection with {end.other} is over"


def _end_untold(end: End, what: str) -> Finding:
    says = f"at {when(end.closed_at)}, {_over(end)}: {end.other} {what}"
    return _finding(end, says, end.closed_at)


def _finding(end: End, says: str, at: float) -> Finding:
    return Finding(says, at, both(end.peer, end.other))
