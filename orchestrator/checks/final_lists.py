"""Once things are quiet, both ends of every connection list each other, and no one else.

Judged by the last list of each peer behind the `settled` mark. Invalid when one end lists the
other and not vice versa; when neither does, although both reported that they are connected and
neither that it is over; when a row leads to no peer of the run, to a peer that does not run any
more, or to the peer itself; when a peer is listed twice; and when a console certainly never
answers. A row that names a peer at another port than the one that it listens on still leads to
it: see `ports`. Unknown when the run did not settle, when a running peer did not answer, unless
its profile says that it has no list, when a list has rows that could not be read beside those
that were, when the list of an end has lines that may be rows and cannot be read, when a fault
came between the two until shortly before, or when a connection that neither lists may have ended
unnoticed: a person typed at one of the two, its ids shifted, or a fault came between them and the
profile reads no `closed`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from orchestrator.checks import punctuality
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.connections import ConnectionEnd
from orchestrator.checks.index.invocations import Operation
from orchestrator.checks.phrases import NEVER_ANSWERED, half_read, unread, when
from orchestrator.checks.verdict import Finding, Verdict, conclude
from orchestrator.history.entries import row_text
from orchestrator.text import count

NAME = "lists"


def check(index: HistoryIndex) -> Verdict:
    """Judge the final lists."""
    last = final(index)
    one_sided, unread_there = _one_sided(last)
    absent = [*_absent(index, last)]
    wrong: list[Finding] = []
    unsure = [
        *unread_there,
        *half_read_lists(last),
        *(finding for finding, is_sure in absent if not is_sure),
    ]
    strange = [finding for operation in last.values() for finding in _strange(index, operation)]
    late = punctuality.of_last_lists(index)
    for finding in [*strange, *one_sided, *(finding for finding, is_sure in absent if is_sure)]:
        one, *others = finding.peers
        quiet = all(index.is_quiet(one, other, finding.at) for other in others)
        if others and late:  # what one peer alone has wrong is not about time
            unsure.append(replace(finding, says=finding.says + late))
        else:
            (wrong if quiet else unsure).append(finding)
    if index.settled is not None:
        chatting = filter(index.chats, index.running)
        silent = [peer for peer in chatting if peer not in last and _has_list(index, peer)]
        for peer in silent:
            is_mute = _is_mute(index, peer)
            (wrong if is_mute else unsure).append(_no_list(index, peer, is_mute=is_mute))
    rows = sum(len(operation.last.rows) for operation in last.values())
    says = f"{count(len(last), 'list')}, {count(rows, 'row')}, alike at both ends"
    judged = last and (rows or index.ends)
    return conclude(NAME, says, wrong, [*unsure, *index.unsettled], judged=judged)


def _no_list(index: HistoryIndex, peer: str, *, is_mute: bool) -> Finding:
    """Return that a peer gave no list at the end, or none that the lab could read."""
    asked = [one for one in index.operations if one.verb == "list" and one.peer == peer]
    is_unread = bool(asked) and "unread" in asked[-1].last.fields
    why = f": {asked[-1].said}" if is_unread else ""
    why = f": it{NEVER_ANSWERED}" if is_mute else why
    return Finding(f"{peer} gave no list at the end{why}", index.last_at, (peer,))


def _is_mute(index: HistoryIndex, peer: str) -> bool:
    """Return whether a peer was asked for its list at the end and certainly never answers."""
    settled = index.settled or 0
    asked = [it for it in index.operations if it.peer == peer and it.position > settled]
    return bool(asked) and punctuality.is_sure_of_silence(index, asked[-1])


def _has_list(index: HistoryIndex, peer: str) -> bool:
    """Return whether a peer's program may have a list: the profile does not say the opposite."""
    asked = any(one.verb == "list" and one.peer == peer for one in index.operations)
    return asked or "list" not in index.lacks


def final(index: HistoryIndex) -> dict[str, Operation]:
    """Return the last list of each peer that runs; none in a run that did not settle."""
    if index.settled is None:
        return {}
    last = {
        operation.peer: operation
        for operation in index.operations
        if operation.verb == "list"
        and operation.position > index.settled
        and operation.peer in index.running
    }
    return {peer: operation for peer, operation in last.items() if operation.status == "ok"}


def half_read_lists(final: dict[str, Operation]) -> Iterator[Finding]:
    """Yield the lists that have rows which could not be read beside those that were."""
    for operation in final.values():
        if line := operation.last.text("missed"):
            yield _finding(operation, f"more than is known: {half_read(line)}")


def _strange(index: HistoryIndex, operation: Operation) -> Iterator[Finding]:
    """Yield rows that no list should have."""
    for row in operation.last.rows:
        other = row_text(row, "peer")
        if other not in index.peers:
            where = f"{row.get('address', '')}:{row.get('port', '')}"
            yield _finding(operation, f"{where}, which is no peer of the run")
        elif other == operation.peer:
            yield _finding(operation, "itself")
        elif other not in index.running:
            yield _finding(operation, f"{other}, which does not run any more", other)
    for other, times in operation.listed.items():
        if times > 1 and other in index.peers:
            yield _finding(operation, f"{other} {times} times instead of once", other)


def _one_sided(final: dict[str, Operation]) -> tuple[list[Finding], list[Finding]]:
    """Return what one end lists and the other does not; and likewise if it perhaps does."""
    sure, unsure = list[Finding](), list[Finding]()
    listed = {peer: operation.listed for peer, operation in final.items()}
    for peer, operation in final.items():
        for other in listed[peer]:
            if other != peer and other in listed and peer not in listed[other]:
                what = f"{other}, which does not list {peer}"
                if line := final[other].last.text("unread"):
                    unsure.append(_finding(operation, f"{what}; {unread(line)}", other))
                else:
                    sure.append(_finding(operation, what, other))
    return sure, unsure


def _absent(index: HistoryIndex, final: dict[str, Operation]) -> Iterator[tuple[Finding, bool]]:
    listed = {peer: operation.listed for peer, operation in final.items()}
    is_up: dict[frozenset[str], bool] = {}
    ends: dict[frozenset[str], ConnectionEnd] = {}
    for end in filter(_is_up, index.ends):
        pair = frozenset((end.peer, end.other))
        is_up[pair] = is_up.get(pair, False) or not _may_be_gone(index, end)
        ends.setdefault(pair, end)
    for pair, end in ends.items():
        lists = [final[peer] for peer in (end.peer, end.other) if peer in final]
        if lists and not any(pair - {one.peer} <= listed[one.peer].keys() for one in lists):
            unread_there = any(operation.last.text("unread") for operation in lists)
            yield _unlisted(end, lists), is_up[pair] and not unread_there


def _is_up(end: ConnectionEnd) -> bool:
    """Return whether both ends reported a connection, and nothing says that it is over."""
    twin = end.twin
    if end.role != "dialled" or not twin or twin.role != "accepted":
        return False
    return not any(
        one.may_be_closed or one.incarnation.may_have_ended or one.peer == one.other
        for one in (end, twin)
    )


def _may_be_gone(index: HistoryIndex, end: ConnectionEnd) -> bool:
    """Return whether a connection may have ended without a notice that the lab can read."""
    two = (end.peer, end.other)
    unread = not index.reads("closed") and index.quiet.since(*two, index.last_at) > end.at
    by_hand = any(index.is_typed(peer, index.last_at) for peer in two)
    shifted = not index.connections.unsteady.isdisjoint(two)
    return unread or by_hand or shifted or index.is_vague(end)


def _unlisted(end: ConnectionEnd, lists: list[Operation]) -> Finding:
    """Return that the lists of the two ends of a connection do not show it."""
    at = max(operation.last.at for operation in lists)
    who = (
        f"neither {end.peer} nor {end.other} lists the other"
        if len(lists) > 1
        else f"{lists[0].peer} does not list {({end.peer, end.other} - {lists[0].peer}).pop()}"
    )
    since = f"both reported at {when(end.at)} that they are connected, and neither that it is over"
    return Finding(f"at {when(at)}, {who}, but {since}", at, (end.peer, end.other))


def _finding(operation: Operation, what: str, *others: str) -> Finding:
    says = f"at {when(operation.last.at)}, {operation.peer} lists {what}"
    peers = (operation.peer, *others)
    return Finding(says, operation.last.at, peers, operation=operation.number)
