"""How the operations of the programs' own vocabulary ended, and how long they took."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.table import Table

from orchestrator.checks.index.calls import Call
from orchestrator.report.output_format import OperationOutput
from orchestrator.report.printing import plain, table


@dataclass(frozen=True)
class CallFigures:
    """The figures of one operation.

    Attributes:
        name: the operation.
        ok: how often it happened.
        fail: how often it certainly did not.
        open: how often that is not known.
        rate: how many were begun in a second, from the first to the last; 0 for a single one.
        seconds: how long those that ended took, sorted.
    """

    name: str
    ok: int
    fail: int
    open: int
    rate: float
    seconds: Sequence[float]

    def quantile(self, share: float) -> float | None:
        """Return the seconds within which this share had ended; None if none had."""
        if not self.seconds:
            return None
        return self.seconds[max(0, math.ceil(share * len(self.seconds)) - 1)]


def figures_of_calls(calls: Iterable[Call]) -> list[CallFigures]:
    """Return the figures of each operation, in the order in which they were first done."""
    by_name: dict[str, list[Call]] = {}
    for call in calls:
        by_name.setdefault(call.name, []).append(call)
    return [_figures(name, several) for name, several in by_name.items()]


def _figures(name: str, calls: Sequence[Call]) -> CallFigures:
    statuses = [call.status for call in calls]
    took = sorted(call.completed - call.invoked for call in calls if math.isfinite(call.completed))
    lasted = calls[-1].invoked - calls[0].invoked
    rate = (len(calls) - 1) / lasted if lasted > 0 else 0.0
    ok, fail, unknown = (statuses.count(status) for status in ("ok", "fail", "info"))
    return CallFigures(name, ok, fail, unknown, rate, took)


def calls_table(calls: Iterable[Call]) -> Table:
    """Return a table with a row for each operation; times in milliseconds."""
    made = table(
        "operation", "done", "refused", "open", "p50", "p99", "a second",
        numbers=["done", "refused", "open", "p50", "p99", "a second"],
    )  # fmt: skip
    for one in figures_of_calls(calls):
        times = (_milliseconds(one.quantile(share)) for share in (0.5, 0.99))
        rate = f"{one.rate:.1f}" if one.rate else "-"
        counts = (f"{count:,}" for count in (one.ok, one.fail, one.open))
        made.add_row(plain(one.name), *counts, *times, rate)
    return made


def calls_as_data(calls: Iterable[Call]) -> list[OperationOutput]:
    """Return the same for `--json`; times in seconds."""
    return [
        {"operation": one.name, "ok": one.ok, "fail": one.fail, "info": one.open,
         "rate": round(one.rate, 3), "p50": one.quantile(0.5), "p99": one.quantile(0.99)}
        for one in figures_of_calls(calls)
    ]  # fmt: skip


def _milliseconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:,.1f}"
