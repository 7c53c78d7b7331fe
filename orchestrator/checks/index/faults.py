"""Faults as the history tells of them: what held where, from when to when, and its proof."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from orchestrator.checks.index.operations import LONGEST, Operation
from orchestrator.faults.kinds import LIFTED_BY, LIFTING, NETWORK
from orchestrator.history.entries import Entry

VERBS = frozenset(LIFTED_BY) | frozenset(LIFTING)
"""The verbs of all operations that are done to the network and to programs, at no console."""

_ENDING = frozenset(("kill", "stop"))  # who is ended is not paused any more


@dataclass(slots=True, eq=False)
class Window:
    """One fault, from when it was given to when it was lifted.

    Attributes:
        given: the operation that let it hold.
        lifted: the one that lifted it, or ended the peer that was paused; None for neither.
        lapses: when it did not hold all the time, and why.
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
        """Its name, by which it is lifted; empty for what is done to a peer."""
        return self.given.last.text("fault")

    @property
    def peer(self) -> str:
        """The peer that it was done to; empty for a fault of the network."""
        return self.given.peer

    @property
    def says(self) -> str:
        """The fault in a few words."""
        return phrase(self.given)

    @property
    def links(self) -> tuple[tuple[str, str], ...]:
        """The links that it touched, as from whom and to whom."""
        return _links(self.given)

    @property
    def means(self) -> Mapping[str, Any]:
        """By what means each of its features was done."""
        return self.given.last.mapping("means")

    @property
    def began(self) -> float:
        """When it was given, in seconds since the run began."""
        return self.given.at

    @property
    def until(self) -> float | None:
        """When it was gone for sure; None where nothing shows that it is."""
        done = self.lifted
        return done.last.at if done and done.status == "ok" else None

    @property
    def is_proven(self) -> bool:
        """Whether it was seen to hold, and to be gone if it was lifted.

        What another fault hid at first is seen later, or its lifting tells that it was not. One
        that lapsed did not hold all the time.
        """
        if self.lapses:
            return False
        is_seen = self.lifted is not None or not self.given.last.fields.get("hidden")
        held = self.given.status == "ok" and is_seen
        return held and (not self.lifted or self.lifted.status == "ok")

    @property
    def said(self) -> str:
        """Why it is not proven to hold, or else not to be gone; empty where it is."""
        told = [self.given, *([self.lifted] if self.lifted else [])]
        doubts = [each.said for each in told if each.status != "ok" and each.said]
        return next(iter([*doubts, *(each.text("said") for each in self.lapses)]), "")

    @property
    def proofs(self) -> list[Mapping[str, Any]]:
        """What proves it, link by link; from the lifting, which repeats the rest, if it can be."""
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


def _links(operation: Operation) -> tuple[tuple[str, str], ...]:
    value = operation.last.fields.get("links")
    return tuple(filter(None, map(_link, value if isinstance(value, list | tuple) else ())))


def _link(value: object) -> tuple[str, str] | None:
    match value:
        case [str(one), str(other)]:
            return one, other
    return None


def _proofs(operation: Operation) -> list[Mapping[str, Any]]:
    value = operation.last.fields.get("proof")
    several = value if isinstance(value, list | tuple) else [value]
    return [each for each in several if isinstance(each, Mapping)]


def windows(operations: Iterable[Operation], lapses: Iterable[Entry] = ()) -> list[Window]:
    """Return every fault that was given, in order; also those that were refused.

    Args:
        operations: all of a run.
        lapses: the lab's lines of what did not hold all the time.
    """
    found = _windows(operations)
    for lapse in lapses:
        names = lapse.fields.get("faults")
        for name in names if isinstance(names, list | tuple) else ():
            named = [each for each in found if each.name == name and each.began <= lapse.at]
            for window in named[-1:]:  # others of that name were over when this one was given
                window.lapses.append(lapse)
    return found


def _windows(operations: Iterable[Operation]) -> list[Window]:
    found: list[Window] = []
    holding: dict[tuple[str, str], list[Window]] = defaultdict(list)
    for each in operations:
        if each.verb not in VERBS:
            continue
        if each.status != "fail":
            _lift(each, holding)
        if each.verb in LIFTED_BY:
            found.append(Window(each))
            if each.status != "fail":
                holding[_key(each)].append(found[-1])
    return found


def _key(operation: Operation) -> tuple[str, str]:
    """Return what a fault and its lifting have in common: the peer, or else the name."""
    name = "" if operation.peer else operation.last.text("fault")
    return operation.peer, name


def _lift(operation: Operation, holding: dict[tuple[str, str], list[Window]]) -> None:
    """Take note of the faults that an operation lifts."""
    key, still = _key(operation), []
    for window in holding[key]:
        if _lifts(operation.verb, window.kind):
            window.lifted = operation
        if not window.lifted or window.lifted.status != "ok":
            still.append(window)
    holding[key] = still


def _lifts(verb: str, kind: str) -> bool:
    return verb == LIFTED_BY[kind] or (verb in _ENDING and kind == "pause")


class Calm:
    """Tells when nothing that the lab did has come between two peers.

    That is a fault on a link between them, and one of them being paused. What was sent while a
    fault held may be sent again as long after it as it held, for so TCP spaces its attempts; and
    a program needs some time to notice that the other end is gone, if its last word was lost. So
    calm begins that much later.

    A peer that was killed is no such thing: its end is what the others must be told.

    Args:
        several: the faults of the run.
    """

    def __init__(self, several: Iterable[Window]) -> None:
        self._spans: dict[object, list[tuple[float, float]]] = defaultdict(list)
        for window in several:
            if window.given.status == "fail" or window.kind in _ENDING:
                continue
            for where in _places(window):
                self._spans[where].append((window.began, _calm_again(window)))

    @property
    def again(self) -> float:
        """Since when all has been calm again; 0 without faults, infinite while one holds."""
        return max((until for spans in self._spans.values() for _, until in spans), default=0.0)

    def since(self, one: str, other: str, before: float) -> float:
        """Return since when there has been calm between two peers, as seen at a time.

        0 where there has been nothing else, and what is later than that time where there is none.
        """
        spans = self._between(one, other)
        return max((until for began, until in spans if began <= before), default=0.0)

    def longest(self, one: str, other: str, since: float, until: float) -> float:
        """Return the seconds of the longest calm between two peers within a stretch of time."""
        longest, at = 0.0, since
        for began, calm in sorted(self._between(one, other)):
            if began < until and calm > at:
                longest, at = max(longest, began - at), calm
        return max(longest, until - at)

    def _between(self, one: str, other: str) -> Iterator[tuple[float, float]]:
        for where in {one, other, frozenset((one, other))}:
            yield from self._spans.get(where, ())


def _places(window: Window) -> set[object]:
    if window.kind in NETWORK:
        return {frozenset(link) for link in window.links}
    return {window.peer}


def _calm_again(window: Window) -> float:
    if window.until is None:
        return inf
    return window.until + max(window.until - window.began, LONGEST)
