"""Everyone sees everything that was broadcast, in the end, and nothing else.

What a peer has seen is what its answers show, or its notices; its own need not be in notices.

Invalid when a peer did not see what was acknowledged, or saw what no one had broadcast. Unknown
when it was too early to prove that anything is missing, when the sender does not run at the end,
when the other peer was started again since, when the machine was too busy, when the lab could not
read an answer, when a person typed at a console before, and when the run did not settle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from orchestrator.checks import punctuality
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.calls import Call, spelled
from orchestrator.checks.index.invocations import TOLERANCE
from orchestrator.checks.models.judging import Subject, asked, named
from orchestrator.checks.phrases import quoted, when
from orchestrator.checks.verdict import Finding, Verdict
from orchestrator.text import count

NAME = "broadcast"


def check(index: HistoryIndex) -> Verdict:
    """Judge what every peer saw."""
    return _Broadcasts(index).verdict()


def owes_notices(index: HistoryIndex) -> bool:
    """Return whether peers that show what they see unasked have not shown everything yet."""
    return _Broadcasts(index).owes_notices()


class _Broadcasts:
    """What was broadcast in one run, and who saw it."""

    def __init__(self, index: HistoryIndex) -> None:
        self._subject, self._index = Subject(index, NAME), index
        self._sent = self._subject.meaning("broadcast")
        self._last = self._subject.last_reads("seen")
        self._seen = defaultdict[str, dict[str, float]](dict)  # by peer, when it first saw what
        for at, peer, value in sorted(self._sightings()):
            self._seen[peer].setdefault(value, at)
        self._early = dict[str, None]()  # what was not read late enough

    def verdict(self) -> Verdict:
        """Judge it."""
        wrong, unsure = [*self._invented()], list[Finding]()
        certain = [call for call in self._sent if call.is_ok]
        for call in certain if self._index.settled is not None else ():
            for peer in self._everyone:
                for finding, is_certain in self._missing(call, peer):
                    (wrong if is_certain else unsure).append(finding)
        if self._early:
            values, again = named([*self._early]), self._subject.read_again
            says = f"it is not known whether everyone saw {values}: {again}"
            unsure.append(self._subject.finding(says))
        says = f"{count(len(certain), 'value')}, seen by all{self._delay(certain)}"
        return self._subject.verdict(says, wrong, unsure, judged=certain)

    def owes_notices(self) -> bool:
        """Return whether a notice of an acknowledged value has not come."""
        if self._last or not self._subject.told:
            return False
        return any(
            peer != call.peer and _value(call) not in self._seen[peer]
            for call in self._sent
            for peer in self._everyone
            if call.is_ok
        )

    def _sightings(self) -> Iterator[tuple[float, str, str]]:
        for call in self._subject.meaning("seen"):
            if call.is_ok:
                for value in call.values("value", "values"):
                    yield call.completed, call.peer, value
        for told in self._subject.told:
            if value := told.text("value"):
                yield told.at, told.peer, value

    @property
    def _everyone(self) -> list[str]:
        """The peers that run at the end, of the programs that take part."""
        part = {call.peer for call in self._subject.calls} | set(self._seen)
        programs = {self._index.program(peer) for peer in part}
        return [peer for peer in self._index.running if self._index.program(peer) in programs]

    def _missing(self, call: Call, peer: str) -> Iterator[tuple[Finding, bool]]:
        """Yield that a peer did not see what was broadcast, and whether that is certain."""
        value = _value(call)
        by_notice = not self._last
        if value in self._seen[peer] or (by_notice and peer == call.peer):
            return
        read = self._last.get(peer)
        if not by_notice and (read is None or not self._is_late_enough(call, read)):
            self._early[value] = None
            return
        doubt = self._doubt(call, peer, self._index.last_at if read is None else read.invoked)
        says = f"{asked(call)}: acknowledged, but {peer} has not seen it{doubt}"
        calls = (call, read) if read else (call,)
        yield self._subject.finding(says, *calls, kind="missing"), not doubt

    def _is_late_enough(self, call: Call, read: Call) -> bool:
        return call.precedes(read) and self._subject.proves_absence(read, call.completed)

    def _doubt(self, call: Call, peer: str, until: float) -> str:
        """Return why it may be no fault that a peer did not see something; empty if it is one."""
        if self._subject.may_be_gone(call.peer):
            return f"; {call.peer} does not run at the end"
        if self._index.incarnations.last(peer).began > call.invoked:
            return f"; {peer} was started again since"
        if not self._last and not self._index.was_due(call.peer, peer, call.completed):
            return "; a fault came between the two until shortly before the end"
        return punctuality.of_absence(self._index, call.completed, until)

    def _invented(self) -> Iterator[Finding]:
        """Yield what was seen and had not been broadcast."""
        first = dict[str, float]()
        for call in self._sent:
            first.setdefault(_value(call), call.invoked)
        for peer, seen in self._seen.items():
            for value, at in seen.items():
                if value not in first or first[value] > at + TOLERANCE:
                    says = f"{peer} saw {quoted(value)} at {when(at)}, which no one had broadcast"
                    yield Finding(says, at, (peer,), kind="invented")

    def _delay(self, calls: list[Call]) -> str:
        """Return how long it took until everyone saw everything."""
        delays = [
            seen[_value(call)] - call.invoked
            for call in calls
            for seen in (self._seen[peer] for peer in self._everyone)
            if _value(call) in seen
        ]
        return f" within {max(delays):.1f} s" if delays else ""


def _value(call: Call) -> str:
    return spelled(call.arguments["value"])
