"""Everyone agrees in the end who the members are: the peers that run.

The end is, at each peer, its last answer about the members. It may list itself or not.

Invalid when a peer lacks a member that runs, or lists one that does not. Unknown when the last
answer came too early after a fault, or after a peer began or ended; when a running peer gave
none; when a name is that of no peer; when it is not known whether a peer runs; when the machine
was too busy; when the lab could not read an answer; when a person typed at a console before; and
when the run did not settle.
"""

from __future__ import annotations

from collections.abc import Iterator

from orchestrator.checks import punctuality
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.calls import Call
from orchestrator.checks.models.judging import Subject, asked, named
from orchestrator.checks.models.names import Names
from orchestrator.checks.verdict import Finding, Verdict
from orchestrator.text import count

NAME = "membership"


def check(index: HistoryIndex) -> Verdict:
    """Judge whom every peer takes for a member."""
    return _Members(index).verdict()


class _Members:
    """Who listed whom in one run."""

    def __init__(self, index: HistoryIndex) -> None:
        self._subject, self._index, self._names = Subject(index, NAME), index, Names(index)
        self._reads = [call for call in self._subject.calls if call.is_ok]
        self._last = self._subject.last_reads("members")
        programs = {index.program(call.peer) for call in self._subject.calls}
        self._running = [peer for peer in index.running if index.program(peer) in programs]

    def verdict(self) -> Verdict:
        """Judge it."""
        wrong, unsure = list[Finding](), list[Finding]()
        for peer in self._running:
            for finding, is_certain in self._amiss(peer):
                (wrong if is_certain else unsure).append(finding)
        says = f"{count(len(self._running), 'peer')} agree{self._delay()}"
        return self._subject.verdict(says, wrong, unsure, judged=self._reads)

    def _amiss(self, peer: str) -> Iterator[tuple[Finding, bool]]:
        """Yield what is not as it must be in a peer's last answer, and whether it is certain."""
        read = self._last.get(peer)
        if read is None:
            if self._reads:
                yield self._subject.finding(f"{peer} was not asked for its members"), False
            return
        lacks, has, strangers = self._differences(read)
        said = [f"lacks {named(lacks)}"] if lacks else []
        said += [f"lists {named(has)}, which does not run"] if has else []
        if said:
            doubt = self._doubt(read, [*lacks, *has])
            if not doubt and lacks and strangers:
                doubt = f"; {named(strangers)} may be their names"
            says = f"{asked(read)} {' and '.join(said)}{doubt}"
            yield self._subject.finding(says, read), not doubt
        elif strangers:
            says = f"{asked(read)} lists {named(strangers)}, the name of no peer"
            yield self._subject.finding(says, read), False

    def _differences(self, read: Call) -> tuple[list[str], list[str], list[str]]:
        """Return who is missing in an answer, who is too much, and which names are unknown."""
        listed = {text: self._names.peer(text) for text in read.values("member", "members")}
        members = set(filter(None, listed.values())) - {read.peer}
        wanted = set(self._running) - {read.peer}
        strangers = [text for text, peer in listed.items() if not peer]
        return sorted(wanted - members), sorted(members - wanted), strangers

    def _doubt(self, read: Call, peers: list[str]) -> str:
        """Return why a last answer proves nothing about some peers; empty if it does."""
        if not self._subject.proves_absence(read, 0.0):
            needed = self._subject.patience
            return f"; all must have been left alone for {needed:g} s before that proves anything"
        for peer in peers:
            incarnation = self._index.incarnations.last(peer)
            if incarnation.ended is None and incarnation.doubtful_from >= 0:
                return f"; it is not known whether {peer} runs"
        return punctuality.of_absence(self._index, self._changed, read.invoked)

    @property
    def _changed(self) -> float:
        """When a peer began or ended, or a fault was lifted, for the last time."""
        several = [i for peer in self._index.peers for i in self._index.incarnations.of(peer)]
        times = [t for i in several for t in (i.began, i.ended)]
        times += [fault.until for fault in self._index.faults]
        return max((t for t in times if t is not None), default=0.0)

    def _delay(self) -> str:
        """Return how long after the last change all agreed."""
        wrong = [read for read in self._reads if any(self._differences(read)[:2])]
        since = {read.peer: read.position for read in wrong}
        right = dict[str, float]()
        for read in self._reads:
            if read.position > since.get(read.peer, -1):
                right.setdefault(read.peer, read.completed)
        delay = max(right.values(), default=0.0) - self._changed
        return f" within {delay:.1f} s of the last change" if self._changed and delay > 0 else ""
