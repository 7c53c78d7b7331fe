"""Every element that was added is there at the end, and no other.

The end is, at each peer, its last answer about the elements. One that was missing for a while and
is there at the end was stale; that is said and is no fault.

Invalid when an element that was acknowledged is lost, or one is there that no one added. Unknown
when the last answers came too early to prove that anything is missing, when the peer that
took an element does not run at the end, when the machine was too busy, when the lab could not
read an answer, when a person typed at a console before, and when the run did not settle.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from orchestrator.checks import punctuality
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.calls import Call, spelled
from orchestrator.checks.models.judging import Subject, asked, named
from orchestrator.checks.phrases import quoted, when
from orchestrator.checks.verdict import Finding, Verdict
from orchestrator.text import count

NAME = "set"


def check(index: HistoryIndex) -> Verdict:
    """Judge which elements are there at the end."""
    return _Elements(index).verdict()


class _Elements:
    """The elements of one run."""

    def __init__(self, index: HistoryIndex) -> None:
        self._subject = Subject(index, NAME)
        self._index = index
        self._adds = self._subject.meaning("add")
        self._reads = [call for call in self._subject.meaning("elements") if call.is_ok]
        self._shown = {read: set(read.values("value", "values")) for read in self._reads}
        self._last = self._subject.last_reads("elements")
        self._early = list[Call]()  # what was added and not read late enough

    def verdict(self) -> Verdict:
        """Judge them."""
        wrong, unsure = [*self._invented()], list[Finding]()
        for add in (add for add in self._adds if add.is_ok):
            for finding, is_certain in self._lost(add):
                (wrong if is_certain else unsure).append(finding)
        unsure += self._unread()
        certain = count(sum(add.is_ok for add in self._adds), "element")
        says = f"{certain} added, all there at the end{self._staleness()}"
        return self._subject.verdict(says, wrong, unsure, judged=self._adds and self._reads)

    def _lost(self, add: Call) -> Iterator[tuple[Finding, bool]]:
        """Yield that an element is lost, and whether that is certain; nothing if it is not."""
        element = _element(add)
        reads = [read for read in self._last.values() if add.precedes(read)]
        late = [r for r in reads if self._subject.proves_absence(r, add.completed)]
        missing = [read for read in late if element not in self._shown[read]]
        if missing:
            read = missing[-1]
            says = f"{asked(add)}: acknowledged, but not among the elements at {read.peer}"
            says += f" ({when(read.invoked)})"
            doubt = punctuality.of_absence(self._index, add.completed, read.invoked)
            if not doubt and self._subject.may_be_gone(add.peer):
                doubt = f"; {add.peer} does not run at the end"
            if not doubt and self._index.is_typed("", read.invoked):
                doubt = "; a person typed at a console before"
            found = self._subject.finding(says + doubt, add, read, kind="lost")
            yield replace(found, at=add.invoked, text=element), not doubt  # where it was taken
        elif not late and not any(element in self._shown[read] for read in reads):
            self._early.append(add)

    def _unread(self) -> Iterator[Finding]:
        if self._early:
            elements = named([_element(add) for add in self._early])
            again = self._subject.read_again
            says = f"it is not known whether the set has {elements} at the end: {again}"
            yield self._subject.finding(says, *self._early)

    def _invented(self) -> Iterator[Finding]:
        """Yield the elements that no one had added, each once."""
        first: dict[str, Call] = {}
        adds = [call for call in self._subject.calls if call.meaning == "add"]
        for call in adds:
            if call.may_happen:
                first.setdefault(_element(call), call)
        refused = {_element(add): add for add in adds if add.status == "fail"}
        told = set[str]()
        for read in self._reads:
            for element in sorted(self._shown[read] - told):
                if element in first and first[element].position < read.done_position:
                    continue
                told.add(element)
                by = refused.get(element)
                why = f"refused to {by.peer} at {when(by.invoked)}" if by else "not added by anyone"
                says = f"{asked(read)} shows {quoted(element)}, which was {why}"
                yield self._subject.finding(says, read, kind="invented")

    def _staleness(self) -> str:
        """Return for how long elements were missing that are there at the end."""
        longest = 0.0
        for read in self._reads:
            due = [add for add in self._adds if add.is_ok and add.precedes(read)]
            missing = [add for add in due if _element(add) not in self._shown[read]]
            longest = max([longest, *(read.invoked - add.completed for add in missing)])
        return f"; stale for up to {longest:.1f} s" if longest else ""


def _element(add: Call) -> str:
    return spelled(add.arguments["value"])
