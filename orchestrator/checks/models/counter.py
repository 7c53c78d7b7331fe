"""Every count lies between what had surely been added and what may have been.

An increment or decrement counts for certain if it was over before the count began, and perhaps
if it began before the count was over. One that may have happened counts perhaps for ever.

Invalid when a count lies outside. Unknown when the lab could not read an answer, when a person
typed at a console before, and when the run did not settle.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate

from orchestrator.checks.index import HistoryIndex
from orchestrator.checks.index.calls import Call, spelled
from orchestrator.checks.models.judging import Subject, asked
from orchestrator.checks.verdict import Finding, Verdict
from orchestrator.text import count

NAME = "counter"


def check(index: HistoryIndex) -> Verdict:
    """Judge every count."""
    subject = Subject(index, NAME)
    changes, counts = defaultdict[str, list[Call]](list), list[Call]()
    for call in subject.calls:
        if call.meaning != "count" and call.may_happen:
            changes[call.key].append(call)
        elif call.is_ok:
            counts.append(call)
    bounds = {key: _Bounds(calls) for key, calls in changes.items()}
    wrong = [f for call in counts for f in _wrong(subject, call, bounds.get(call.key))]
    return subject.verdict(f"{count(len(counts), 'count')} within bounds", wrong, judged=counts)


def _wrong(subject: Subject, call: Call, bounds: _Bounds | None) -> Iterator[Finding]:
    low, high = bounds.around(call) if bounds else (0.0, 0.0)
    value = 0.0 if call.is_nil else _number(call.results["value"])
    if value is None:
        yield subject.finding(f"{asked(call)} gave {call.results['value']!r}, no number", call)
    elif not low <= value <= high:
        between = spelled(low) if low == high else f"from {spelled(low)} to {spelled(high)}"
        kind = "too low" if value < low else "too high"
        says = f"{asked(call)} gave {spelled(value)}, where it must be {between}"
        yield subject.finding(says, call, kind=kind)


class _Bounds:
    """What a counter may be at any time.

    Args:
        changes: its increments and decrements, in the order of their beginnings.
    """

    def __init__(self, changes: Sequence[Call]) -> None:
        amounts = [(call, _amount(call)) for call in changes]
        # What may have happened widens the bounds from its beginning on; what surely happened
        # moves the other bound as well once it is over.
        steps = [(float(call.position), min(0.0, by), max(0.0, by)) for call, by in amounts]
        steps += [
            (call.done_position, max(0.0, by), min(0.0, by)) for call, by in amounts if call.is_ok
        ]
        steps.sort()
        self._positions = [position for position, _, _ in steps]
        self._lows = [*accumulate((low for _, low, _ in steps), initial=0.0)]
        self._highs = [*accumulate((high for _, _, high in steps), initial=0.0)]

    def around(self, call: Call) -> tuple[float, float]:
        """Return the lowest and the highest value that a count may give."""
        first = bisect_left(self._positions, call.position)
        last = bisect_left(self._positions, call.done_position) + 1
        return min(self._lows[first:last]), max(self._highs[first:last])


def _amount(call: Call) -> float:
    amount = _number(call.arguments.get("amount", 1)) or 0.0
    return -amount if call.meaning == "decrement" else amount


def _number(value: object) -> float | None:
    try:
        return float(str(value))
    except ValueError:
        return None
