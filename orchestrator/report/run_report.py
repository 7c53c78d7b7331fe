"""One run: its verdicts with the evidence, as tables, as plain text and as data."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import cast

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrator.checks.judged_run import Run
from orchestrator.checks.verdict import Judgement, Verdict, worst
from orchestrator.history.timing import KINDS
from orchestrator.report.calls_table import calls_as_data, calls_table
from orchestrator.report.details import print_details
from orchestrator.report.excerpts import Excerpts, Moment
from orchestrator.report.fault_tables import faults_as_data, faults_table
from orchestrator.report.findings import alike_together, notes, print_failure
from orchestrator.report.marks import marked, marked_check
from orchestrator.report.output_format import FORMAT, CheckOutput, RunOutput, RunsOutput
from orchestrator.report.printing import (
    Trimmed,
    first_line,
    plain,
    repeated_line,
    seconds,
    shortened,
    titled,
)
from orchestrator.report.steps import WrittenSteps
from orchestrator.report.summary import Figures, figures_of, print_last_line, print_summary
from orchestrator.text import count

_GAP = 4  # blanks between checks side by side
_MOST_FAULTS = 20  # without details
_MOST_FINDINGS = 5
_LONGEST_LINE = 200  # characters
_LONGEST_SENTENCE = 600
_TEXT_WIDTH = 100  # columns


class Detail(IntEnum):
    """How much is printed of a run."""

    FAILURES = 0  # of valid ones nothing
    LINES = 1  # a line for a valid one
    TABLES = 2  # what was done, how long it took, what each check says
    EVERYTHING = 3  # also what each peer, connection and message came to


def print_run(console: Console, run: Run, detail: Detail = Detail.EVERYTHING) -> None:
    """Print a run."""
    if detail >= Detail.TABLES:
        _print_tables(console, run, everything=detail is Detail.EVERYTHING)
    elif run.judgement is not Judgement.VALID:
        print_failure(console, run)
    elif detail is Detail.LINES:
        for line in valid_lines(run):
            console.print(line, soft_wrap=True)


def print_runs(console: Console, done: Sequence[Run], detail: Detail) -> None:
    """Print runs, and several together in a table or a line; a single one at least in a line."""
    if len(done) == 1:
        detail = max(detail, Detail.LINES)
    for run in done:
        print_run(console, run, detail)
    if len(done) > 1 and detail >= Detail.TABLES:
        print_summary(console, done)
    elif len(done) > 1:
        print_last_line(console, done)


def _print_tables(console: Console, run: Run, *, everything: bool) -> None:
    if everything:
        print_details(console, run)
    console.print(plain(run.name, "bold").append(f": {plain(run.why)}", "not bold"))
    console.print(Trimmed(_about(run)))
    if faults := run.index.faults:
        made = faults_table(faults, len(faults) if everything else _MOST_FAULTS)
        console.print(Trimmed(titled("Faults, with the measurements of each", made)))
    if run.index.calls:
        made = calls_table(run.index.calls)
        console.print(Trimmed(titled("Operations, with times in milliseconds", made)))
    console.print(Trimmed(_checks(run, console.width)))
    excerpts, steps = Excerpts(run.folder), WrittenSteps(run)
    for verdict in alike_together(run.verdicts):
        _print_evidence(console, verdict, excerpts, steps)
    console.print(run_line(run))
    console.print(f"  kept in {plain(run.folder)}", soft_wrap=True, markup=False, style="dim")
    console.print()


def run_line(run: Run) -> Text:
    """Return a run in one line, with its verdict and duration."""
    line = marked(run.judgement, f"{run.name}: {run.judgement.word}")
    took = f" ({seconds(sum(run.seconds.values()))} s)" if run.seconds else ""
    return line.append(took, "dim")


def valid_lines(run: Run) -> Iterator[Text]:
    """Yield a valid run in one line, with what it did; and what else is to be known of it."""
    found, faults = figures_of(run), run.index.faults
    done = [count(found.peers, "peer"), count(found.operations, "operation")]
    if found.sent:
        done.append(f"{count(found.seen, 'message')} shown")
    if faults:
        proven = sum(fault.is_proven for fault in faults)
        done.append(f"{proven:,} of {count(len(faults), 'fault')} proven")
    line = run_line(run).append(f": {', '.join(done)}")
    yield line.append(f"; {repeated_line('this')}" if run.repeated else "")
    for note in notes(run):
        yield Text("  ").append_text(note)


def as_text(run: Run, detail: Detail = Detail.LINES, width: int = _TEXT_WIDTH) -> str:
    """Return what `print_run` prints, without colours."""
    file = io.StringIO()
    console = Console(
        file=file, width=width, color_system=None, force_terminal=False, highlight=False,
        emoji=False,
    )  # fmt: skip
    print_run(console, run, detail)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().split("\n")).rstrip() + "\n"


def runs_as_data(done: Sequence[Run], unread: Sequence[str] = ()) -> RunsOutput:
    """Return runs for `--json`, with the worst verdict. Those in `unread` count as unknown."""
    found = [run.judgement for run in done] + [Judgement.UNKNOWN] * len(unread)
    return {
        "format": FORMAT,
        "verdict": worst(found).word,
        "runs": [_as_data(run) for run in done],
        "unread": list(unread),
    }


def _as_data(run: Run) -> RunOutput:
    return {
        "scenario": run.name,
        "engine": run.engine,
        "verdict": run.judgement.word,
        "nothing_judged": run.nothing_judged or None,
        "checks": [cast("CheckOutput", verdict.as_data()) for verdict in run.verdicts],
        "faults": faults_as_data(run.index.faults),
        "operations": calls_as_data(run.index.calls),
        "error": run.broke_off or None,
        "seconds": dict(run.seconds),
        "repeated": run.repeated,
        "folder": str(run.folder),
        "without": run.without or None,
    }


def _grid(columns: int) -> Table:
    grid = Table.grid(padding=(0, 2))
    for _ in range(columns):
        grid.add_column(overflow="fold")
    return grid


def _about(run: Run) -> Table:
    grid = _grid(2)
    for label, value in _rows(run, figures_of(run)):
        grid.add_row(plain(f"  {label}", "dim"), plain(value))
    return grid


def _rows(run: Run, found: Figures) -> Iterator[tuple[str, str]]:
    yield "where", run.place
    what = f"{count(found.peers, 'peer')}, {count(found.operations, 'operation')}"
    messages = f", {count(found.sent, 'message')} sent, {found.seen:,} seen"
    yield "what", what + (messages if not run.index.calls or found.sent else "")
    if found.latencies:
        yield "latency", f"p50 {found.latency(0.5)} ms, p99 {found.latency(0.99)} ms"
    for drawn in run.index.marks("chaos"):
        how = f"seed {drawn.fields.get('seed')}, for {drawn.fields.get('for')} s"
        yield "chaos", f"{how}; to repeat it: peerlab schedule {run.folder}"
    if run.seconds:
        parts = ", ".join(f"{kind} {seconds(run.seconds.get(kind, 0.0))}" for kind in KINDS)
        yield "time", f"{seconds(found.total)} s: {parts}"
    if late := run.index.machine.summary:
        again = f"; {repeated_line('this')}" if run.repeated else ""
        yield "machine", f"{late}{again}"
    if run.broke_off:
        # The command that runs it prints the whole error as well.
        yield "broke off", first_line(run.broke_off) if run.error else run.broke_off
    if run.nothing_judged:
        yield "unknown", f"no check had anything to judge: {run.nothing_judged}"
    if run.without:
        yield "record", run.without
    if run.record and run.record.verdict != run.judgement.word:
        yield "before", f"{run.record.verdict}: the verdict has changed since it was recorded"


def _checks(run: Run, width: int) -> RenderableType:
    """Return the verdicts, side by side if there is room."""
    cells = [(marked_check(verdict), plain(verdict.says)) for verdict in run.verdicts]
    widest = sum(max((cell[part].cell_len for cell in cells), default=0) for part in (0, 1))
    if 2 * (widest + _GAP) + _GAP > width:
        return _in_rows([*cells])
    half = -(-len(cells) // 2)
    empty = (Text(), Text())
    right = [*cells[half:], *([empty] * (2 * half - len(cells)))]
    return _in_rows([(*one, *other) for one, other in zip(cells[:half], right, strict=True)])


def _in_rows(rows: list[tuple[Text, ...]]) -> Table:
    grid = _grid(len(rows[0]) if rows else 0)
    for name, *others in rows:
        grid.add_row(Text("  ").append_text(name), *others)
    return grid


def _print_evidence(
    console: Console, verdict: Verdict, excerpts: Excerpts, steps: WrittenSteps
) -> None:
    title = marked(verdict.judgement, f"{verdict.check}: {verdict.judgement.word}")
    console.print(title.append(f", {plain(verdict.says)}"))
    number = 0
    for moment in excerpts.moments(verdict.findings[:_MOST_FINDINGS]):
        for finding in moment.findings:
            number += 1
            grid = Table.grid(padding=(0, 1))
            grid.add_row(plain(f"{number}."), plain(shortened(finding.says, _LONGEST_SENTENCE)))
            if step := steps.of(finding):
                grid.add_row("", plain(f"{step.place}  {step.text}", "dim"))
            console.print(Trimmed(Padding(grid, (0, 0, 0, 2))))
        console.print(Trimmed(Padding(_console_rows(moment), (0, 0, 0, 5))))
    if (more := len(verdict.findings) - _MOST_FINDINGS) > 0:
        console.print(Padding(plain(f"… and {more:,} more"), (0, 0, 0, 2)))


def _console_rows(moment: Moment) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style="bold", no_wrap=True)
    grid.add_column(style="dim", justify="right", no_wrap=True)
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for excerpt in moment.consoles:
        for number, line in enumerate(excerpt.lines):
            if line:
                name = plain("" if number else excerpt.peer)
                text = plain(shortened(line.text, _LONGEST_LINE))
                grid.add_row(name, f"{line.at:.3f}", "│", text)
            else:
                grid.add_row("", "…", "│", "")
        if excerpt.empty:
            grid.add_row(plain(excerpt.peer), "", "│", plain(f"({excerpt.empty})", "dim"))
    return grid
