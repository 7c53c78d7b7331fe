"""Checks: pure judgements of a history. docs/checks.md shows how to add one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from orchestrator.checks import (
    both_ends,
    changes,
    crashes,
    delivery,
    duplicates,
    end_states,
    expectations,
    final_lists,
    ids,
    invention,
    order,
    ports,
    receipts,
    senders,
    sockets,
)
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.invocations import LONGEST
from orchestrator.checks.verdict import Finding, Judgement, Verdict, overall, worst
from orchestrator.history.entries import Entry

__all__ = [
    "CHECKS", "LONGEST", "NAMES", "Check", "Finding", "HistoryIndex", "Judgement", "Verdict",
    "final", "judge", "overall", "pending", "ripe", "worst",
]  # fmt: skip

Check = Callable[[HistoryIndex], Verdict]

_MODULES = (
    expectations, delivery, duplicates, invention, changes, order, senders, final_lists, ports,
    sockets, both_ends, ids, receipts, end_states, crashes,
)  # fmt: skip
CHECKS: tuple[Check, ...] = tuple(module.check for module in _MODULES)
NAMES: tuple[str, ...] = tuple(module.NAME for module in _MODULES)


def judge(entries: Sequence[Entry]) -> list[Verdict]:
    """Return the verdict of every check."""
    index = HistoryIndex(entries)
    return [check(index) for check in CHECKS]


def final(entries: Sequence[Entry]) -> tuple[Judgement, Judgement]:
    """Return the judgements of the checks `lists` and `sockets`."""
    index = HistoryIndex(entries)
    return final_lists.check(index).judgement, sockets.check(index).judgement


def ripe(entries: Sequence[Entry]) -> float:
    """Return when missing notices begin to prove something, in seconds since the run began.

    That is some time after the last fault; infinite during one, 0 in a run without faults.
    What is still `pending` then will not come.
    """
    since = HistoryIndex(entries).quiet.since_all
    return since + LONGEST if since else 0.0


def pending(entries: Sequence[Entry]) -> bool:
    """Return whether something that must still come has not come.

    That is a message that was accepted and neither shown nor reported undelivered, the outcome
    of one, or the notice of the other end of a connection. What follows from an operation with
    an unknown outcome, and what a peer that ended owes, is not waited for.
    """
    index = HistoryIndex(entries)
    if any(True for _ in both_ends.missing(index)):
        return True
    if any(not send.incarnation.may_have_ended for send in receipts.missing(index)):
        return True
    if not index.reads("message"):
        return False
    lost = (s for s in delivery.missing(index) if index.outcomes.get(s) != "undelivered")
    return any(not delivery.may_have_ended(index, send) for send in lost)
