"""Everything that the page of a run shows, as data."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Iterator, Sequence

from orchestrator.checks.index import UNASKED, HistoryIndex
from orchestrator.checks.index.calls import call_of
from orchestrator.checks.index.fault_windows import FaultWindow
from orchestrator.checks.index.incarnations import Incarnation
from orchestrator.checks.judged_run import Run
from orchestrator.checks.verdict import Finding
from orchestrator.history.entries import Entry
from orchestrator.report.calls_table import figures_of_calls
from orchestrator.report.details import ending
from orchestrator.report.fault_tables import measurements, proven
from orchestrator.report.page.connections import connection_rows
from orchestrator.report.page.consoles import console_data
from orchestrator.report.page.events import (
    list_rows,
    mark_rows,
    notice_rows,
    operation_rows,
    socket_rows,
    workload_rows,
)
from orchestrator.report.page.findings import (
    MOST_FINDINGS,
    NamedFinding,
    check_data,
    finding_data,
    named_findings,
)
from orchestrator.report.page.messages import message_rows
from orchestrator.report.page.rows import (
    FORMAT,
    ConsoleData,
    FaultData,
    FiguresData,
    LifeRow,
    PageData,
    PeerData,
    RunData,
    StepData,
)
from orchestrator.report.page.view import View
from orchestrator.report.page.wording import at_length, moment
from orchestrator.report.steps import WrittenSteps
from orchestrator.text import count


def page_data(run: Run) -> PageData:
    """Return what the page of a run shows."""
    every = named_findings(run)
    named = every[:MOST_FINDINGS]
    view = View(run, [one.finding for one in named])
    consoles = console_data(view)
    ends = [console["pieces"][-1].at for console in consoles if console["pieces"]]
    return {
        "format": FORMAT,
        "lab": run.record.lab if run.record else importlib.metadata.version("peerlab"),
        "run": _run(run, named),
        "duration": moment(max([view.index.last_at, *ends])),
        "peers": [_peer(view.index, name) for name in run.peers],
        "checks": check_data(run),
        "findings": finding_data(view, named),
        "operations": operation_rows(view),
        "notices": [*notice_rows(view)],
        "messages": message_rows(view),
        "connections": connection_rows(view),
        "faults": [*_faults(view)],
        "sockets": [*socket_rows(view)],
        "lists": [*list_rows(view)],
        "marks": [*mark_rows(view)],
        "workloads": [*workload_rows(view)],
        "consoles": consoles,
        "figures": [*_figures(view.index)],
        "omitted": _omitted(view, consoles, len(every) - len(named)),
    }


def _omitted(view: View, consoles: Sequence[ConsoleData], findings: int) -> str:
    """Return what the page leaves out; empty if it has everything.

    Args:
        view: the run.
        consoles: as they are on the page.
        findings: how many of them it leaves out.
    """
    parts = [view.omitted] if view.omitted else []
    if not parts and any(console["cut"] for console in consoles):
        parts.append(
            "the consoles showed too much: what is far from findings and faults is left out"
        )
    if findings:
        parts.append(f"{count(findings, 'more finding')} left out")
    return "; ".join(parts)


def _run(run: Run, findings: Sequence[NamedFinding]) -> RunData:
    steps, first = WrittenSteps(run), findings[0].finding if findings else None
    at_end = first is not None and steps.is_about_the_end(first)
    nothing = f"no check had anything to judge: {run.nothing_judged}" if run.nothing_judged else ""
    return {
        "name": run.name,
        "why": at_length(run.why),
        "verdict": run.judgement.word,
        "headline": at_length(first.says) if first else nothing,
        "step": _step(steps, first) if first and not at_end else None,
        "at_end": at_end,
        "place": run.place,
        "started": run.record.started if run.record else "",
        "seconds": {kind: moment(seconds) for kind, seconds in run.seconds.items()},
        "machine": run.index.machine.summary,
        "error": at_length(run.broke_off),
        "folder": str(run.folder),
    }


def _step(steps: WrittenSteps, finding: Finding) -> StepData | None:
    """Return the step that a finding is about, or the last before it."""
    step = steps.of(finding)
    if not step:
        return None
    text = at_length(step.text)
    return {"file": step.file, "line": step.line, "text": text, "is_near": step.is_near}


def _peer(index: HistoryIndex, name: str) -> PeerData:
    ready = [entry for entry in index.marks("ready") if entry.peer == name]
    keys = ("address", "port")
    address = ":".join(str(ready[-1].fields.get(key, "?")) for key in keys) if ready else ""
    ends = [entry for entry in index.marks("ended") if entry.peer == name]
    several = index.incarnations.of(name)
    return {
        "name": name,
        "address": address,
        "program": index.program(name),
        "lives": [_life(one, ends if one is several[-1] else ()) for one in several],
    }


def _life(one: Incarnation, ends: Sequence[Entry]) -> LifeRow:
    how = [str(one.ending)] if one.ending in ("killed", "stopped") else []
    how += [ending(end) for end in ends[-1:] if end.text("state") != "running"]
    how = how or [str(one.ending)]
    until = None if one.ended is None else moment(one.ended)
    return LifeRow(moment(one.began), until, ": ".join(how))


def _faults(view: View) -> Iterator[FaultData]:
    for fault in view.index.faults:
        concerned = [fault.peer, *(name for link in fault.links for name in link)]
        yield {
            "name": fault.name,
            "kind": fault.kind,
            "says": at_length(fault.says),
            "from": moment(fault.began),
            "to": None if fault.until is None else moment(fault.until),
            "peers": view.peers(concerned),
            "links": [(view.peer(one), view.peer(other)) for one, other in fault.links],
            "proof": [*_proof(fault)],
            "status": proven(fault)[1],
            "operation": view.place(fault.given),
        }


def _proof(fault: FaultWindow) -> Iterator[str]:
    yield from map(at_length, measurements(fault.proofs))
    if fault.said:
        yield at_length(fault.said)


def _figures(index: HistoryIndex) -> Iterator[FiguresData]:
    at_consoles = (op for op in index.steps if op.peer and op.verb not in UNASKED)
    for one in figures_of_calls(map(call_of, at_consoles)):
        yield {
            "name": one.name,
            "ok": one.ok,
            "fail": one.fail,
            "open": one.open,
            "p50": _rounded(one.quantile(0.5)),
            "p99": _rounded(one.quantile(0.99)),
            "rate": round(one.rate, 3),
        }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else moment(seconds)
