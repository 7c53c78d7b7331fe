"""Faults as the history records them: what was applied where, from when to when, and its proof."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from orchestrator.checks.index.invocations import LONGEST, Operation
from orchestrator.faults.kinds import LIFTED_BY, LIFTING, NETWORK
from orchestrator.history.entries import Entry

VERBS = frozenset(LIFTED_BY) | frozenset(LIFTING)
"""The operations on the network and on programs, which are done at no console."""

ENDING = frozenset(("kill", "stop"))  # the faults that end a peer, and with it any pause of it


@dataclass(slots=True, eq=False)
class FaultWindow:
    """One fault, from when it was applied to when it was lifted.

    Attributes:
        given: the operation that applied it.
        lifted: the one that lifted it, or that ended the paused peer; None for neither.
        lapses: when it was not in force for a while, and why.
    """

    given: Operation
    lifted: Operation | None = None
    lapses: list[Entry] = field(default_factory=list)

    @property
    def kind(self) -> str:
        """What was done: `kill`, `partition`, and so on."""
        return self.given.verb

    @property
    def name(self) -> str:
        """The name by which it is lifted; empty for a fault of a peer."""
        return self.given.last.text("fault")

    @property
    def peer(self) -> str:
        """The peer that it was applied to; empty for a fault of the network."""
        return self.given.peer

    @property
    def says(self) -> str:
        """The fault in a few words."""
        return phrase(self.given)

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """The links that it affected, each as the sending and the receiving peer."""
        value = self.given.last.fields.get("links")
        return tuple(filter(None, map(_link, value if isinstance(value, list | tuple) else ())))

    @property
    def mechanisms(self) -> Mapping[str, Any]:
        """The mechanism behind each of its features."""
        return self.given.last.mapping("means")

    @property
    def began(self) -> float:
        """When it was applied, in seconds since the run began."""
        return self.given.at

    @property
    def until(self) -> float | None:
        """When it was surely gone; None if nothing shows that it is."""
        done = self.lifted
        return done.last.at if done and done.status == "ok" else None

    @property
    def is_proven(self) -> bool:
        """Whether it was seen to take effect, and to be gone if it was lifted.

        A fault that another one hid at first is seen later, or when it is lifted. One that
        lapsed was not in force all the time.
        """
        if self.lapses:
            return False
        is_seen = self.lifted is not None or not self.given.last.fields.get("hidden")
        took_effect = self.given.status == "ok" and is_seen
        return took_effect and (not self.lifted or self.lifted.status == "ok")

    @property
    def said(self) -> str:
        """Why it is not proven to be in force, or else to be gone; empty if it is."""
        several = [self.given, *([self.lifted] if self.lifted else [])]
        doubts = [done.said for done in several if done.status != "ok" and done.said]
        return next(iter([*doubts, *(lapse.text("said") for lapse in self.lapses)]), "")

    @property
    def proofs(self) -> list[Mapping[str, Any]]:
        """What proves it, link by link; if possible from its lifting, which repeats the rest."""
        lifted = _proofs(self.lifted) if self.lifted and self.lifted.verb in LIFTING else []
        if self.kind in NETWORK:
            return lifted or _proofs(self.given)
        after = {"after": lifted[0].get("during")} if lifted else {}
        return [{**proof, **after} for proof in _proofs(self.given)]


def phrase(operation: Operation) -> str:
    """Return what was done, in a few words."""
    says = operation.last.text("says") or operation.last.text("fault")
    what = says or f"{operation.verb} {operation.peer}".rstrip()
    return f"{operation.verb} {what}" if says and operation.verb in LIFTING else what


def _link(value: object) -> tuple[str, str] | None:
    match value:
        case [str(one), str(other)]:
            return one, other
    return None


def _proofs(operation: Operation) -> list[Mapping[str, Any]]:
    value = operation.last.fields.get("proof")
    several = value if isinstance(value, list | tuple) else [value]
    return [proof for proof in several if isinstance(proof, Mapping)]


def find_faults(operations: Iterable[Operation], lapses: Iterable[Entry] = ()) -> list[FaultWindow]:
    """Return every fault that was asked for, in order, including those that were refused.

    Args:
        operations: all of a run.
        lapses: the lab's lines about faults that were not in force for a while.
    """
    windows = _windows(operations)
    for lapse in lapses:
        for name in lapse.texts("faults"):
            named = [w for w in windows if w.name == name and w.began <= lapse.at]
            for window in named[-1:]:  # earlier ones of that name were over by then
                window.lapses.append(lapse)
    return windows


def _windows(operations: Iterable[Operation]) -> list[FaultWindow]:
    windows: list[FaultWindow] = []
    active: dict[tuple[str, str], list[FaultWindow]] = defaultdict(list)
    for operation in operations:
        if operation.verb not in VERBS:
            continue
        # What a fault and its lifting have in common: the peer, or else the name.
        key = operation.peer, "" if operation.peer else operation.last.text("fault")
        if operation.status != "fail":
            active[key] = _still_active(operation, active[key])
        if operation.verb in LIFTED_BY:
            windows.append(FaultWindow(operation))
            if operation.status != "fail":
                active[key].append(windows[-1])
    return windows


def _still_active(operation: Operation, windows: Iterable[FaultWindow]) -> list[FaultWindow]:
    """Record what an operation lifts, and return what may still be in force."""
    still = []
    for window in windows:
        ends_pause = operation.verb in ENDING and window.kind == "pause"
        if operation.verb == LIFTED_BY[window.kind] or ends_pause:
            window.lifted = operation
        if not window.lifted or window.lifted.status != "ok":
            still.append(window)
    return still


class QuietPeriods:
    """The times at which no fault came between two peers.

    That is a fault on a link between them, or a pause of one of them. What was sent during a
    fault may be sent again as long after it as it lasted, for that is how TCP spaces its
    attempts; and a program needs some time to notice that the other end is gone if its last
    word was lost. So quiet begins that much later.

    A kill excuses no one else: the other peers must report it.
    """

    def __init__(self, faults: Iterable[FaultWindow]) -> None:
        self._spans: dict[object, list[tuple[float, float]]] = defaultdict(list)
        for fault in faults:
            if fault.given.status != "fail" and fault.kind not in ENDING:
                for place in _places(fault):
                    self._spans[place].append((fault.began, _quiet_after(fault)))

    @property
    def since_all(self) -> float:
        """Since when all have been left alone; 0 without faults, infinite during one."""
        return max((until for spans in self._spans.values() for _, until in spans), default=0.0)

    def since_all_by(self, at: float) -> float:
        """Return since when all have been left alone, as seen at a time."""
        spans = (span for several in self._spans.values() for span in several)
        return max((until for began, until in spans if began <= at), default=0.0)

    def since(self, one: str, other: str, before: float) -> float:
        """Return since when two peers have been left alone, as seen at a time.

        0 if they always were; a time in the future if they are not yet.
        """
        spans = self._between(one, other)
        return max((until for began, until in spans if began <= before), default=0.0)

    def longest(self, one: str, other: str, since: float, until: float) -> float:
        """Return the longest time in an interval that two peers were left alone, in seconds."""
        longest, at = 0.0, since
        for began, quiet in sorted(self._between(one, other)):
            if began < until and quiet > at:
                longest, at = max(longest, began - at), quiet
        return max(longest, until - at)

    def _between(self, one: str, other: str) -> Iterator[tuple[float, float]]:
        for place in {one, other, frozenset((one, other))}:
            yield from self._spans.get(place, ())


def _places(fault: FaultWindow) -> set[object]:
    if fault.kind in NETWORK:
        return {frozenset(link) for link in fault.links}
    return {fault.peer}


def _quiet_after(fault: FaultWindow) -> float:
    if fault.until is None:
        return inf
    return fault.until + max(fault.until - fault.began, LONGEST)
