"""Every value that was put into a queue comes out once, in the order in which they were put in.

At most once: a value comes out as often as it was put in. At least once: what was acknowledged has
come out before the queue is found empty. Order: of two values, the one that had been put in
before the other was, comes out first.

Invalid when a value comes out too often, was never put in, overtook another, or is lost. Unknown
when the queue was found empty too early to prove that anything is lost, when a dequeue without an
answer may have taken what is missing, when the peer that took it does not run at the end, when
the lab could not read an answer, when a person typed before, and when the run did not settle.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from orchestrator.checks import punctuality
from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.calls import Call, spelled
from orchestrator.checks.models.judging import Subject, asked, named
from orchestrator.checks.phrases import quoted, when
from orchestrator.checks.verdict import Finding, Verdict
from orchestrator.text import count

NAME = "queue"


@dataclass
class _Queue:
    """What was done to one queue."""

    puts: list[Call] = field(default_factory=list)  # those that happened, or may have
    refused: list[Call] = field(default_factory=list)
    takes: list[Call] = field(default_factory=list)  # those that gave a value
    empty: list[Call] = field(default_factory=list)  # those that found nothing
    open: list[Call] = field(default_factory=list)  # those without an answer


def check(index: HistoryIndex) -> Verdict:
    """Judge every queue."""
    subject = Subject(index, NAME)
    queues = defaultdict[str, _Queue](_Queue)
    for call in subject.calls:
        _place(queues[call.key], call)
    wrong, unsure = list[Finding](), list[Finding]()
    for queue in queues.values():
        wrong += [*_invented(subject, queue), *_repeated(subject, queue), *_order(subject, queue)]
        for finding, is_certain in _lost(subject, queue):
            (wrong if is_certain else unsure).append(finding)
    taken = sum(len(queue.takes) for queue in queues.values())
    says = f"{count(taken, 'value')} came out once and in order"
    judged = taken or any(queue.puts and queue.empty for queue in queues.values())
    return subject.verdict(says, wrong, unsure, judged=judged)


def _place(queue: _Queue, call: Call) -> None:
    if call.meaning == "enqueue":
        (queue.puts if call.may_happen else queue.refused).append(call)
    elif call.status == "info":
        queue.open.append(call)
    elif call.is_ok:
        (queue.empty if call.is_nil else queue.takes).append(call)


def _invented(subject: Subject, queue: _Queue) -> Iterator[Finding]:
    """Yield the values that came out and had not been put in."""
    first: dict[str, Call] = {}
    for put in queue.puts:
        first.setdefault(_value(put), put)
    for take in queue.takes:
        put_in = first.get(_value(take))
        if put_in is None or put_in.position > take.done_position:
            refused = [put for put in queue.refused if _value(put) == _value(take)]
            why = f"; it was refused to {refused[0].peer}" if refused else ""
            says = f"{asked(take)} gave {quoted(_value(take))}, which had not been put in{why}"
            yield subject.finding(says, take, kind="invented")


def _repeated(subject: Subject, queue: _Queue) -> Iterator[Finding]:
    """Yield the values that came out more often than they were put in."""
    most = Counter(_value(put) for put in queue.puts)
    taken = defaultdict[str, list[Call]](list)
    for take in queue.takes:
        taken[_value(take)].append(take)
    for value, takes in taken.items():
        if 0 < most[value] < len(takes):
            said = ", ".join(f"at {when(take.invoked)} to {take.peer}" for take in takes)
            says = f"{quoted(value)} was put in {_times(most[value])} and came out {said}"
            yield subject.finding(says, *takes, kind="repeated")


def _order(subject: Subject, queue: _Queue) -> Iterator[Finding]:
    """Yield the values that came out behind one that was put in later."""
    put, taken = _single(queue.puts), _single(queue.takes)
    pairs = [(put[value], taken[value]) for value in put if value in taken]
    ended = sorted(pairs, key=lambda pair: pair[0].done_position)
    last: tuple[Call, Call] | None = None  # of what was put in before, what came out last
    number = 0
    for later in sorted(pairs, key=lambda pair: pair[0].position):
        while number < len(ended) and ended[number][0].precedes(later[0]):
            one = ended[number]
            last = one if last is None or one[1].position > last[1].position else last
            number += 1
        if last and later[1].precedes(last[1]):
            first, second = quoted(_value(last[1])), quoted(_value(later[1]))
            says = f"{asked(last[1])} gave {first}, which was put in before {second}"
            says += f", but {second} had come out at {when(later[1].completed)}"
            yield subject.finding(says, last[1], later[1], kind="order")


def _lost(subject: Subject, queue: _Queue) -> Iterator[tuple[Finding, bool]]:
    """Yield the values that did not come out before the queue was empty, and if it is certain."""
    taken = {_value(take) for take in queue.takes}
    left = [put for put in queue.puts if put.is_ok and _value(put) not in taken]
    if not left or not queue.empty:
        return
    end = queue.empty[-1]
    due = [put for put in left if put.precedes(end)]
    late = [put for put in due if subject.proves_absence(end, put.completed)]
    if not due:
        return
    values = named([_value(put) for put in late or due])
    says = f"{asked(end)} found the queue empty, but {values} had not come out"
    doubt = _doubt(subject, queue, late, end)
    yield subject.finding(says + doubt, end, *(late or due), kind="lost"), not doubt


def _doubt(subject: Subject, queue: _Queue, lost: list[Call], end: Call) -> str:
    """Return why it is not certain that values are lost; empty if it is."""
    if not lost:
        return "; it was too early for that to prove anything"
    if len(queue.open) >= len(lost):
        several = count(len(queue.open), "dequeue")
        return f"; {several} without an answer may have taken as many"
    if gone := [put.peer for put in lost if subject.may_be_gone(put.peer)]:
        return f"; {gone[0]} does not run at the end"
    return punctuality.of_absence(subject.index, lost[-1].completed, end.invoked)


def _single(calls: list[Call]) -> dict[str, Call]:
    """Return the calls with a value that no other call has, by their values."""
    often = Counter(map(_value, calls))
    return {_value(call): call for call in calls if often[_value(call)] == 1}


def _value(call: Call) -> str:
    fields = call.arguments if call.meaning == "enqueue" else call.results
    return spelled(fields["value"])


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"
