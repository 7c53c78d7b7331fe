"""What to do about a verdict that is unknown."""

from __future__ import annotations

from orchestrator.checks.index.fault_windows import VERBS
from orchestrator.checks.judged_run import Run
from orchestrator.checks.verdict import Finding
from orchestrator.history import machine
from orchestrator.report.steps import operation_of

_UNREADABLE = "could not read"  # as `checks/phrases.py: unread` and the runner's outcomes say


def advice(run: Run, finding: Finding) -> str:
    """Return what may make certain what a finding leaves open, in a clause."""
    if machine.is_named(finding.says):
        return "run it again while the machine has less to do, or with fewer --jobs"
    if _UNREADABLE in finding.says:
        return "give the profile a pattern for that line; `peerlab profile test` tries patterns"
    operation = operation_of(run.index, finding)
    if operation and operation.verb in VERBS and operation.number == finding.operation:
        return f"`peerlab report {run.folder}` shows what was measured; then run it again"
    if run.broke_off:
        return "remove what ended the run, then run it again"
    return "await it with an `expect`, or give it more time: `limits: {settle: …}`"


def advice_if_idle(run: Run) -> str:
    """Return what to do about a run in which no check had anything to judge."""
    if run.index.idle == "every step was refused":
        return "see what the consoles said to the first step"
    return "add steps that say how they must end, such as `expect`"
