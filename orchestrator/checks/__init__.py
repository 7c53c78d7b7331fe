"""Checks: pure judgements of a history. docs/checks.md tells how to add one."""

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
)
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.operations import LONGEST
from orchestrator.checks.verdict import Finding, Judgement, Verdict, worst
from orchestrator.history.entries import Entry

__all__ = [
    "CHECKS",
    "NAMES",
    "Check",
    "Finding",
    "HistoryIndex",
    "Judgement",
    "Verdict",
    "judge",
    "lists",
    "pending",
    "ripe",
    "worst",
]

Check = Callable[[HistoryIndex], Verdict]

_MODULES = (
    expectations,
    delivery,
    duplicates,
    invention,
    changes,
    order,
    senders,
    final_lists,
    ports,
    both_ends,
    ids,
    receipts,
    end_states,
    crashes,
)
CHECKS: tuple[Check, ...] = tuple(module.check for module in _MODULES)
NAMES: tuple[str, ...] = tuple(module.NAME for module in _MODULES)


def judge(entries: Sequence[Entry]) -> list[Verdict]:
    """Return the verdict of every check."""
    index = HistoryIndex(entries)
    return [check(index) for check in CHECKS]


def lists(entries: Sequence[Entry]) -> Verdict:
    """Return the verdict of the check `lists` alone."""
    return final_lists.check(HistoryIndex(entries))


def ripe(entries: Sequence[Entry]) -> float:
    """Return from when on what is missing proves something, in seconds since the run began.

    That is some time after the last fault; infinite while one holds, 0 in a run without faults.
    What still is `pending` then will not come.
    """
    again = HistoryIndex(entries).calm.again
    return again + LONGEST if again else 0.0


def pending(entries: Sequence[Entry]) -> bool:
    """Return whether something that must still come has not come.

    That is a message that was accepted and neither shown nor reported undelivered, an outcome
    of one, or what the other end of a connection must be told. What nobody knows the outcome
    of, and what a peer that ended owes, is not waited for.
    """
    index = HistoryIndex(entries)
    if any(True for _ in both_ends.missing(index)):
        return True
    if any(not each.life.may_be_over for each in receipts.missing(index)):
        return True
    if not index.reads("message"):
        return False
    lost = (s for s in delivery.missing(index) if index.fates.get(s) != "undelivered")
    return any(not delivery.may_have_ended(index, send) for send in lost)
