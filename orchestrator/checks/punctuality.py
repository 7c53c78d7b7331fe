"""Findings about time, and when they count: only if the machine let programs be in time.

Here it is decided which findings are about time: what did not come by some time, what came too
late, and what was refused at a moment when something may not have been ready yet. No program is
blamed if timers or the canary were held up for half of the time that it was to have, nor if so many
wanted a processor that it had less than any program needs. `history/machine.py` says how it was.
"""

from __future__ import annotations

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.invocations import LONGEST, Operation
from orchestrator.history.machine import Span

_ENOUGH = 0.5  # of the time that a program was to have
_ANSWER = 0.3  # seconds of a processor that no answer needs, however slow the program's language
_START = 2.5  # the same for a start
_AT_ONCE = 1.0  # seconds; what takes less is no wait, so only what was held up counts
_STALL = 0.25  # seconds; less makes no program fail
_REST = 1.0  # seconds after which what a program has printed or was typed has come, if at all


def of_operation(index: HistoryIndex, operation: Operation) -> str:
    """Return how the machine may explain an outcome that is not as wanted; empty if it does not."""
    fields, until = operation.last.fields, operation.last.at
    within = operation.last.mapping("wants").get("within")
    if within is not None and (took := _took(operation)) > within:
        if _all_rested(index, operation, until - took, until - took + within):
            return ""
        held_up = index.machine.held_up(until - took, until)
        if held_up and took - held_up <= within:
            return index.late_at(until)
        return _doubt(index, until - took, until - took + within, within)
    if "limit" in fields:
        is_sure = _all_rested(index, operation, operation.at, until)
        return "" if is_sure else _doubt(index, operation.at, until, fields["limit"])
    if _all_rested(index, operation, operation.at, until):
        return ""
    if operation.status == "fail" or fields.get("answered") is False:
        return _of_failure(index, operation.at, until)
    return ""


def _all_rested(index: HistoryIndex, operation: Operation, since: float, until: float) -> bool:
    """Return whether all programs rested in that time: more of it would have changed nothing.

    The lab and the canary went on meanwhile.
    """
    rest: Span = operation.last.fields.get("rested", (0.0, 0.0))
    began, ended = max(rest[0], since), min(rest[1], until)
    return ended - began - index.machine.held_up(began, ended) >= _REST


def _took(operation: Operation) -> float:
    took: float = operation.last.fields.get("took", operation.last.at - operation.at)
    return took


def _of_failure(index: HistoryIndex, since: float, until: float) -> str:
    """Return how the machine may explain that a program refused or gave up, after its own limit."""
    if until - since >= _AT_ONCE:
        return _doubt(index, since, until, _AT_ONCE)
    is_held_up = index.machine.held_up(since - _AT_ONCE, until) >= _STALL
    return index.late_at(until) if is_held_up else ""


def is_sure_of_silence(index: HistoryIndex, operation: Operation) -> bool:
    """Return whether a console would not have answered on a faster machine either."""
    is_rest = _all_rested(index, operation, operation.at, operation.last.at)
    return operation.is_never_answered and is_rest


def of_absence(index: HistoryIndex, since: float, until: float | None = None) -> str:
    """Return how the machine may explain that something did not come.

    Args:
        index: the history.
        since: when it was due.
        until: when it was too late; by default when the run settled.
    """
    until = _settled_at(index) if until is None else until
    return _doubt(index, min(since, until), until, limit(index))


def of_last_lists(index: HistoryIndex) -> str:
    """Return how the machine may explain that the last lists differ."""
    return _doubt(index, _settled_at(index), index.last_at, limit(index))


def of_break(index: HistoryIndex) -> str:
    """Return how the machine may explain a silence that ended a run."""
    unanswered = [operation for operation in index.operations if operation.is_indeterminate]
    since = unanswered[-1].at if unanswered else 0.0
    if unanswered and is_sure_of_silence(index, unanswered[-1]):
        return ""
    return _doubt(index, since, index.last_at, LONGEST, _ANSWER if unanswered else _START)


def _settled_at(index: HistoryIndex) -> float:
    return index.last_at if index.settled is None else index.entries[index.settled].at


def limit(index: HistoryIndex) -> float:
    """Return for how many seconds the lab waited at the end, if it had to; unstretched."""
    limits = [entry.fields["limit"] for entry in index.marks("settled") if "limit" in entry.fields]
    return float(min([LONGEST, *limits]))


def _doubt(
    index: HistoryIndex, since: float, until: float, limit: float, needed: float = _ANSWER
) -> str:
    """Return that the machine was late if it left a program too little time up to a limit.

    Args:
        index: the history.
        since: when the time began.
        until: when it was over.
        limit: how many seconds the program was to have at most; the lab may wait longer.
        needed: how many seconds of a processor are enough in any case.
    """
    enough = _ENOUGH * min(until - since, limit)
    held_up = index.machine.held_up(since, until)
    given = index.machine.given(since, until)
    is_held_up = held_up >= _STALL and until - since - held_up < enough
    is_starved = until - since - given >= _STALL and given < min(enough, needed)
    return index.late_at(until) if is_held_up or is_starved else ""
