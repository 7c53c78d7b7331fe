"""One run: what it was, the verdict of each check, and the evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from orchestrator.checks.judged_run import Run
from orchestrator.checks.verdict import Finding, Judgement, Verdict
from orchestrator.history.timing import KINDS
from orchestrator.report import details as tables
from orchestrator.report import figures
from orchestrator.report.evidence import Evidence
from orchestrator.report.faults import faults_table
from orchestrator.report.figures import Figures
from orchestrator.report.text import Trimmed, first_line, marked, plain, seconds, titled
from orchestrator.text import count

_GAP = 4  # blanks between checks side by side
_MOST_FAULTS = 20  # of a run in few words


def print_run(console: Console, run: Run, *, details: bool) -> None:
    """Print a run.

    Args:
        console: where to.
        run: what to print.
        details: whether to print what every peer did as well.
    """
    if details:
        tables.print_details(console, run)
    console.print(plain(run.name, "bold").append(f": {plain(run.why)}", "not bold"))
    console.print(Trimmed(_about(run)))
    if several := run.index.faults:
        held = faults_table(several, len(several) if details else _MOST_FAULTS)
        console.print(Trimmed(titled("Faults: what was measured of each", held)))
    console.print(Trimmed(_checks(run, console.width)))
    evidence = Evidence(console, run)
    for verdict in _alike_together(run.verdicts):
        evidence.print(verdict)
    console.print(run_line(run))
    console.print(f"  kept in {plain(run.folder)}", soft_wrap=True, markup=False, style="dim")
    console.print()


def _alike_together(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Return what is not valid; checks with the same witnesses, as of a run cut short, as one."""
    together: dict[tuple[Finding, ...], list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.judgement is not Judgement.VALID:
            together.setdefault(verdict.findings, []).append(verdict)
    return [
        replace(alike[0], check=", ".join(verdict.check for verdict in alike))
        for alike in together.values()
    ]


def run_line(run: Run) -> Text:
    """Return a run in one line: its verdict, and how long it took."""
    line = marked(run.judgement, f"{run.name}: {run.judgement.word}")
    took = f" ({seconds(sum(run.seconds.values()))} s)" if run.seconds else ""
    return line.append(took, "dim")


def _grid(columns: int) -> Table:
    grid = Table.grid(padding=(0, 2))
    for _ in range(columns):
        grid.add_column(overflow="fold")
    return grid


def _about(run: Run) -> Table:
    """Return what the run was, in a few rows."""
    grid = _grid(2)
    for label, value in _rows(run, figures.of(run)):
        grid.add_row(plain(f"  {label}", "dim"), plain(value))
    return grid


def _rows(run: Run, found: Figures) -> Iterator[tuple[str, str]]:
    yield "where", run.place
    sent = count(found.sent, "message")
    yield (
        "what",
        (
            f"{count(found.peers, 'peer')}, {count(found.operations, 'operation')}, "
            f"{sent} sent, {found.seen:,} seen"
        ),
    )
    if found.latencies:
        yield "latency", f"p50 {found.latency(0.5)} ms, p99 {found.latency(0.99)} ms"
    for drawn in run.index.marks("chaos"):
        how = f"seed {drawn.fields.get('seed')}, for {drawn.fields.get('for')} s"
        yield "chaos", f"{how}; to do it again: peerlab schedule {run.folder}"
    if run.seconds:
        parts = ", ".join(f"{kind} {seconds(run.seconds.get(kind, 0.0))}" for kind in KINDS)
        yield "time", f"{seconds(found.total)} s: {parts}"
    if run.broke_off:
        # Whoever ran it prints the whole error; of a run that was kept nobody else does.
        yield "broke off", first_line(run.broke_off) if run.error else run.broke_off
    if run.without:
        yield "record", run.without
    if run.record and run.record.verdict != run.judgement.word:
        yield "before", f"{run.record.verdict}: the verdict has changed since it was recorded"


def _checks(run: Run, width: int) -> RenderableType:
    """Return the verdicts, side by side where there is room."""
    cells = [
        (marked(verdict.judgement, verdict.check), plain(verdict.says)) for verdict in run.verdicts
    ]
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
