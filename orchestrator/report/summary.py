"""The figures of runs, and several runs in one table."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from orchestrator.checks.judged_run import Run
from orchestrator.checks.verdict import Judgement, worst
from orchestrator.history.timing import DRIVING, KINDS, WAITING
from orchestrator.report.findings import reason
from orchestrator.report.marks import marked
from orchestrator.report.printing import (
    Trimmed,
    plain,
    repeated_line,
    seconds,
    shortened,
    table,
    titled,
)
from orchestrator.text import count

_NEEDED = (DRIVING, WAITING)  # what the scenario itself takes
_UNBOUNDED = 10_000  # columns
_LONGEST_SENTENCE = 400  # characters
_AMOUNTS = ("verdict", "peers", "operations", "sent", "seen", "p50", "p99")
_TIMES = (*KINDS, "total")
_TITLE = "Runs: messages sent and seen, latencies in milliseconds"
_TIMES_TITLE = "durations in seconds"


@dataclass(frozen=True)
class Figures:
    """The figures of a run, or of several together."""

    peers: int  # their number
    operations: int  # at consoles, by the lab
    sent: int  # messages that the senders' consoles accepted
    seen: int  # messages that the receivers' consoles showed
    latencies: Sequence[float]  # seconds from typing a message until it was shown, sorted
    # the duration by kind, see `history/timing.py`; empty if not recorded
    seconds: Mapping[str, float]

    def latency(self, share: float) -> str:
        """Return the milliseconds within which this share of the messages was shown."""
        if not self.latencies:
            return "-"
        index = max(0, math.ceil(share * len(self.latencies)) - 1)
        return _milliseconds(self.latencies[index])

    @property
    def total(self) -> float:
        """The whole duration in seconds."""
        return sum(self.seconds.values())

    @property
    def overhead(self) -> float:
        """The share of the time spent neither on the steps nor on waiting."""
        needed = sum(self.seconds.get(kind, 0.0) for kind in _NEEDED)
        return 1 - needed / self.total if self.total else 0.0


def figures_of(run: Run) -> Figures:
    """Return the figures of a run."""
    operations, sent, seen = run.index.counts
    latencies = sorted(run.index.latencies)
    return Figures(len(run.peers), operations, sent, seen, latencies, run.seconds)


def together(several: Sequence[Figures]) -> Figures:
    """Return the sum of several runs."""
    kinds = dict.fromkeys(kind for one in several for kind in one.seconds)
    return Figures(
        sum(one.peers for one in several),
        sum(one.operations for one in several),
        sum(one.sent for one in several),
        sum(one.seen for one in several),
        sorted(latency for one in several for latency in one.latencies),
        {kind: sum(one.seconds.get(kind, 0.0) for one in several) for kind in kinds},
    )


def _milliseconds(seconds: float) -> str:
    """Return a time in milliseconds, with a sensible number of digits."""
    time = seconds * 1000
    return f"{time:.2f}" if time < 1 else f"{time:.1f}" if time < 99.9 else f"{time:,.0f}"  # noqa: PLR2004


def print_summary(console: Console, done: Sequence[Run]) -> None:
    """Print a table of runs and their durations, then those that are not valid."""
    found = [figures_of(run) for run in done]
    whole = together(found)
    everything = _table(done, [*found, whole], (*_AMOUNTS, *_TIMES))
    unbounded = console.options.update(max_width=_UNBOUNDED)
    if Measurement.get(console, unbounded, everything).maximum <= console.width:
        console.print(Trimmed(titled(f"{_TITLE}, {_TIMES_TITLE}", everything)))
    else:
        for title, columns in ((_TITLE, _AMOUNTS), (_TIMES_TITLE.capitalize(), _TIMES)):
            console.print(Trimmed(titled(title, _table(done, [*found, whole], columns))))
    for run in done:
        if run.judgement is not Judgement.VALID:
            _print_again(console, run)
    print_last_line(console, done)


def print_last_line(console: Console, done: Sequence[Run]) -> None:
    """Print the worst verdict of several runs, how many are not valid, and how long they took."""
    bad = sum(run.judgement is not Judgement.VALID for run in done)
    console.print(_last_line(done, bad, together([figures_of(run) for run in done])))
    if repeated := sum(bool(run.repeated) for run in done):
        console.print(plain(repeated_line(count(repeated, "run")), "dim"), soft_wrap=True)


def _table(done: Sequence[Run], found: Sequence[Figures], columns: Sequence[str]) -> Table:
    """Return some columns for every run, and for all together, whose figures come last."""
    rows = table(
        "scenario", *columns, numbers=[column for column in columns if column != "verdict"]
    )
    rows.box, rows.pad_edge, rows.padding = box.SIMPLE_HEAD, False, (0, 1, 0, 0)
    for run, one in zip(done, found, strict=False):
        cells = (_cell(one, column, run.judgement) for column in columns)
        rows.add_row(plain(run.name), *cells)
    rows.add_section()
    whole = (_cell(found[-1], column, _worst(done)) for column in columns)
    rows.add_row(f"all {len(done):,}", *whole, style="bold")
    return rows


def _cell(found: Figures, column: str, judgement: Judgement) -> Text | str:
    match column:
        case "verdict":
            return marked(judgement)
        case "p50" | "p99":
            return found.latency(int(column[1:]) / 100)
        case "total":
            return seconds(found.total) if found.seconds else "-"
        case _ if column in KINDS:
            return seconds(found.seconds.get(column, 0.0)) if found.seconds else "-"
    return f"{getattr(found, column):,}"


def _worst(done: Sequence[Run]) -> Judgement:
    return worst(run.judgement for run in done)


def _print_again(console: Console, run: Run) -> None:
    console.print(marked(run.judgement, f"{run.name}: {run.judgement.word}"), soft_wrap=True)
    why = reason(run).partition(": ")[2]
    console.print(plain(f"  {shortened(why, _LONGEST_SENTENCE)}"), soft_wrap=True)
    console.print(plain(f"  {run.folder}", "dim"), soft_wrap=True)


def _last_line(done: Sequence[Run], bad: int, whole: Figures) -> Text:
    judgement, runs = _worst(done), count(len(done), "run")
    line = marked(
        judgement, f"{judgement.word}: " + (f"{bad:,} of {runs} not valid" if bad else runs)
    )
    if whole.seconds:
        line.append(f"; {seconds(whole.total)} s, {whole.overhead:.0%} of it starting, verifying"
                    " and cleaning up")  # fmt: skip
    return line
