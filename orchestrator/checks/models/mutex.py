"""No two peers hold a lock at the same time.

A peer holds it from the answer to its `acquire` until it begins to release it, or until its
program ends, or is killed. A peer that is paused holds it: it does not know any better. A nil
answer means that it did not get the lock.

Invalid when two peers hold it at the same time. Unknown when the lab could not read an answer,
when a person typed at a console before, and when the run did not settle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from math import inf

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.calls import Call
from orchestrator.checks.models.judging import Subject, asked
from orchestrator.checks.phrases import quoted, when
from orchestrator.checks.verdict import Finding, Verdict
from orchestrator.text import count

NAME = "mutex"

_ENDING = ("kill", "stop", "exit")  # the operations that end a program
_OVER = ("crash", "ended", "ready")  # the lab's lines behind which it holds nothing any more


def check(index: HistoryIndex) -> Verdict:
    """Judge who held each lock."""
    subject = Subject(index, NAME)
    locks = defaultdict[str, list[Call]](list)
    for call in subject.calls:
        locks[call.key].append(call)
    ends = _ends(index)
    wrong = [f for key, calls in locks.items() for f in _shared(subject, key, calls, ends)]
    held = sum(_is_got(call) for call in subject.calls)
    says = f"{count(held, 'time')} held, by one peer at a time"
    return subject.verdict(says, wrong, judged=held)


def _ends(index: HistoryIndex) -> dict[str, list[int]]:
    """Return the positions of what ended the program of each peer, or may have."""
    ends = defaultdict[str, list[int]](list)
    for operation in index.operations:
        means = index.meanings.of(operation.peer, operation.verb) or operation.verb
        if means in _ENDING and operation.status != "fail":
            ends[operation.peer].append(operation.position)
    for position, entry in index.lab:
        if entry.verb in _OVER:
            ends[entry.peer].append(position)
    return ends


def _is_got(call: Call) -> bool:
    return call.meaning == "acquire" and call.is_ok and not call.is_nil


def _shared(
    subject: Subject, key: str, calls: list[Call], ends: dict[str, list[int]]
) -> Iterator[Finding]:
    """Yield the times at which a peer got a lock that another one held."""
    holder: Call | None = None  # of those that hold the lock, the one that does so the longest
    until = -inf
    for call in sorted(filter(_is_got, calls), key=lambda call: call.done_position):
        end = _released(call, calls, ends)
        if holder and call.done_position < until and call.peer != holder.peer:
            lock = f"the lock {quoted(key)}" if key else "the lock"
            says = (
                f"{asked(call)}: it got {lock} at {when(call.completed)}, while"
                f" {holder.peer} held it, since {when(holder.completed)}"
            )
            yield subject.finding(says, holder, call)
        if end > until:
            holder, until = call, end


def _released(call: Call, calls: list[Call], ends: dict[str, list[int]]) -> float:
    """Return the position from which on a peer may not hold a lock any more."""
    own = (c for c in calls if c.peer == call.peer and c.meaning == "release")
    over = [float(c.position) for c in own if c.position > call.done_position]
    over += [float(end) for end in ends.get(call.peer, ()) if end > call.done_position]
    return min(over, default=inf)
