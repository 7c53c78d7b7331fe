"""Checks: pure judgements of a history. docs/checks.md shows how to add one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

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
from orchestrator.checks.models import (
    broadcast,
    counter,
    leader,
    membership,
    mutex,
    queue,
    register,
    sets,
    unique_ids,
)
from orchestrator.checks.verdict import Finding, Judgement, Verdict, conclude, overall, worst
from orchestrator.history.entries import Entry
from orchestrator.promises import ALWAYS, CHAT, MODELS, STATES

__all__ = [
    "ALWAYS", "CHAT", "CHECKS", "LONGEST", "NAMES", "Check", "Finding", "HistoryIndex", "Judgement",
    "Verdict", "conclude", "final", "judge", "open_promises", "overall", "pending",
    "promised_meanings", "ripe", "worst",
]  # fmt: skip

Check = Callable[[HistoryIndex], Verdict]

_MODULES = (
    expectations, delivery, duplicates, invention, changes, order, senders, final_lists, ports,
    sockets, both_ends, ids, receipts, register, sets, counter, queue, unique_ids, mutex, leader,
    broadcast, membership, end_states, crashes,
)  # fmt: skip
CHECKS: Mapping[str, Check] = {module.NAME: module.check for module in _MODULES}
"""Every check that comes with the lab, by name, in the order in which people see them."""

NAMES = tuple(CHECKS)


def judge(
    history: Sequence[Entry] | HistoryIndex, own: Mapping[str, Check] | None = None
) -> list[Verdict]:
    """Return the verdicts of the checks that are promised, and of those that judge every run.

    Args:
        history: the entries, or their index if there is one already.
        own: the checks that do not come with the lab, by promise; see `custom`. One that is
            promised and not among them is unknown.
    """
    index = history if isinstance(history, HistoryIndex) else HistoryIndex(history)
    promised = {*index.promises, *ALWAYS}
    known = [check for name, check in CHECKS.items() if name in promised]
    others = [(own or {}).get(name) or _missing(name) for name in index.promises
              if name not in CHECKS]  # fmt: skip
    *before, ends, crashed = known
    return [check(index) for check in (*before, *others, ends, crashed)]


def _missing(name: str) -> Check:
    """Return what stands for a check that is not known."""
    says = f"this Peerlab has no check {name!r}"
    return lambda index: conclude(name, says, [], [Finding(says, index.last_at)])


def final(entries: Sequence[Entry]) -> tuple[Judgement, Judgement]:
    """Return the judgements of the checks `lists` and `sockets`; valid if not promised."""
    index = HistoryIndex(entries)
    lists, held = (
        CHECKS[name](index).judgement if name in index.promises else Judgement.VALID
        for name in (final_lists.NAME, sockets.NAME)
    )
    return lists, held


def promised_meanings(entries: Sequence[Entry]) -> frozenset[str]:
    """Return what operations mean to the models that are promised."""
    models = (MODELS.get(name, {}) for name in HistoryIndex(entries).promises)
    return frozenset(meaning for model in models for meaning in model)


def open_promises(entries: Sequence[Entry]) -> list[str]:
    """Return the promises about the end that what is known so far does not show to be kept.

    Other promises are not among them: what has been broken once stays so, whatever comes.
    """
    index = HistoryIndex(entries)
    about_the_end = [name for name, model in MODELS.items() if not model.keys().isdisjoint(STATES)]
    promised = [name for name in index.promises if name in about_the_end and name in CHECKS]
    return [name for name in promised if CHECKS[name](index).judgement is not Judgement.VALID]


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
    of one, the notice of the other end of a connection, or that of a value that was broadcast.
    What follows from an operation with an unknown outcome, and what a peer that ended owes, is
    not waited for.
    """
    index = HistoryIndex(entries)
    promised = index.promises
    if both_ends.NAME in promised and any(True for _ in both_ends.missing(index)):
        return True
    owed = receipts.missing(index) if receipts.NAME in promised else ()
    if any(not send.incarnation.may_have_ended for send in owed):
        return True
    if broadcast.NAME in promised and broadcast.owes_notices(index):
        return True
    if delivery.NAME not in promised or not index.reads("message"):
        return False
    lost = (s for s in delivery.missing(index) if index.outcomes.get(s) != "undelivered")
    return any(not delivery.may_have_ended(index, send) for send in lost)
