"""Whether operations on one register fit an order, found by trying every order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, permutations

from orchestrator.checks.index.invocations import Operation, paired
from orchestrator.history.entries import Entry


def fits(entries: Sequence[Entry]) -> bool:
    """Return whether the operations of a history on one register fit an order."""
    operations = [op for op in paired(entries) if op.verb in ("put", "get", "cas")]
    certain = [op for op in operations if op.status == "ok"]
    perhaps = [op for op in operations if op.is_indeterminate and op.verb != "get"]
    return any(
        _is_in_time(order) and _is_right(order)
        for size in range(len(perhaps) + 1)
        for some in combinations(perhaps, size)
        for order in permutations([*certain, *some])
    )


def _is_in_time(order: Sequence[Operation]) -> bool:
    """Return whether no operation comes before one that was over when it began."""
    return not any(
        later.status == "ok" and later.done_position < earlier.position
        for earlier, later in combinations(order, 2)
    )


def _is_right(order: Iterable[Operation]) -> bool:
    """Return whether a register would have given these results."""
    value: object = None
    for operation in order:
        fields = operation.last.fields
        arguments = fields["arguments"]
        if operation.verb == "put":
            value = arguments["value"]
        elif operation.verb == "get":
            if fields.get("results", {}).get("value") != value:
                return False
        elif arguments["old"] != value:
            return False
        else:
            value = arguments["new"]
    return True
